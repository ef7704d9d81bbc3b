with

records as (select * from {{ ref('input_record_cohort') }}),

bases as (select * from {{ ref('int_record_basis') }}),

final as (
    select
        'cohort_' || records.stage as metric,
        records.area_kind, records.area, records.territory, records.source, records.offence_group, records.stage,
        records.freq, records.cohort, records.quarters, records.seen_quarters, records.statistic,
        records.unit_measure, records.value, records.low, records.high, records.n_band,
        coalesce(bases.numerator_card, '') as numerator_card,
        coalesce(bases.denominator_card, '') as denominator_card,
        coalesce(bases.breaks, '') as breaks,
        records.obs_status, records.conf_status
    from records
    left join bases
        on {{ basis_of('records', "'cohort_' || records.stage", "records.cohort || '+' || cast(records.quarters as varchar)") }}
)

select * from final
