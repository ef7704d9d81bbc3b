with

totals as (select * from {{ ref('int_total') }} where victim_status = '_Z'),

metrics as (select * from {{ source('declared', 'metric') }} where kind = 'exit'),

measures as (select * from {{ ref('measure') }} where kind = 'exit'),

breaks as (select * from {{ ref('int_break') }}),

cards as (select * from {{ ref('dim_counting_card_of') }}),

exits as (
    select
        totals.*,
        coalesce(breaks.breaks, '') as breaks
    from totals
    inner join measures on totals.measure = measures.code
    left join breaks on {{ breaks_of('totals') }}
    where totals.statistic = 'count' and totals.obs_status <> 'L'
),

-- All exits of a level: the kinds of exit that the office reports. There is no total if one of them is missing,
-- withheld, or has other persons or reporters than the rest.
wholes as (
    select
        area_kind, area, freq, period, offence_group, level, count_unit,
        {{ sum_value() }} as value,
        {{ sum_status() }} as obs_status,
        coalesce(max(case when conf_status <> 'F' then conf_status end), 'F') as conf_status,
        min(age) = max(age) and min(person_type) = max(person_type) and min(reporters) = max(reporters) as is_one_scope,
        {{ dispersion_of_sum() }} as dispersion,
        {{ basis_of_sum() }} as interval_basis,
        {{ union_lists('measure') }} as kinds,
        {{ union_lists('breaks') }} as breaks
    from exits
    group by area_kind, area, freq, period, offence_group, level, count_unit
),

counted as (
    select
        metrics.metric, metrics.per, metrics.unit_measure, metrics.interval_method, metrics.minimum_events,
        metrics.denominator_of <> '' as is_share,
        exits.*,
        wholes.value as whole,
        wholes.obs_status as whole_status,
        wholes.conf_status as whole_conf,
        wholes.is_one_scope,
        wholes.kinds,
        case when metrics.denominator_of <> '' then wholes.breaks else exits.breaks end as breaks_within,
        coalesce(cards.card_id, '') as card_id,
        case when metrics.denominator_of <> '' then wholes.dispersion else exits.dispersion end as phi,
        case when metrics.denominator_of <> '' then wholes.interval_basis else exits.interval_basis end as basis
    from exits
    inner join metrics
        on {{ listed('exits.freq', 'metrics.freqs') }}
        and (metrics.count_units = '' or {{ listed('exits.count_unit', 'metrics.count_units') }})
    inner join wholes
        on exits.area_kind = wholes.area_kind
        and exits.area = wholes.area
        and exits.freq = wholes.freq
        and exits.period = wholes.period
        and exits.offence_group = wholes.offence_group
        and exits.level = wholes.level
        and exits.count_unit = wholes.count_unit
    left join cards on {{ card_of('exits') }}
),

stated as (
    select
        *,
        case
            when conf_status <> 'F' or (is_share and whole_conf <> 'F') then 'Q'
            when not is_share then obs_status
            when value is null then obs_status
            when not is_one_scope then 'O'
            when whole is null then whole_status
            when whole = 0 then 'M'
            when obs_status <> 'A' then obs_status
            else whole_status
        end as figure_status
    from counted
),

-- A figure of the region that would not be shown from so few territories is not withheld either.
judged as (
    select
        *,
        figure_status not in ('O', 'L', 'M', 'K') and {{ is_of_too_few_territories('stated') }} as is_of_too_few
    from stated
),

measured as (
    select
        *,
        figure_status not in ('Q', 'O', 'L', 'M', 'K') and not is_of_too_few as is_known,
        case
            when figure_status not in ('Q', 'O', 'L', 'M', 'K') and not is_of_too_few then interval_method else ''
        end as method,
        case when is_share and whole_conf = 'F' and is_one_scope then whole end as denominator
    from judged
),

bounded as (
    {{ with_limits('measured', 'method', 'value', 'denominator', 'phi') }}
),

final as (
    select
        metric, area_kind, area, territory, freq, period, offence_group, count_unit, level, measure,
        case when is_known then case when is_share then per * value / denominator else value end end as value,
        round(per * low, 6) as low,
        round(per * high, 6) as high,
        case when is_known then basis else '' end as interval_basis,
        unit_measure,
        value as numerator,
        denominator,
        kinds,
        case
            when is_of_too_few then 'too_few_territories'
            when figure_status = 'Q' then 'withheld'
            when not is_known then 'missing'
            when is_share then {{ few_state_of_share('value', 'denominator', 'minimum_events') }}
            else {{ few_state('value', 'value', 'minimum_events') }}
        end as state,
        case when is_of_too_few then 'M' else figure_status end as obs_status,
        case when figure_status = 'Q' and not is_of_too_few then 'C' else 'F' end as conf_status,
        age, card_id,
        breaks_within as breaks,
        n_reported, n_expected, reporters,
        {{ join_lists([
            'flags', "case when breaks_within <> '' then 'break' end",
            "case when is_of_too_few then 'too_few_territories' end",
        ]) }} as flags
    from bounded
)

select * from final
