with

source as (select * from {{ from_source('gathered', 'metric_operand') }}),

final as (
    select
        metric, side, position, measure, level, statistic
    from source
)

select * from final
