with

cards as (select * from {{ source('gathered', 'counting_card_of') }}),

periods as (select * from {{ ref('dim_period') }}),

-- Cards are gathered for every possible period; only periods in the warehouse are kept.
final as (
    select
        cards.area, cards.level, cards.freq, cards.period, cards.count_unit, cards.card_id
    from cards
    inner join periods on cards.freq = periods.freq and cards.period = periods.period
)

select * from final
