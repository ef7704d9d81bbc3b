with

source as (select * from {{ from_source('gathered', 'counts_source') }}),

final as (
    select territory, jurisdiction, measure, source, shape, instrument, valid_from, valid_to
    from source
)

select * from final
