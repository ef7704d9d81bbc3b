with

pairs as (select * from {{ source('gathered', 'card_pair') }}),

periods as (select * from {{ ref('dim_period') }}),

-- Gathered for every period that may come; kept for those that the warehouse has.
final as (
    select
        pairs.area, pairs.freq, pairs.period, pairs.count_unit, pairs.upper_level, pairs.lower_level,
        pairs.is_allowed, pairs.reasons
    from pairs
    inner join periods on pairs.freq = periods.freq and pairs.period = periods.period
)

select * from final
