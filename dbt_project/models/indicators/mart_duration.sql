with

records as (select * from {{ ref('input_record_duration') }}),

final as (
    select
        'duration_' || stage as metric,
        area_kind, area, territory, source, offence_group, stage, freq, entered, statistic,
        unit_measure, value, low, high, n_band, seen_from, seen_until, obs_status, conf_status
    from records
)

select * from final
