with

breaks as (select * from {{ ref('stg_break') }}),

final as (
    select {{ declared_columns() }}
    from breaks
)

select * from final
