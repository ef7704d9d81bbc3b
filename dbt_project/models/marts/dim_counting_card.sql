with

cards as (select * from {{ ref('stg_counting_card') }}),

final as (
    select {{ declared_columns() }}
    from cards
)

select * from final
