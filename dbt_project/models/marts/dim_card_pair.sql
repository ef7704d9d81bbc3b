with

pairs as (select * from {{ source('gathered', 'card_pair') }}),

periods as (select * from {{ ref('dim_period') }}),

-- Cards are gathered for every possible period; only periods in the warehouse are kept.
final as (
    select
        pairs.area, pairs.freq, pairs.period, pairs.count_unit, pairs.upper_level, pairs.lower_level,
        pairs.is_allowed, pairs.reasons
    from pairs
    inner join periods on pairs.freq = periods.freq and pairs.period = periods.period
)

select * from final
