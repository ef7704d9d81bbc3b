with

jurisdiction_counts as (select * from {{ ref('int_jurisdiction_count') }}),

territory_counts as (select * from {{ ref('int_territory_count') }}),

jurisdictions as (select * from {{ ref('stg_jurisdiction') }}),

count_types as (select * from {{ ref('int_count_type') }}),

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
years_of_pools as (
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

pooled_years as (
    select *
    from years_of_pools
    where {{ in_batch('last_year') }}
),

whole as (
    select
        area_kind, area, territory, freq, n_years, last_year,
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
),

-- Pools of which some territory has all years.
offered as (
    select distinct freq, last_year, count_type_id
    from whole
    where area_kind = 'territory'
),

-- An office that counts adults only has no total of all ages, in which the pools of others are.
types_of_pools as (
    select
        count_types.count_type_id,
        coalesce(all_ages.count_type_id, count_types.count_type_id) as pool_type_id,
        {%- for column in count_type_columns() %}
        case
            when {% if column == 'age' %}all_ages.age is not null or {% endif %}count_types.{{ column }} = '_Z' then '_T'
            else count_types.{{ column }}
        end as {{ column }}{{ ',' if not loop.last }}
        {%- endfor %}
    from count_types
    left join count_types as all_ages
        on case when count_types.total_of = 'adults' then '_T' end = all_ages.age
        {%- for column in count_type_columns() if column != 'age' %}
        and count_types.{{ column }} = all_ages.{{ column }}
        {%- endfor %}
),

-- A pool of which a territory has some years, and another one all, is missing. Without a row, it would be taken for one
-- that the territory does not collect.
in_part as (
    select
        years.area, years.territory, years.freq, years.n_years, years.last_year,
        types_of_pools.pool_type_id as count_type_id,
        {{ count_type('types_of_pools.') }},
        count(*) as n_found,
        min(case when years.is_additive then 1 else 0 end) = 1 as is_additive,
        max(years.n_reported) as n_reported,
        max(years.n_expected) as n_expected,
        {{ union_lists('years.reporters') }} as reporters,
        {{ union_lists('years.submission_ids') }} as submission_ids,
        {{ merge_lists('years.parts') }} as parts
    from pooled_years as years
    inner join types_of_pools on years.count_type_id = types_of_pools.count_type_id
    inner join offered
        on years.freq = offered.freq
        and years.last_year = offered.last_year
        and types_of_pools.pool_type_id = offered.count_type_id
    left join whole
        on years.area_kind = whole.area_kind
        and years.area = whole.area
        and years.freq = whole.freq
        and years.last_year = whole.last_year
        and types_of_pools.pool_type_id = whole.count_type_id
    where years.area_kind = 'territory' and years.obs_status <> 'L' and whole.area is null
    group by
        years.area, years.territory, years.freq, years.n_years, years.last_year, types_of_pools.pool_type_id,
        {{ count_type('types_of_pools.') }}
),

-- A form may not ask for a breakdown (`_Z`) and a later one for its total (`_T`). One row stands for both, as a table
-- may not have a figure twice.
ranked as (
    select
        *,
        row_number() over (
            partition by area, freq, last_year, {{ count_type() }}
            order by n_found desc, count_type_id
        ) as rank_of_form
    from in_part
),

pools as (
    select
        area_kind, area, territory, freq, n_years, last_year, count_type_id, measure, value, obs_status, flags,
        is_additive, n_reported, n_expected, reporters, submission_ids, parts
    from whole
    union all
    select
        'territory' as area_kind, area, territory, freq, n_years, last_year, count_type_id, measure,
        cast(null as double) as value, 'O' as obs_status, '' as flags,
        is_additive, n_reported, n_expected, reporters, submission_ids, parts
    from ranked
    where rank_of_form = 1
),

final as (
    select
        area_kind, area, territory, freq,
        cast(last_year - n_years + 1 as string) || '-' || cast(last_year as string) as period,
        count_type_id, measure, value, obs_status, flags, is_additive, n_reported, n_expected, reporters,
        submission_ids, parts
    from pools
)

select * from final
