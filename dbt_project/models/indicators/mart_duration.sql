with

records as (select * from {{ source('records', 'record_duration') }}),

bases as (select * from {{ ref('int_record_basis') }}),

final as (
    select
        'duration_' || records.stage as metric,
        records.area_kind, records.area, records.territory, records.source, records.offence_group, records.stage,
        records.freq, records.entered, records.statistic, records.unit_measure, records.value, records.low,
        records.high, records.n_band,
        {{ record_state('records.value', 'records.obs_status', 'records.n_band', share_of('records')) }} as state,
        records.seen_from, records.seen_until,
        coalesce(bases.numerator_card, '') as numerator_card,
        coalesce(bases.denominator_card, '') as denominator_card,
        coalesce(bases.breaks, '') as breaks,
        records.obs_status, records.conf_status
    from records
    left join bases on {{ basis_of('records', "'duration_' || records.stage", 'records.entered') }}
)

select * from final
