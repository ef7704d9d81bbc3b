with

source as (select * from {{ source('records', 'record_cohort') }}),

-- The convicted among the decided and among all are the same persons.
records as (
    select
        source.*,
        case
            when source.statistic = 'decided_ratio'
                then coalesce(
                    max(case when source.statistic = 'conviction_ratio' then source.value end) over (
                        partition by
                            source.area_kind, source.area, source.source, source.offence_group, source.stage, source.freq,
                            source.cohort, source.quarters
                    ),
                    source.value
                )
            else source.value
        end as share_of_all
    from source
),

bases as (select * from {{ ref('int_record_basis') }}),

final as (
    select
        'cohort_' || records.stage as metric,
        records.area_kind, records.area, records.territory, records.source, records.offence_group, records.stage,
        records.freq, records.cohort, records.quarters, records.seen_quarters, records.statistic,
        records.unit_measure, records.value, records.low, records.high, records.n_band,
        {{ record_state(
            'records.value', 'records.obs_status', 'records.n_band', 'records.share_of_all',
            whole="case when records.statistic = 'decided_ratio' and records.value > 0 then 100.0 * records.share_of_all / records.value else 100 end"
        ) }} as state,
        coalesce(bases.numerator_card, '') as numerator_card,
        coalesce(bases.denominator_card, '') as denominator_card,
        coalesce(bases.breaks, '') as breaks,
        records.obs_status, records.conf_status
    from records
    left join bases
        on {{ basis_of('records', "'cohort_' || records.stage", "records.cohort || '+' || cast(records.quarters as string)") }}
)

select * from final
