{{ config(materialized='view') }}

with

source as (select * from {{ from_source('dimensions', 'dim_population') }}),

final as (
    select area, territory, year, population, population_year, is_carried_forward
    from source
)

select * from final
