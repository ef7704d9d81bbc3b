with

scores as (select * from {{ ref('stg_card_comparability') }}),

final as (
    select {{ declared_columns() }}
    from scores
)

select * from final
