with

territory_counts as (select * from {{ ref('int_territory_count') }}),

pool_counts as (select * from {{ ref('int_pool_count') }}),

territories as (select * from {{ ref('stg_territory') }}),

national as (
    select
        territory,
        count(*) over () as n_territories
    from territories
    where kind = 'national'
),

of_territories as (
    select territory, freq, period, count_type_id, value, obs_status, flags, is_additive, submission_ids, parts
    from territory_counts
    where {{ in_batch('count_type_id') }}
    union all
    select territory, freq, period, count_type_id, value, obs_status, flags, is_additive, submission_ids, parts
    from pool_counts
    where area_kind = 'territory' and {{ in_batch('count_type_id') }}
),

-- The region's figure is the sum of the territories that have one, which are listed; missing ones are not estimated.
final as (
    select
        counts.freq, counts.period,
        counts.count_type_id,
        sum(counts.value) as value,
        case
            when count(counts.value) > 0
                then coalesce(max(case when counts.value is not null and counts.obs_status <> 'A' then counts.obs_status end), 'A')
            when count(case when counts.obs_status = 'Q' then 1 end) > 0 then 'Q'
            when count(case when counts.obs_status <> 'L' then 1 end) = 0 then 'L'
            when count(case when counts.obs_status not in ('M', 'K') then 1 end) = 0 then 'M'
            else 'O'
        end as obs_status,
        {{ union_lists("case when counts.value is not null then counts.flags end") }} as part_flags,
        cast(count(counts.value) as integer) as n_reported,
        cast(max(national.n_territories) as integer) as n_expected,
        {{ union_lists("case when counts.value is not null then counts.territory end") }} as reporters,
        {{ union_lists("case when counts.value is not null then counts.submission_ids end") }} as submission_ids,
        {{ merge_lists('case when counts.value is not null then counts.parts end') }} as parts
    from of_territories as counts
    inner join national on counts.territory = national.territory
    group by counts.freq, counts.period, counts.count_type_id
)

select * from final
