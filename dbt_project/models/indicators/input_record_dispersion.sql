{{ config(materialized='view') }}

with

source as (select * from {{ from_source('records', 'record_dispersion') }}),

final as (
    select
        area_kind, area, territory, source, offence_group, phi, basis, cases_band, is_public
    from source
)

select * from final
