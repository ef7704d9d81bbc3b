with

records as (select * from {{ source('records', 'record_sentence') }}),

counts as (select * from {{ ref('cell') }}),

bases as (select * from {{ ref('int_record_basis') }}),

-- If a count by principal sanction is withheld, a share of the same persons would disclose it through their total.
withheld_counts as (
    select distinct area_kind, area, offence_group, level, freq, period
    from counts
    where
        measure in ('sentenced_first', 'sentenced_final')
        and sentence_type not in ('_T', '_Z')
        and conf_status <> 'F'
),

judged as (
    select
        records.*,
        coalesce(bases.numerator_card, '') as card_id,
        coalesce(bases.breaks, '') as breaks,
        withheld_counts.area is not null
        and records.value is not null
        and records.statistic in ('custodial_share', 'suspended_share', 'share') as is_told_by_counts
    from records
    left join bases on {{ basis_of('records', "'sentence_length_' || records.level", 'records.period') }}
    left join withheld_counts
        on records.area_kind = withheld_counts.area_kind
        and records.area = withheld_counts.area
        and records.offence_group = withheld_counts.offence_group
        and records.level = withheld_counts.level
        and records.freq = withheld_counts.freq
        and records.period = withheld_counts.period
),

final as (
    select
        case
            when statistic in ('p25', 'median', 'p75') then 'sentence_length_' || level
            when statistic = 'custodial_share' then 'custodial_share_' || level
            when statistic = 'suspended_share' then 'suspended_share_' || level
            when statistic in ('below_minimum', 'at_maximum') then statistic || '_share_' || level
            else 'sentence_' || statistic || '_' || level
        end as metric,
        area_kind, area, territory, source, offence_group, level, freq, period, sentence_type, sentence_band,
        statistic, unit_measure,
        case when not is_told_by_counts then value end as value,
        case when not is_told_by_counts then low end as low,
        case when not is_told_by_counts then high end as high,
        statutory_min, statutory_max, n_band,
        case
            when is_told_by_counts then 'withheld'
            else {{ record_state('value', 'obs_status', 'n_band', share_of('judged')) }}
        end as state,
        card_id, breaks,
        case when is_told_by_counts then 'Q' else obs_status end as obs_status,
        case when is_told_by_counts then 'C' else conf_status end as conf_status
    from judged
)

select * from final
