with

metrics as (select * from {{ source('gathered', 'metric') }}),

final as (
    select {{ declared_columns() }}
    from metrics
)

select * from final
