with

records as (select * from {{ source('records', 'record_pending') }}),

bases as (select * from {{ ref('int_record_basis') }}),

final as (
    select
        'pending_age_' || records.stage as metric,
        records.area_kind, records.area, records.territory, records.source, records.offence_group, records.stage,
        records.as_at, records.seen_from, records.statistic, records.unit_measure, records.value, records.low,
        records.high, records.n_band,
        {{ record_state('records.value', 'records.obs_status', 'records.n_band', share_of('records')) }} as state,
        coalesce(bases.numerator_card, '') as card_id,
        coalesce(bases.breaks, '') as breaks,
        records.obs_status, records.conf_status
    from records
    left join bases on {{ basis_of('records', "'pending_age_' || records.stage", "''") }}
)

select * from final
