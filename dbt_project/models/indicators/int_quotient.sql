-- The two sides of each ratio: which count is divided by which, for which area, by which counting rules, and with which
-- breaks between them. Nothing is divided here; the marts decide what a refusal means for a figure.
{%- set is_region_withheld = '(regions.is_upper_withheld or regions.is_lower_withheld)' %}
with

-- A batch has whole metrics, because a ratio with a lag needs counts of two periods.
operands as (select * from {{ ref('int_operand') }} where {{ in_batch('metric') }}),

metrics as (select * from {{ source('declared', 'metric') }} where kind in ('ratio', 'clearance', 'disposition')),

terms as (select * from {{ source('declared', 'metric_operand') }}),

periods as (
    select
        freq, period, period_start, period_end,
        case when freq = 'Q' then last_year * 4 + quarter else last_year end as place
    from {{ ref('dim_period') }}
),

cards as (select * from {{ ref('dim_counting_card_of') }}),

card_pairs as (select * from {{ ref('dim_card_pair') }}),

lags as (
    select area_kind, area, offence_group, numerator, denominator, freq, lag_periods
    from {{ source('records', 'record_lag') }}
    where lag_periods is not null
),

breaks as (select * from {{ source('declared', 'break') }}),

-- A ratio of stages divides one measure by one other.
measures as (
    select
        metric,
        max(case when side = 'numerator' then measure end) as numerator_measure,
        max(case when side = 'denominator' then measure end) as denominator_measure
    from terms
    group by metric
),

sides as (
    select
        operands.*,
        metrics.kind as metric_kind,
        metrics.is_nested,
        measures.numerator_measure,
        measures.denominator_measure,
        periods.place,
        periods.period_start,
        periods.period_end
    from operands
    inner join metrics on operands.metric = metrics.metric
    inner join measures on operands.metric = measures.metric
    inner join periods on operands.freq = periods.freq and operands.period = periods.period
),

uppers as (select * from sides where side = 'numerator'),

lowers as (select * from sides where side = 'denominator'),

-- How many whole periods the way between the stages takes, if the area's records show it. Decisions and their parts, such
-- as convictions among adjudications, fall on the same day and have no lag; pools of years have none either.
delays as (
    select
        uppers.metric, uppers.area_kind, uppers.area, uppers.freq, uppers.period, uppers.offence_group,
        uppers.count_unit, lags.lag_periods as lag
    from uppers
    inner join lags
        on uppers.area_kind = lags.area_kind
        and uppers.area = lags.area
        and uppers.offence_group = lags.offence_group
        and uppers.numerator_measure = lags.numerator
        and uppers.denominator_measure = lags.denominator
        and uppers.freq = lags.freq
    where uppers.metric_kind = 'ratio' and not uppers.is_nested and uppers.freq in ('Q', 'A')
),

-- Denominators of a numerator: that of the same period, and that of so many whole periods before. A lag of 0 is the same
-- period, and no second version of it.
wanted as (
    select
        uppers.metric, uppers.area_kind, uppers.area, uppers.freq, uppers.period, uppers.offence_group,
        uppers.count_unit, 'same_period' as version, 0 as lag,
        delays.metric is not null as is_lag_zero
    from uppers
    left join delays
        on uppers.metric = delays.metric
        and uppers.area_kind = delays.area_kind
        and uppers.area = delays.area
        and uppers.freq = delays.freq
        and uppers.period = delays.period
        and uppers.offence_group = delays.offence_group
        and uppers.count_unit = delays.count_unit
        and 0 = delays.lag
    union all
    select
        metric, area_kind, area, freq, period, offence_group, count_unit, 'lagged' as version, lag,
        false as is_lag_zero
    from delays
    where lag > 0
),

-- Units in which the denominator is counted: if it is only counted in others, the units differ.
units as (
    select metric, area_kind, area, freq, period, offence_group, count(*) as n_units
    from lowers
    group by metric, area_kind, area, freq, period, offence_group
),

