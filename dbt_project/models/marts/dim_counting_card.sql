with

cards as (select * from {{ source('gathered', 'counting_card') }}),

final as (
    select {{ declared_columns() }}
    from cards
)

select * from final
