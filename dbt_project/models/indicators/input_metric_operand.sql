{{ config(materialized='view') }}

with

source as (select * from {{ from_source('dimensions', 'dim_metric_operand') }}),

final as (
    select
        metric, side, position, measure, level, statistic
    from source
)

select * from final
