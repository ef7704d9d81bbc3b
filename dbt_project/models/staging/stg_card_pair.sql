with

source as (select * from {{ from_source('gathered', 'card_pair') }}),

final as (
    select {{ declared_columns() }}
    from source
)

select * from final
