with

source as (select * from {{ from_source('gathered', 'card_comparability') }}),

final as (
    select {{ declared_columns() }}
    from source
)

select * from final
