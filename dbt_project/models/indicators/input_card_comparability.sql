{{ config(materialized='view') }}

with

source as (select * from {{ from_source('dimensions', 'dim_card_comparability') }}),

final as (
    select {{ declared_columns() }}
    from source
)

select * from final
