with

source as (select * from {{ from_source('gathered', 'card_pair') }}),

final as (
    select
        area, freq, period, count_unit, upper_level, lower_level, is_allowed, reasons
    from source
)

select * from final
