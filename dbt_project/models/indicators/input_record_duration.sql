{{ config(materialized='view') }}

with

source as (select * from {{ from_source('records', 'record_duration') }}),

final as (
    select
        area_kind, area, territory, source, offence_group, stage, freq, entered, statistic,
        unit_measure, value, low, high, n_band, seen_from, seen_until, obs_status, conf_status
    from source
)

select * from final
