with

metric_operands as (select * from {{ ref('stg_metric_operand') }}),

final as (
    select
        metric, side, position, measure, level, statistic
    from metric_operands
)

select * from final