paired as (
    select
        uppers.metric, uppers.metric_kind, uppers.area_kind, uppers.area, uppers.territory, uppers.freq, uppers.period,
        uppers.offence_group, uppers.count_unit, uppers.is_nested,
        wanted.version, wanted.lag, wanted.is_lag_zero,
        uppers.period_end,
        uppers.kind as upper_kind,
        lowers.kind as lower_kind,
        uppers.level as upper_level,
        lowers.level as lower_level,
        lowers.period as denominator_period,
        lowers.period_start as denominator_start,
        uppers.value as numerator,
        lowers.value as denominator,
        uppers.dispersion as upper_dispersion,
        lowers.dispersion as lower_dispersion,
        uppers.interval_basis as upper_basis,
        lowers.interval_basis as lower_basis,
        uppers.obs_status as upper_status,
        lowers.obs_status as lower_status,
        uppers.conf_status <> 'F' as is_upper_withheld,
        coalesce(lowers.conf_status, 'F') <> 'F' as is_lower_withheld,
        uppers.lacks_years or coalesce(lowers.lacks_years, false) as lacks_years,
        lowers.metric is null as is_other_unit,
        -- Of a total of the region that is withheld, the members are public.
        coalesce(uppers.reporters <> lowers.reporters, false)
            and (
                (uppers.value is not null and lowers.value is not null)
                or (
                    uppers.area_kind = 'region'
                    and (uppers.conf_status <> 'F' or lowers.conf_status <> 'F')
                    and 'L' not in (uppers.obs_status, lowers.obs_status)
                    -- A missing sum of several measures names the territories of one of them.
                    and (uppers.metric_kind = 'ratio' or 'O' not in (uppers.obs_status, lowers.obs_status))
                )
            ) as is_other_reporters,
        coalesce(uppers.age <> lowers.age and '_Z' not in (uppers.age, lowers.age), false) as is_other_age,
        coalesce(uppers.person_type <> lowers.person_type and '_Z' not in (uppers.person_type, lowers.person_type), false)
            as is_other_persons,
        uppers.age || '/' || coalesce(lowers.age, '') as ages,
        uppers.person_type || '/' || coalesce(lowers.person_type, '') as person_types,
        uppers.n_reported, uppers.n_expected, uppers.reporters,
        lowers.reporters as lower_reporters,
        {{ join_lists(['uppers.flags', 'lowers.flags']) }} as flags
    from uppers
    inner join wanted
        on uppers.metric = wanted.metric
        and uppers.area_kind = wanted.area_kind
        and uppers.area = wanted.area
        and uppers.freq = wanted.freq
        and uppers.period = wanted.period
        and uppers.offence_group = wanted.offence_group
        and uppers.count_unit = wanted.count_unit
    left join lowers
        on uppers.metric = lowers.metric
        and uppers.area_kind = lowers.area_kind
        and uppers.area = lowers.area
        and uppers.freq = lowers.freq
        and uppers.place - wanted.lag = lowers.place
        and uppers.offence_group = lowers.offence_group
        and uppers.count_unit = lowers.count_unit
    left join units
        on uppers.metric = units.metric
        and uppers.area_kind = units.area_kind
        and uppers.area = units.area
        and uppers.freq = units.freq
        and uppers.period = units.period
        and uppers.offence_group = units.offence_group
    where
        lowers.metric is not null
        or (uppers.metric_kind = 'ratio' and wanted.version = 'same_period' and units.n_units > 0)
),

-- The region, if its two totals have different members: over the members with both sides. A member that is in only one
-- of the totals, or whose side is not in the input, is listed with the reason. If a total is withheld, nothing is
-- summed, and a member whose own side is withheld counts as well.
members as (
    select
        regions.metric, regions.freq, regions.period, regions.offence_group, regions.count_unit, regions.version,
        members.area, members.numerator, members.denominator, members.flags, members.upper_dispersion,
        members.lower_dispersion, members.upper_basis, members.lower_basis,
        case
            when
                members.lacks_years
                or (
                    {{ is_region_withheld }}
                    and not (
                        {{ listed('members.area', 'regions.reporters') }}
                        and {{ listed('members.area', 'regions.lower_reporters') }}
                    )
                )
                then 'not_both_sides'
            when
                not {{ is_region_withheld }} and (members.is_upper_withheld or members.is_lower_withheld)
                then 'withheld'
            when
                not {{ is_region_withheld }} and (members.numerator is null or members.denominator is null)
                then 'not_both_sides'
            when members.is_other_reporters then 'reporters_differs'
            when members.ages <> regions.ages then 'juveniles_differs'
            when members.person_types <> regions.person_types then 'legal_persons_differs'
            else ''
        end as left_out
    from paired as regions
    inner join paired as members
        on regions.metric = members.metric
        and regions.freq = members.freq
        and regions.period = members.period
        and regions.offence_group = members.offence_group
        and regions.count_unit = members.count_unit
        and regions.version = members.version
        and (
            {{ listed('members.area', 'regions.reporters') }}
            or {{ listed('members.area', 'regions.lower_reporters') }}
        )
    where regions.area_kind = 'region' and regions.is_other_reporters and members.area_kind = 'territory'
),

