with

source as (select * from {{ from_source('gathered', 'break') }}),

final as (
    select {{ declared_columns() }}
    from source
)

select * from final
