with

operands as (select * from {{ ref('int_operand') }}),

metrics as (select * from {{ source('declared', 'metric') }} where kind = 'decomposition'),

terms as (select * from {{ source('declared', 'metric_operand') }}),

periods as (select * from {{ ref('dim_period') }} where freq = 'A'),

breaks as (select * from {{ source('declared', 'break') }}),

cards as (select * from {{ ref('dim_counting_card_of') }}),

levels as (
    select
        metric,
        max(case when side = 'numerator' then level end) as upper_level,
        max(case when side = 'denominator' then level end) as lower_level
    from terms
    group by metric
),

years as (
    select
        operands.*,
        cast({{ period_year('operands.period') }} as integer) as year,
        metrics.minimum_events
    from operands
    inner join metrics on operands.metric = metrics.metric
    where operands.freq = 'A'
),

-- One area's four counts. Without the same persons and reporters in numerator and denominator of a year there is no
-- ratio to split.
counts as (
    select
        ratio.metric, ratio.area_kind, ratio.area, ratio.territory, ratio.offence_group, ratio.count_unit, ratio.year,
        ratio.period, ratio.minimum_events,
        ratio.value as numerator,
        volume.value as denominator,
        ratio.conf_status <> 'F' or volume.conf_status <> 'F' as is_withheld,
        ratio.value is not null and volume.value is not null as is_known,
        ratio.reporters,
        ratio.reporters = volume.reporters as is_same_reporters,
        ratio.age,
        volume.age as volume_age
    from years as ratio
    inner join years as volume
        on ratio.metric = volume.metric
        and ratio.area_kind = volume.area_kind
        and ratio.area = volume.area
        and ratio.offence_group = volume.offence_group
        and ratio.count_unit = volume.count_unit
        and ratio.year = volume.year
    where ratio.side = 'numerator' and volume.side = 'denominator'
),

changes as (
    select
        after.metric, after.area_kind, after.area, after.territory, after.offence_group, after.count_unit,
        after.period,
        before.period as previous_period,
        after.minimum_events,
        before.denominator as volume_before,
        before.numerator as count_before,
        after.denominator as volume_after,
        after.numerator as count_after,
        after.is_withheld or before.is_withheld as is_withheld,
        after.is_known and before.is_known as is_known,
        after.reporters as members,
        -- A region or territory whose reporters changed, and an office that began to count children, cannot be compared
        -- before and after.
        after.is_same_reporters and before.is_same_reporters and after.reporters = before.reporters
            and after.age = before.age and after.volume_age = before.volume_age as is_same
    from counts as after
    inner join counts as before
        on after.metric = before.metric
        and after.area_kind = before.area_kind
        and after.area = before.area
        and after.offence_group = before.offence_group
        and after.count_unit = before.count_unit
        and after.year = before.year + 1
),

standing as (
    select
        *,
        case
            when is_withheld then 'withheld'
            when not is_known then 'not_both_periods'
            when not is_same then 'reporters_differs'
            else ''
        end as left_out,
        is_known and not is_withheld and is_same
            and least(volume_before, count_before, volume_after, count_after) < minimum_events as is_small
    from changes
),

-- The region's own published totals are split like those of a territory, so that the change is that of its tables.
together as (
    select
        metric, area_kind, area, territory, offence_group, count_unit, period, previous_period, minimum_events,
        volume_before, count_before, volume_after, count_after, left_out,
        case when left_out <> '' then '' when area_kind = 'region' then members else area end as reporters,
        case when left_out = '' then '' else area || ':' || left_out end as areas_left_out,
        case when is_small then area else '' end as small
    from standing
),

judged as (
    select
        together.*,
        'A' as freq,
        levels.upper_level,
        levels.lower_level,
        left_out = '' and least(volume_before, count_before, volume_after, count_after) >= minimum_events as is_split
    from together
    inner join levels on together.metric = levels.metric
),

-- A break between the first day of the earlier year and the last of the later one affects the change.
spans as (
    select distinct
        judged.metric, judged.area, judged.period, judged.offence_group, judged.reporters, terms.measure, terms.level,
        befores.period_start, afters.period_end
    from judged
    inner join terms on judged.metric = terms.metric
    inner join periods as befores on judged.previous_period = befores.period
    inner join periods as afters on judged.period = afters.period
),

broken as (
    select
        spans.metric, spans.area, spans.period, spans.offence_group,
        {{ union_lists('breaks.code') }} as breaks
    from spans
    inner join breaks on {{ break_between('breaks', 'spans', 'spans.period_start', 'spans.period_end') }}
    group by spans.metric, spans.area, spans.period, spans.offence_group
),

told as (
    select
        judged.*,
        coalesce(upper_cards.card_id, '') as numerator_card,
        coalesce(lower_cards.card_id, '') as denominator_card,
        coalesce(broken.breaks, '') as breaks
    from judged
    left join cards as upper_cards on {{ card_of('judged', 'upper_cards', 'upper_level') }}
    left join cards as lower_cards on {{ card_of('judged', 'lower_cards', 'lower_level') }}
    left join broken
        on judged.metric = broken.metric
        and judged.area = broken.area
        and judged.period = broken.period
        and judged.offence_group = broken.offence_group
),

final as (
    select
        metric, area_kind, area, territory, freq, period, previous_period, offence_group, count_unit,
        volume_before, count_before, volume_after, count_after,
        case when left_out = '' then count_after - count_before end as change,
        case when is_split then {{ shapley_volume('volume_before', 'count_before', 'volume_after', 'count_after') }} end
            as volume_effect,
        case when is_split then {{ shapley_ratio('volume_before', 'count_before', 'volume_after', 'count_after') }} end
            as ratio_effect,
        case
            when left_out = 'withheld' then 'withheld'
            when left_out <> '' then 'missing'
            when is_split then 'enough'
            else 'too_few'
        end as state,
        reporters,
        areas_left_out as left_out,
        small, numerator_card, denominator_card, breaks,
        case when left_out = '' then 'A' when left_out = 'withheld' then 'Q' when left_out = 'reporters_differs' then 'M' else 'O' end
            as obs_status,
        case when left_out = 'withheld' then 'C' else 'F' end as conf_status
    from told
)

select * from final
