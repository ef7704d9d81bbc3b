with

metric_operands as (select * from {{ source('gathered', 'metric_operand') }}),

final as (
    select {{ declared_columns() }}
    from metric_operands
)

select * from final
