with

cards as (select * from {{ source('gathered', 'counting_card_of') }}),

periods as (select * from {{ ref('dim_period') }}),

-- Gathered for every period that may come; kept for those that the warehouse has.
final as (
    select
        cards.area, cards.level, cards.freq, cards.period, cards.count_unit, cards.card_id
    from cards
    inner join periods on cards.freq = periods.freq and cards.period = periods.period
)

select * from final
