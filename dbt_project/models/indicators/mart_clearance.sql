with

operands as (select * from {{ ref('int_operand') }}),

metrics as (select * from {{ ref('input_metric') }} where kind in ('clearance', 'disposition')),

cards as (select * from {{ ref('input_card_pair') }}),

dispersions as (select * from {{ ref('input_record_dispersion') }} where basis = 'quasi_exact'),

periods as (
    select freq, period, {{ dbt.datediff('period_start', 'period_end', 'day') }} + 1 as days
    from {{ ref('input_period') }}
),

uppers as (select * from operands where side = 'numerator'),

lowers as (select * from operands where side = 'denominator'),

paired as (
    select
        metrics.metric, metrics.kind, metrics.per, metrics.unit_measure, metrics.interval_method,
        metrics.minimum_events, metrics.times,
        uppers.area_kind, uppers.area, uppers.territory, uppers.freq, uppers.period, uppers.offence_group,
        uppers.count_unit,
        uppers.kind as upper_kind,
        lowers.kind as lower_kind,
        uppers.value as numerator,
        lowers.value as denominator,
        uppers.obs_status as upper_status,
        lowers.obs_status as lower_status,
        uppers.conf_status as upper_conf,
        lowers.conf_status as lower_conf,
        uppers.level as upper_level,
        lowers.level as lower_level,
        periods.days,
        uppers.value is not null and lowers.value is not null and uppers.reporters <> lowers.reporters
            as is_other_reporters,
        uppers.age <> lowers.age and '_Z' not in (uppers.age, lowers.age) as is_other_age,
        uppers.person_type <> lowers.person_type and '_Z' not in (uppers.person_type, lowers.person_type)
            as is_other_persons,
        uppers.n_reported, uppers.n_expected, uppers.reporters,
        {{ join_lists(['uppers.flags', 'lowers.flags']) }} as flags
    from uppers
    inner join lowers
        on uppers.metric = lowers.metric
        and uppers.area_kind = lowers.area_kind
        and uppers.area = lowers.area
        and uppers.freq = lowers.freq
        and uppers.period = lowers.period
        and uppers.offence_group = lowers.offence_group
        and uppers.count_unit = lowers.count_unit
    inner join metrics on uppers.metric = metrics.metric
    inner join periods on uppers.freq = periods.freq and uppers.period = periods.period
),

carded as (
    select
        paired.*,
        coalesce(cards.is_allowed, false) and not paired.is_other_reporters as is_allowed,
        {{ join_lists([
            "case when cards.area is null then 'card_missing' else cards.reasons end",
            "case when paired.is_other_reporters then 'reporters_differs' end",
            "case when paired.is_other_age then 'juveniles_differs' end",
            "case when paired.is_other_persons then 'legal_persons_differs' end",
        ]) }} as reasons,
        coalesce(dispersions.phi, 1.0) as phi,
        {{ interval_basis('paired.count_unit', 'dispersions.phi') }} as basis
    from paired
    left join cards
        on paired.area = cards.area
        and paired.freq = cards.freq
        and paired.period = cards.period
        and paired.count_unit = cards.count_unit
        and paired.upper_level = cards.upper_level
        and paired.lower_level = cards.lower_level
    left join dispersions
        on paired.area_kind = dispersions.area_kind
        and paired.area = dispersions.area
        and paired.offence_group = dispersions.offence_group
        and paired.count_unit = 'person'
),

-- Why there is no figure, in the order of pipelines/statistics/clearance.py: what the one side is missing, then the
-- other, then that there is nothing to divide by.
undefined as (
    select
        *,
        case
            when upper_conf <> 'F' or lower_conf <> 'F' then 'withheld'
            when numerator is null then case when upper_kind = 'stock' then 'stock_missing' else 'resolved_missing' end
            when denominator is null
                then case
                    when lower_kind = 'stock' then 'stock_missing'
                    when kind = 'disposition' then 'resolved_missing'
                    else 'incoming_missing'
                end
            when is_other_reporters then 'reporters_differs'
            when (',' || reasons || ',') like '%,count_unit_differs,%' then 'count_unit_differs'
            when denominator = 0
                then case
                    when lower_kind = 'stock' then 'nothing_pending'
                    when kind = 'disposition' then 'no_resolved'
                    else 'no_incoming'
                end
            else ''
        end as undefined
    from carded
),

final as (
    select
        metric, area_kind, area, territory, freq, period, offence_group, count_unit,
        upper_level as level,
        case
            when undefined = ''
                then per * numerator / denominator * case when times = 'days' then days else 1 end
        end as value,
        case when undefined = '' then round(per * {{ limits_low('interval_method', 'numerator', 'denominator', 'phi') }}, 6) end as low,
        case when undefined = '' then round(per * {{ limits_high('interval_method', 'numerator', 'denominator', 'phi') }}, 6) end as high,
        case when undefined = '' and interval_method <> '' then basis else '' end as interval_basis,
        unit_measure, numerator, denominator,
        cast(days as integer) as days,
        undefined,
        case
            when undefined = 'withheld' then 'withheld'
            when undefined <> '' then 'missing'
            else {{ few_state('numerator', 'denominator', 'minimum_events') }}
        end as state,
        is_allowed, reasons,
        case
            when undefined = 'withheld' then 'Q'
            when numerator is null then upper_status
            when denominator is null then lower_status
            when undefined = 'reporters_differs' then 'O'
            when undefined <> '' then 'M'
            when upper_status <> 'A' then upper_status
            else lower_status
        end as obs_status,
        case when undefined = 'withheld' then 'C' else 'F' end as conf_status,
        n_reported, n_expected, reporters, flags
    from undefined
)

select * from final
