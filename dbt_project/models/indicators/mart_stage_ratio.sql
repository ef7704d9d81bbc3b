with

operands as (select * from {{ ref('int_operand') }}),

metrics as (select * from {{ ref('input_metric') }} where kind = 'ratio'),

periods as (
    select
        freq, period, period_start, period_end,
        case when freq = 'Q' then last_year * 4 + quarter else last_year end as place
    from {{ ref('input_period') }}
),

cards as (select * from {{ ref('input_card_pair') }}),

lags as (
    select area_kind, area, offence_group, numerator, denominator, freq, lag_periods
    from {{ ref('input_record_lag') }}
    where lag_periods is not null
),

dispersions as (select * from {{ ref('input_record_dispersion') }} where basis = 'quasi_exact'),

cohorts as (select * from {{ ref('int_cohort_ratio') }}),

breaks as (select * from {{ ref('input_break') }}),

-- Each metric divides one measure by one other.
measures as (
    select
        metric,
        max(case when side = 'numerator' then measure end) as numerator_measure,
        max(case when side = 'denominator' then measure end) as denominator_measure
    from {{ ref('input_metric_operand') }}
    group by metric
),

sides as (
    select
        operands.*,
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

-- Which denominators a numerator is divided by: that of its own period, and where the area's records say how long the
-- way from one to the other takes, that of so many whole periods before. Decisions and what is part of them, such as
-- convictions of adjudications, fall on one day: they have no lag. Nor have pools of years.
wanted as (
    select metric, area_kind, area, freq, period, offence_group, count_unit, 'same_period' as version, 0 as lag
    from uppers
    union all
    select
        uppers.metric, uppers.area_kind, uppers.area, uppers.freq, uppers.period, uppers.offence_group,
        uppers.count_unit, 'lagged' as version, lags.lag_periods as lag
    from uppers
    inner join lags
        on uppers.area_kind = lags.area_kind
        and uppers.area = lags.area
        and uppers.offence_group = lags.offence_group
        and uppers.numerator_measure = lags.numerator
        and uppers.denominator_measure = lags.denominator
        and uppers.freq = lags.freq
    where not uppers.is_nested and uppers.freq in ('Q', 'A')
),

-- Units in which the denominator is counted at all: where it is so only in others, the units differ.
units as (
    select metric, area_kind, area, freq, period, offence_group, count(*) as n_units
    from lowers
    group by metric, area_kind, area, freq, period, offence_group
),

paired as (
    select
        uppers.metric, uppers.area_kind, uppers.area, uppers.territory, uppers.freq, uppers.period,
        uppers.offence_group, uppers.count_unit, uppers.is_nested,
        wanted.version, wanted.lag,
        uppers.period_end,
        uppers.numerator_measure as upper_measure,
        uppers.denominator_measure as lower_measure,
        uppers.level as upper_level,
        lowers.level as lower_level,
        lowers.period as denominator_period,
        lowers.period_start as denominator_start,
        uppers.value as numerator,
        lowers.value as denominator,
        uppers.obs_status as upper_status,
        lowers.obs_status as lower_status,
        uppers.conf_status as upper_conf,
        lowers.conf_status as lower_conf,
        lowers.metric is null as is_other_unit,
        coalesce(uppers.reporters <> lowers.reporters, false)
            and uppers.value is not null and lowers.value is not null as is_other_reporters,
        coalesce(uppers.age <> lowers.age and '_Z' not in (uppers.age, lowers.age), false) as is_other_age,
        coalesce(uppers.person_type <> lowers.person_type and '_Z' not in (uppers.person_type, lowers.person_type), false)
            as is_other_persons,
        uppers.n_reported, uppers.n_expected, uppers.reporters,
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
    where lowers.metric is not null or (wanted.version = 'same_period' and units.n_units > 0)
),

-- A break of either side between the first day of the denominator's period and the last of the numerator's lies under
-- the ratio.
spans as (
    {%- for side in ['upper', 'lower'] %}
    select distinct
        area, freq, period, denominator_start, period_end, offence_group, reporters, metric,
        {{ side }}_measure as measure, {{ side }}_level as level
    from paired
    {{ 'union all' if not loop.last }}
    {%- endfor %}
),

broken as (
    select distinct spans.metric, spans.area, spans.freq, spans.period, spans.denominator_start, spans.offence_group
    from spans
    inner join breaks on {{ break_between('breaks', 'spans', 'spans.denominator_start', 'spans.period_end') }}
),

carded as (
    select
        paired.*,
        coalesce(cards.is_allowed, false) and not paired.is_other_unit and not paired.is_other_reporters as is_allowed,
        {{ join_lists([
            "case when paired.is_other_unit then 'count_unit_differs' when cards.area is null then 'card_missing' else cards.reasons end",
            "case when paired.is_other_reporters then 'reporters_differs' end",
            "case when paired.is_other_age then 'juveniles_differs' end",
            "case when paired.is_other_persons then 'legal_persons_differs' end",
            "case when broken.area is not null then 'breaks_differs' end",
        ]) }} as reasons
    from paired
    left join cards
        on paired.area = cards.area
        and paired.freq = cards.freq
        and paired.period = cards.period
        and paired.count_unit = cards.count_unit
        and paired.upper_level = cards.upper_level
        and paired.lower_level = cards.lower_level
    left join broken
        on paired.metric = broken.metric
        and paired.area = broken.area
        and paired.freq = broken.freq
        and paired.period = broken.period
        and paired.denominator_start = broken.denominator_start
        and paired.offence_group = broken.offence_group
),

judged as (
    select
        *,
        -- Refused outright: nothing that the two numbers say of each other can be told, not even with a label.
        is_other_unit or is_other_reporters or (',' || reasons || ',') like '%,count_unit_differs,%' as is_refused
    from carded
),

stated as (
    select
        *,
        case
            when upper_conf <> 'F' or coalesce(lower_conf, 'F') <> 'F' then 'Q'
            when is_other_reporters then 'O'
            when is_refused then 'M'
            when numerator is null then upper_status
            when denominator is null then lower_status
            when denominator = 0 then 'M'
            when upper_status <> 'A' then upper_status
            else lower_status
        end as obs_status
    from judged
),

measured as (
    select
        stated.*,
        metrics.per,
        metrics.unit_measure,
        metrics.interval_method,
        metrics.minimum_events,
        stated.obs_status not in ('Q', 'O', 'L', 'M', 'K') as is_known,
        coalesce(dispersions.phi, 1.0) as phi,
        {{ interval_basis('stated.count_unit', 'dispersions.phi') }} as basis
    from stated
    inner join metrics on stated.metric = metrics.metric
    left join dispersions
        on stated.area_kind = dispersions.area_kind
        and stated.area = dispersions.area
        and stated.offence_group = dispersions.offence_group
        and stated.count_unit = 'person'
),

figures as (
    select
        metric, area_kind, area, territory, freq, period, offence_group, count_unit, version,
        case when is_known then per * numerator / denominator end as value,
        case when is_known then round(per * {{ limits_low('interval_method', 'numerator', 'denominator', 'phi') }}, 6) end as low,
        case when is_known then round(per * {{ limits_high('interval_method', 'numerator', 'denominator', 'phi') }}, 6) end as high,
        case when is_known then basis else '' end as interval_basis,
        unit_measure, numerator, denominator, lag,
        case when lower_conf is null then cast(null as varchar) else denominator_period end as denominator_period,
        case
            when obs_status = 'Q' then 'withheld'
            when not is_known then 'missing'
            else {{ few_state('numerator', 'denominator', 'minimum_events') }}
        end as state,
        obs_status,
        case when obs_status = 'Q' then 'C' else 'F' end as conf_status,
        is_nested, is_allowed, reasons,
        case when is_known and numerator > denominator
            then {{ join_lists(['flags', "'over_100'"]) }} else flags end as flags,
        n_reported, n_expected, reporters
    from measured
    union all
    select
        metric, area_kind, area, territory, freq, period, offence_group, count_unit, 'cohort' as version,
        value, low, high, interval_basis, unit_measure, cast(null as double) as numerator,
        cast(null as double) as denominator, cast(null as integer) as lag,
        period as denominator_period, state, obs_status, conf_status, false as is_nested,
        is_complete as is_allowed,
        case when is_complete then '' else 'cohort_open' end as reasons,
        '' as flags, 1 as n_reported, 1 as n_expected, area as reporters
    from cohorts
),

-- The default, by what is known of the method and never by what it gives: see docs/methodology/ratios.md.
ranked as (
    select
        *,
        row_number() over (
            partition by metric, area_kind, area, freq, period, offence_group, count_unit
            order by
                case when is_allowed then 0 else 1 end,
                case version when 'cohort' then 0 when 'lagged' then 1 else 2 end
        ) as rank_of_version,
        first_value(
            case
                when not is_allowed then 'refused'
                when is_nested then 'nested'
                when version = 'cohort' then 'cohort_complete'
                when version = 'lagged' then 'lag_known'
                else 'no_lag'
            end
        ) over (
            partition by metric, area_kind, area, freq, period, offence_group, count_unit
            order by
                case when is_allowed then 0 else 1 end,
                case version when 'cohort' then 0 when 'lagged' then 1 else 2 end
        ) as default_rule
    from figures
),

final as (
    select
        metric, area_kind, area, territory, freq, period, offence_group, count_unit, version,
        value, low, high, interval_basis, unit_measure, numerator, denominator,
        cast(lag as integer) as lag, denominator_period, state,
        rank_of_version = 1 and is_allowed as is_default,
        default_rule, is_allowed, reasons, obs_status, conf_status, n_reported, n_expected, reporters, flags
    from ranked
)

select * from final
