with

records as (select * from {{ ref('input_record_pending') }}),

final as (
    select
        'pending_age_' || stage as metric,
        area_kind, area, territory, source, offence_group, stage, as_at, seen_from, statistic,
        unit_measure, value, low, high, n_band, obs_status, conf_status
    from records
)

select * from final
