with

breaks as (select * from {{ source('gathered', 'break') }}),

final as (
    select {{ declared_columns() }}
    from breaks
)

select * from final
