with

source as (select * from {{ source('gathered', 'territory') }}),

final as (
    select
        code as territory,
        kind,
        cast(sort as integer) as sort
    from source
)

select * from final
