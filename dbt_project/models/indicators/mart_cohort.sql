with

records as (select * from {{ ref('input_record_cohort') }}),

final as (
    select
        'cohort_' || stage as metric,
        area_kind, area, territory, source, offence_group, stage, freq, cohort, quarters,
        seen_quarters, statistic, unit_measure, value, low, high, n_band, obs_status, conf_status
    from records
)

select * from final
