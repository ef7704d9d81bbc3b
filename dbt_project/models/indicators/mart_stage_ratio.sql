with

quotients as (select * from {{ ref('int_quotient') }}),

metrics as (select * from {{ source('declared', 'metric') }} where kind = 'ratio'),

cohorts as (select * from {{ ref('int_cohort_ratio') }}),

stated as (
    select
        quotients.*,
        metrics.is_nested, metrics.per, metrics.unit_measure, metrics.interval_method, metrics.minimum_events,
        -- A side that is not collected, or that lacks years of a pool, leaves no ratio that could be withheld.
        -- The same applies to the region if no member has both sides, or if they are counted in different units.
        case
            when upper_status = 'L' or lower_status = 'L' then 'L'
            when lacks_years then 'O'
            when is_withheld and not (area_kind = 'region' and is_refused) then 'Q'
            when is_other_reporters then 'O'
            when is_refused then 'M'
            when numerator is null then upper_status
            when denominator is null then lower_status
            when denominator = 0 then 'M'
            when upper_status <> 'A' then upper_status
            else lower_status
        end as obs_status
    from quotients
    inner join metrics on quotients.metric = metrics.metric
),

-- A figure of the region that would not be shown from so few members is not withheld, even if one of its sides is.
judged as (
    select
        *,
        obs_status not in ('O', 'L', 'M', 'K') and {{ is_of_too_few_territories('stated') }} as is_of_too_few
    from stated
),

measured as (
    select
        *,
        obs_status not in ('Q', 'O', 'L', 'M', 'K') and not is_of_too_few as is_known,
        case
            when obs_status not in ('Q', 'O', 'L', 'M', 'K') and not is_of_too_few then interval_method else ''
        end as method
    from judged
),

bounded as (
    {{ with_limits('measured', 'method', 'numerator', 'denominator', 'dispersion') }}
),

figures as (
    select
        metric, area_kind, area, territory, freq, period, offence_group, count_unit, version,
        case when is_known then per * numerator / denominator end as value,
        round(per * low, 6) as low,
        round(per * high, 6) as high,
        case when is_known then interval_basis else '' end as interval_basis,
        case when is_known then dispersion end as dispersion,
        unit_measure, numerator, denominator, lag, denominator_period,
        case
            when is_of_too_few then 'too_few_territories'
            when obs_status = 'Q' then 'withheld'
            when not is_known then 'missing'
            when is_nested then {{ few_state_of_share('numerator', 'denominator', 'minimum_events') }}
            else {{ few_state('numerator', 'denominator', 'minimum_events') }}
        end as state,
        case when is_of_too_few then 'M' else obs_status end as obs_status,
        case when obs_status = 'Q' and not is_of_too_few then 'C' else 'F' end as conf_status,
        is_nested, is_lag_zero, is_allowed,
        case
            when is_of_too_few then {{ join_lists(['reasons', "'too_few_territories'"]) }}
            else reasons
        end as reasons,
        numerator_card, denominator_card, ages, person_types, breaks, n_reported, n_expected, reporters, left_out,
        case when is_known and numerator > denominator
            then {{ join_lists(['flags', "'over_100'"]) }} else flags end as flags
    from bounded
    union all
    select
        metric, area_kind, area, territory, freq, period, offence_group, count_unit, 'cohort' as version,
        value, low, high, interval_basis, cast(null as double) as dispersion, unit_measure,
        cast(null as double) as numerator, cast(null as double) as denominator, cast(null as integer) as lag,
        period as denominator_period, state, obs_status, conf_status, false as is_nested, false as is_lag_zero,
        is_complete as is_allowed,
        case when is_complete then '' else 'cohort_open' end as reasons,
        '' as numerator_card, '' as denominator_card, '' as ages, '' as person_types, '' as breaks,
        1 as n_reported, 1 as n_expected, area as reporters, '' as left_out, '' as flags
    from cohorts
),

-- The default depends on the method and never on the result: see docs/methodology/ratios.md.
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
                when is_lag_zero then 'lag_zero'
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
        value, low, high, interval_basis, dispersion, unit_measure, numerator, denominator, lag, denominator_period,
        state,
        rank_of_version = 1 and is_allowed as is_default,
        default_rule, is_allowed, reasons, numerator_card, denominator_card, ages, person_types, breaks, obs_status,
        conf_status, n_reported, n_expected, reporters, left_out, flags
    from ranked
)

select * from final
