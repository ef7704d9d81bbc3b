with

source as (select * from {{ from_source('gathered', 'counting_rule') }}),

final as (
    select
        territory, jurisdiction, level, count_unit,
        cast(transferred_counted_again as boolean) as is_transfer_counted_again,
        valid_from, valid_to
    from source
)

select * from final
