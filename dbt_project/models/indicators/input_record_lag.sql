{{ config(materialized='view') }}

with

source as (select * from {{ from_source('records', 'record_lag') }}),

final as (
    select
        area_kind, area, territory, source, offence_group, stage, denominator, numerator, freq,
        lag_periods, median_days, is_public
    from source
)

select * from final
