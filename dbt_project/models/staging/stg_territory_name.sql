with

source as (select * from {{ source('gathered', 'territory_name') }}),

final as (
    select
        territory, jurisdiction, language, name, footnote,
        cast(official as boolean) as is_official,
        cast(accepted_only as boolean) as is_accepted_only,
        valid_from, valid_to
    from source
)

select * from final
