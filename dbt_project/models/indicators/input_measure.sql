{{ config(materialized='view') }}

with

source as (select * from {{ from_source('dimensions', 'dim_measure') }}),

final as (
    select code, kind, level_rule, stage_order
    from source
)

select * from final
