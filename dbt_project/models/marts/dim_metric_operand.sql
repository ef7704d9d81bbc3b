with

metric_operands as (select * from {{ ref('stg_metric_operand') }}),

final as (
    select {{ declared_columns() }}
    from metric_operands
)

select * from final