common as (
    select
        metric, freq, period, offence_group, count_unit, version,
        sum(case when left_out = '' then numerator end) as numerator,
        sum(case when left_out = '' then denominator end) as denominator,
        {%- for side, value in [('upper', 'numerator'), ('lower', 'denominator')] %}
        {{ dispersion_of_sum(
            "case when left_out = '' then " ~ side ~ "_dispersion end", "case when left_out = '' then " ~ value ~ " end"
        ) }} as {{ side }}_dispersion,
        {{ basis_of_sum("case when left_out = '' then " ~ side ~ "_basis end") }} as {{ side }}_basis,
        {%- endfor %}
        cast(count(case when left_out = '' then 1 end) as integer) as n_reported,
        {{ union_lists("case when left_out = '' then area else '' end") }} as reporters,
        {{ union_lists("case when left_out <> '' then area || ':' || left_out else '' end") }} as left_out,
        {{ union_lists("case when left_out = '' then flags else '' end") }} as flags
    from members
    group by metric, freq, period, offence_group, count_unit, version
),

joint as (
    select
        paired.metric, paired.metric_kind, paired.area_kind, paired.area, paired.territory, paired.freq, paired.period,
        paired.offence_group, paired.count_unit, paired.is_nested, paired.version, paired.lag, paired.is_lag_zero,
        paired.period_end, paired.upper_kind,
        paired.lower_kind, paired.upper_level, paired.lower_level, paired.denominator_period,
        paired.denominator_start, paired.upper_status, paired.lower_status, paired.is_upper_withheld,
        paired.is_lower_withheld, paired.lacks_years, paired.is_other_unit, paired.is_other_age,
        paired.is_other_persons, paired.ages, paired.person_types, paired.n_expected,
        -- If a total is withheld, so is the sum of the members, and the other total has other members.
        {%- for column in ['numerator', 'denominator'] %}
        case
            when common.n_reported > 0 and (paired.is_upper_withheld or paired.is_lower_withheld) then null
            when common.n_reported > 0 then common.{{ column }}
            else paired.{{ column }}
        end as {{ column }},
        {%- endfor %}
        {%- for column in ['upper_dispersion', 'lower_dispersion', 'upper_basis', 'lower_basis'] %}
        case when common.n_reported > 0 then common.{{ column }} else paired.{{ column }} end as {{ column }},
        {%- endfor %}
        {%- for column, empty in [('n_reported', '0'), ('reporters', "''")] %}
        case
            when
                paired.area_kind = 'region' and paired.is_other_reporters
                and (paired.metric_kind = 'ratio' or paired.is_upper_withheld or paired.is_lower_withheld)
                then coalesce(common.{{ column }}, {{ empty }})
            when common.n_reported > 0 then common.{{ column }}
            else paired.{{ column }}
        end as {{ column }},
        {%- endfor %}
        paired.is_other_reporters and coalesce(common.n_reported, 0) = 0 as is_other_reporters,
        coalesce(common.left_out, '') as left_out,
        case
            when common.n_reported > 0
                then {{ join_lists([
                    'common.flags', "'common_reporters'",
                    "case when common.n_reported < paired.n_expected then 'partial' end",
                ]) }}
            else paired.flags
        end as flags
    from paired
    left join common
        on case when paired.area_kind = 'region' then paired.metric end = common.metric
        and paired.freq = common.freq
        and paired.period = common.period
        and paired.offence_group = common.offence_group
        and paired.count_unit = common.count_unit
        and paired.version = common.version
),

