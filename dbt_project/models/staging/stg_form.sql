with

source as (select * from {{ from_source('gathered', 'form') }}),

final as (
    select form, series, territory, jurisdiction, instrument, source, freq, valid_from, valid_to
    from source
)

select * from final
