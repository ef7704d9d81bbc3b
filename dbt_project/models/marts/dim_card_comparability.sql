with

scores as (select * from {{ source('gathered', 'card_comparability') }}),

final as (
    select {{ declared_columns() }}
    from scores
)

select * from final
