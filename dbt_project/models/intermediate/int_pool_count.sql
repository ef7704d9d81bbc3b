with

jurisdiction_counts as (select * from {{ ref('int_jurisdiction_count') }}),

territory_counts as (select * from {{ ref('int_territory_count') }}),

jurisdictions as (select * from {{ ref('stg_jurisdiction') }}),

measures as (select * from {{ ref('measure') }}),

years as (
    select
        'territory' as area_kind, territory as area, territory, period,
        count_type_id, measure,
        value, obs_status, flags, is_additive, n_reported, n_expected, reporters, submission_ids, parts
    from territory_counts
    where freq = 'A'
    union all
    select
        'jurisdiction' as area_kind, counts.jurisdiction as area, counts.territory, counts.period,
        counts.count_type_id, counts.measure,
        counts.value, counts.obs_status, counts.flags, true as is_additive,
        case when counts.value is not null or counts.obs_status in ('M', 'K') then 1 else 0 end as n_reported,
        1 as n_expected,
        case when counts.value is not null or counts.obs_status in ('M', 'K') then counts.jurisdiction else '' end as reporters,
        counts.submission_ids,
        counts.parts
    from jurisdiction_counts as counts
    inner join jurisdictions on counts.jurisdiction = jurisdictions.jurisdiction
    where counts.freq = 'A' and not jurisdictions.is_whole
),

-- Pools never overlap: three years that end in a year divisible by three, five that end in one divisible by five.
-- Moving pools would disclose single years by subtraction.
pooled_years as (
    select
        years.*,
        lengths.n_years,
        lengths.freq,
        cast(ceil(cast(substring(years.period, 1, 4) as integer) / cast(lengths.n_years as double)) as integer) * lengths.n_years as last_year
    from years
    inner join measures on years.measure = measures.code
    cross join (select 3 as n_years, 'P3' as freq union all select 5 as n_years, 'P5' as freq) as lengths
    where measures.sums_over_time
),

final as (
    select
        area_kind, area, territory, freq,
        cast(last_year - n_years + 1 as string) || '-' || cast(last_year as string) as period,
        count_type_id, measure,
        {{ sum_value() }} as value,
        {{ sum_status() }} as obs_status,
        {{ union_lists('flags') }} as flags,
        min(case when is_additive then 1 else 0 end) = 1 as is_additive,
        min(n_reported) as n_reported,
        max(n_expected) as n_expected,
        {{ union_lists('reporters') }} as reporters,
        {{ union_lists('submission_ids') }} as submission_ids,
        {{ merge_lists('parts') }} as parts
    from pooled_years
    group by area_kind, area, territory, freq, n_years, last_year, count_type_id, measure
    having count(*) = n_years
)

select * from final
