{{ config(materialized='view') }}

with

source as (select * from {{ from_source('dimensions', 'dim_counting_card_of') }}),

final as (
    select
        area, level, freq, period, count_unit, card_id
    from source
)

select * from final
