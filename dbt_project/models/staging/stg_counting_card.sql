with

source as (select * from {{ from_source('gathered', 'counting_card') }}),

final as (
    select {{ declared_columns() }}
    from source
)

select * from final