-- A break of either side between the first day of the denominator's period and the last of the numerator's affects the
-- ratio.
spans as (
    select distinct
        joint.metric, joint.area, joint.freq, joint.period, joint.denominator_start, joint.period_end,
        joint.offence_group, joint.reporters,
        terms.measure,
        case terms.side when 'numerator' then joint.upper_level else joint.lower_level end as level
    from joint
    inner join terms on joint.metric = terms.metric
),

broken as (
    select
        spans.metric, spans.area, spans.freq, spans.period, spans.denominator_start, spans.offence_group,
        spans.reporters,
        {{ union_lists('breaks.code') }} as breaks
    from spans
    inner join breaks on {{ break_between('breaks', 'spans', 'spans.denominator_start', 'spans.period_end') }}
    group by
        spans.metric, spans.area, spans.freq, spans.period, spans.denominator_start, spans.offence_group,
        spans.reporters
),

carded as (
    select
        joint.*,
        coalesce(upper_cards.card_id, '') as numerator_card,
        coalesce(lower_cards.card_id, '') as denominator_card,
        coalesce(broken.breaks, '') as breaks,
        coalesce(card_pairs.is_allowed, false) and not joint.is_other_unit and not joint.is_other_reporters as is_allowed,
        {{ join_lists([
            "case when joint.is_other_unit then 'count_unit_differs' when card_pairs.area is null then 'card_missing' else card_pairs.reasons end",
            "case when joint.is_other_reporters then 'reporters_differs' end",
            "case when joint.is_other_age then 'juveniles_differs' end",
            "case when joint.is_other_persons then 'legal_persons_differs' end",
            "case when broken.breaks <> '' then 'breaks_differs' end",
        ]) }} as reasons
    from joint
    left join card_pairs
        on joint.area = card_pairs.area
        and joint.freq = card_pairs.freq
        and joint.period = card_pairs.period
        and joint.count_unit = card_pairs.count_unit
        and joint.upper_level = card_pairs.upper_level
        and joint.lower_level = card_pairs.lower_level
    left join cards as upper_cards on {{ card_of('joint', 'upper_cards', 'upper_level') }}
    left join cards as lower_cards on {{ card_of('joint', 'lower_cards', 'lower_level', 'denominator_period') }}
    left join broken
        on joint.metric = broken.metric
        and joint.area = broken.area
        and joint.freq = broken.freq
        and joint.period = broken.period
        and joint.denominator_start = broken.denominator_start
        and joint.offence_group = broken.offence_group
        and joint.reporters = broken.reporters
),

final as (
    select
        carded.metric, carded.area_kind, carded.area, carded.territory, carded.freq, carded.period,
        carded.offence_group, carded.count_unit, carded.version,
        cast(carded.lag as integer) as lag,
        carded.is_lag_zero,
        carded.denominator_period, carded.upper_kind, carded.lower_kind, carded.upper_level, carded.lower_level,
        carded.numerator, carded.denominator, carded.upper_status, carded.lower_status,
        carded.is_upper_withheld or carded.is_lower_withheld as is_withheld,
        carded.lacks_years,
        carded.is_other_reporters,
        -- Refused outright: the two numbers cannot be related at all, not even with a label.
        carded.is_other_unit or carded.is_other_reporters or {{ listed("'count_unit_differs'", 'carded.reasons') }}
            as is_refused,
        carded.is_allowed, carded.reasons, carded.numerator_card, carded.denominator_card, carded.ages,
        carded.person_types, carded.breaks,
        -- The limits of a share take the dispersion of its whole: all persons of a case may have one outcome.
        case
            when carded.is_nested then carded.lower_dispersion
            else {{ dispersion_of_ratio(
                'carded.numerator', 'carded.upper_dispersion', 'carded.denominator', 'carded.lower_dispersion'
            ) }}
        end as dispersion,
        case
            when carded.is_nested then carded.lower_basis
            else {{ weaker_basis('carded.upper_basis', 'carded.lower_basis') }}
        end as interval_basis,
        carded.n_reported, carded.n_expected, carded.reporters, carded.left_out,
        case when carded.breaks <> '' then {{ join_lists(['carded.flags', "'break'"]) }} else carded.flags end as flags
    from carded
)

select * from final
