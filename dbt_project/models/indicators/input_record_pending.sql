{{ config(materialized='view') }}

with

source as (select * from {{ from_source('records', 'record_pending') }}),

final as (
    select
        area_kind, area, territory, source, offence_group, stage, as_at, seen_from, statistic,
        unit_measure, value, low, high, n_band, obs_status, conf_status
    from source
)

select * from final
