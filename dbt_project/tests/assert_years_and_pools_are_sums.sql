-- A year derived from quarters is the sum of its four, and a pool the sum of its years, cell by cell.
{{ config(meta={'joins_without_equality': ['periods: each has five years at most, of the years that any figure has']}) }}

with

counts as (
    select
        area_kind, area, freq, period, measure, basis, value, obs_status,
        {{ period_year('period') }} as first_year,
        {{ count_type_id() }} as count_type_id
    from {{ ref('mart_count') }}
),

measures as (select * from {{ ref('measure') }}),

derived as (
    select
        counts.*,
        cast(right(counts.period, 4) as integer) as last_year,
        case counts.freq when 'A' then 'Q' else 'A' end as part_freq,
        case counts.freq when 'A' then 4 when 'P3' then 3 else 5 end as n_parts
    from counts
    inner join measures on counts.measure = measures.code
    where counts.basis in ('derived_quarters', 'derived_years') and measures.sums_over_time and counts.value is not null
),

-- The years of each period. Without them, each cell would be compared with those of all years of a long history.
years as (select distinct first_year as year from counts where freq in ('A', 'Q')),

periods as (select distinct freq, period, first_year, last_year from derived),

years_of_periods as (
    select periods.freq, periods.period, years.year
    from periods
    inner join years on years.year between periods.first_year and periods.last_year
),

sums as (
    select
        derived.area_kind, derived.area, derived.freq, derived.period, derived.count_type_id,
        max(derived.value) as stated,
        sum(parts.value) as summed,
        max(derived.n_parts) as n_parts,
        count(parts.obs_status) as n_found
    from derived
    left join years_of_periods
        on derived.freq = years_of_periods.freq
        and derived.period = years_of_periods.period
    left join counts as parts
        on derived.area = parts.area
        and derived.area_kind = parts.area_kind
        and derived.part_freq = parts.freq
        and years_of_periods.year = parts.first_year
        and derived.count_type_id = parts.count_type_id
    group by derived.area_kind, derived.area, derived.freq, derived.period, derived.count_type_id
),

wrong as (
    select *
    from sums
    where n_found <> n_parts or stated <> summed
),

final as (
    select
        wrong.area_kind, wrong.area, wrong.freq, wrong.period, {{ count_type('counts.') }},
        wrong.stated, wrong.summed, wrong.n_parts, wrong.n_found
    from wrong
    inner join {{ ref('mart_count') }} as counts
        on wrong.area_kind = counts.area_kind
        and wrong.area = counts.area
        and wrong.freq = counts.freq
        and wrong.period = counts.period
        and wrong.count_type_id = {{ count_type_id('counts.') }}
)

select * from final
