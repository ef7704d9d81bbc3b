-- A year derived from quarters is the sum of its four, and a pool the sum of its years, cell by cell.
with

counts as (select * from {{ ref('mart_count') }}),

measures as (select * from {{ ref('measure') }}),

derived as (
    select
        counts.*,
        case counts.freq when 'A' then 'Q' else 'A' end as part_freq,
        cast(substring(counts.period, 1, 4) as integer) as first_year,
        cast(right(counts.period, 4) as integer) as last_year,
        case counts.freq when 'A' then 4 when 'P3' then 3 else 5 end as n_parts
    from counts
    inner join measures on counts.measure = measures.code
    where counts.basis in ('derived_quarters', 'derived_years') and measures.sums_over_time and counts.value is not null
),

sums as (
    select
        derived.area, derived.freq, derived.period, {{ count_type('derived.') }},
        max(derived.value) as stated,
        sum(parts.value) as summed,
        max(derived.n_parts) as n_parts,
        count(parts.obs_status) as n_found
    from derived
    left join counts as parts
        on derived.area = parts.area
        and derived.area_kind = parts.area_kind
        and derived.part_freq = parts.freq
        and {{ count_types_match('derived', 'parts') }}
        and cast(substring(parts.period, 1, 4) as integer) between derived.first_year and derived.last_year
    group by derived.area, derived.freq, derived.period, {{ count_type('derived.') }}
),

final as (
    select *
    from sums
    where n_found <> n_parts or stated <> summed
)

select * from final
