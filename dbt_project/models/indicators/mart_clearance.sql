with

quotients as (select * from {{ ref('int_quotient') }}),

metrics as (select * from {{ source('declared', 'metric') }} where kind in ('clearance', 'disposition')),

periods as (
    select freq, period, {{ dbt.datediff('period_start', 'period_end', 'day') }} + 1 as days
    from {{ ref('dim_period') }}
),

measured as (
    select
        quotients.*,
        metrics.kind, metrics.per, metrics.unit_measure, metrics.interval_method, metrics.minimum_events,
        metrics.times,
        periods.days
    from quotients
    inner join metrics on quotients.metric = metrics.metric
    inner join periods on quotients.freq = periods.freq and quotients.period = periods.period
),

-- A side of the region that is missing, or from other territories than the other side, leaves no rate that could be
-- withheld.
possible as (
    select
        *,
        is_withheld
            and not (
                area_kind = 'region'
                and (
                    is_refused
                    or coalesce(upper_status, 'O') in ('O', 'L', 'M', 'K')
                    or coalesce(lower_status, 'O') in ('O', 'L', 'M', 'K')
                )
            ) as is_hidden
    from measured
),

-- Why there is no figure, in the order of tests/oracles/clearance.py: one side is missing, then the other, then the
-- denominator is zero. A rate of the region that would not be shown from so few territories is not withheld.
undefined as (
    select
        *,
        case
            when is_hidden and {{ is_of_too_few_territories('possible') }} then 'too_few_territories'
            when is_hidden then 'withheld'
            when is_other_reporters and is_withheld then 'reporters_differs'
            when is_refused and is_withheld then 'count_unit_differs'
            when numerator is null and coalesce(upper_status, 'O') <> 'Q'
                then case when upper_kind = 'stock' then 'stock_missing' else 'resolved_missing' end
            when denominator is null and coalesce(lower_status, 'O') <> 'Q'
                then case
                    when lower_kind = 'stock' then 'stock_missing'
                    when kind = 'disposition' then 'resolved_missing'
                    else 'incoming_missing'
                end
            when is_other_reporters then 'reporters_differs'
            when is_refused then 'count_unit_differs'
            when denominator = 0
                then case
                    when lower_kind = 'stock' then 'nothing_pending'
                    when kind = 'disposition' then 'no_resolved'
                    else 'no_incoming'
                end
            when {{ is_of_too_few_territories('possible') }} then 'too_few_territories'
            else ''
        end as undefined
    from possible
),

measurable as (
    select
        *,
        case when undefined = '' then interval_method else '' end as method
    from undefined
),

bounded as (
    {{ with_limits('measurable', 'method', 'numerator', 'denominator', 'dispersion') }}
),

final as (
    select
        metric, area_kind, area, territory, freq, period, offence_group, count_unit,
        upper_level as level,
        case
            when undefined = ''
                then per * numerator / denominator * case when times = 'days' then days else 1 end
        end as value,
        round(per * low, 6) as low,
        round(per * high, 6) as high,
        case when undefined = '' and interval_method <> '' then interval_basis else '' end as interval_basis,
        case when undefined = '' and interval_method <> '' then dispersion end as dispersion,
        unit_measure, numerator, denominator,
        cast(days as integer) as days,
        undefined,
        case
            when undefined = 'withheld' then 'withheld'
            when undefined = 'too_few_territories' then undefined
            when undefined <> '' then 'missing'
            else {{ few_state('numerator', 'denominator', 'minimum_events') }}
        end as state,
        is_allowed, reasons, numerator_card, denominator_card, breaks,
        case
            when undefined = 'withheld' then 'Q'
            when undefined = 'too_few_territories' then 'M'
            when undefined = 'reporters_differs' then 'O'
            when undefined = 'count_unit_differs' then 'M'
            when numerator is null and upper_status <> 'Q' then upper_status
            when denominator is null and lower_status <> 'Q' then lower_status
            when undefined <> '' then 'M'
            when upper_status <> 'A' then upper_status
            else lower_status
        end as obs_status,
        case when undefined = 'withheld' then 'C' else 'F' end as conf_status,
        n_reported, n_expected, reporters, left_out, flags
    from bounded
)

select * from final
