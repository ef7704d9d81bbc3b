with

source as (select * from {{ from_source('gathered', 'metric_operand') }}),

final as (
    select {{ declared_columns() }}
    from source
)

select * from final
