with

source as (select * from {{ source('gathered', 'jurisdiction') }}),

final as (
    select
        code as jurisdiction,
        territory,
        cast(is_whole as boolean) as is_whole,
        cast(part_of_total as boolean) as is_part_of_total
    from source
)

select * from final
