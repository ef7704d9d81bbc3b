{{ config(materialized='view') }}

with

jurisdiction_counts as (select * from {{ ref('int_jurisdiction_count') }}),

territory_counts as (select * from {{ ref('int_territory_count') }}),

pool_counts as (select * from {{ ref('int_pool_count') }}),

region_counts as (select * from {{ ref('int_region_count') }}),

jurisdictions as (select * from {{ ref('stg_jurisdiction') }}),

-- A territory without parts is one area, not two.
members as (
    select *
    from jurisdictions
    where not is_whole
),

final as (
    select
        'region' as area_kind, '{{ var("region") }}' as area, '{{ var("region") }}' as territory, freq, period,
        count_type_id,
        value, obs_status, n_reported, n_expected,
        coalesce(reporters, '') as reporters,
        'derived_parts' as basis,
        true as is_additive,
        case
            when n_reported between 1 and n_expected - 1 then {{ join_lists(['part_flags', "'partial'"]) }}
            else coalesce(part_flags, '')
        end as flags,
        coalesce(submission_ids, '') as submission_ids,
        parts
    from region_counts
    union all
    select
        'territory' as area_kind, territory as area, territory, freq, period,
        count_type_id,
        value, obs_status, n_reported, n_expected, reporters, basis, is_additive, flags, submission_ids,
        parts
    from territory_counts
    union all
    select
        'jurisdiction' as area_kind, counts.jurisdiction as area, counts.territory, counts.freq, counts.period,
        counts.count_type_id,
        counts.value, counts.obs_status,
        case when counts.value is not null or counts.obs_status in ('M', 'K') then 1 else 0 end as n_reported,
        1 as n_expected,
        case when counts.value is not null or counts.obs_status in ('M', 'K') then counts.jurisdiction else '' end as reporters,
        counts.basis, true as is_additive, counts.flags, counts.submission_ids,
        counts.parts
    from jurisdiction_counts as counts
    inner join members on counts.jurisdiction = members.jurisdiction
    union all
    select
        area_kind, area, territory, freq, period,
        count_type_id,
        value, obs_status, n_reported, n_expected, reporters, 'derived_years' as basis, is_additive, flags, submission_ids,
        parts
    from pool_counts
)

select * from final
