{{ config(materialized='view') }}

with

source as (select * from {{ from_source('records', 'record_sentence') }}),

final as (
    select
        area_kind, area, territory, source, offence_group, level, freq, period, sentence_type,
        sentence_band, statistic, unit_measure, value, low, high, statutory_min, statutory_max,
        n_band, obs_status, conf_status
    from source
)

select * from final
