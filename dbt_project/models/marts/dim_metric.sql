with

metrics as (select * from {{ ref('stg_metric') }}),

final as (
    select {{ declared_columns() }}
    from metrics
)

select * from final
