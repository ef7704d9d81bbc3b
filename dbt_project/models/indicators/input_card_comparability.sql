{{ config(materialized='view') }}

with

source as (select * from {{ from_source('dimensions', 'dim_card_comparability') }}),

final as (
    select
        card_id_a, card_id_b, measure, score, reasons
    from source
)

select * from final
