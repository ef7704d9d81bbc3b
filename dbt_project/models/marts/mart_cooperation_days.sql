with

figures as (select * from {{ ref('mart_cooperation') }}),

bands as (select * from {{ ref('days_band') }}),

counted as (
    select
        {{ cooperation_book('figures.') }},
        figures.measure, figures.days_band,
        bands.lower_days, bands.upper_days,
        figures.value
    from figures
    inner join bands on figures.days_band = bands.code
    where bands.lower_days is not null
),

-- The whole are the requests whose days are known: if one band is missing, no share is known.
summed as (
    select
        *,
        case
            when
                count(value) over (partition by {{ cooperation_book() }}, measure)
                = count(*) over (partition by {{ cooperation_book() }}, measure)
                then sum(value) over (partition by {{ cooperation_book() }}, measure)
        end as total,
        sum(value) over (
            partition by {{ cooperation_book() }}, measure order by lower_days rows between unbounded preceding and current row
        ) as value_so_far
    from counted
),

final as (
    select
        *,
        case when total > 0 then 100.0 * value / total end as share,
        case when total > 0 then 100.0 * value_so_far / total end as share_so_far
    from summed
)

select * from final
