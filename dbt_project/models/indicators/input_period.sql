{{ config(materialized='view') }}

with

source as (select * from {{ from_source('dimensions', 'dim_period') }}),

final as (
    select freq, period, first_year, last_year, quarter, period_start, period_end
    from source
)

select * from final
