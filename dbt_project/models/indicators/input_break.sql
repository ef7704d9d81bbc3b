{{ config(materialized='view') }}

with

source as (select * from {{ from_source('dimensions', 'dim_break') }}),

final as (
    select
        area, of_area, territory, kind, code, first_period, first_day, last_day, offence_group, level, measure,
        words, detail, text, status
    from source
)

select * from final
