with

scores as (select * from {{ ref('stg_card_comparability') }}),

final as (
    select
        card_id_a, card_id_b, measure, score, reasons
    from scores
)

select * from final
