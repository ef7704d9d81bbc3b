with

source as (select * from {{ source('gathered', 'population') }}),

final as (
    select
        territory, jurisdiction,
        cast(year as integer) as year,
        cast(population as bigint) as population,
        series, vintage, status, reference_date, source_url, caveat
    from source
)

select * from final
