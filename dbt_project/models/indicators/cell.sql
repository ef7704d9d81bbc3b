with

-- A cumulative return that is lower than the one of the quarter before leaves a difference below zero, and sums that
-- include it. These are not counts of persons, so they are missing here, as in the published programme
-- (`programme.blank_negative_differences`; a test compares both). The office sees them in `mart_count`.
counts as (
    select
        *,
        case when {{ listed("'negative_difference'", 'flags') }} then null else value end as known_value,
        case when {{ listed("'negative_difference'", 'flags') }} then 'O' else obs_status end as known_status
    from {{ ref('mart_count') }}
    where {{ in_batch('period') }}
),

-- One cell may be in several tables of the programme. If one of them withholds it, it is withheld.
ranked as (
    select
        *,
        row_number() over (
            partition by cell_id
            order by case when known_value is null then 0 else 1 end, conf_status
        ) as rank_of_cell
    from counts
),

cells as (select * from ranked where rank_of_cell = 1),

-- The total of a measure that pages and ratios use, for an area, period, unit and victim status. A total of all ages
-- takes precedence over one of adults, and a withheld total over any substitute.
with_rank_of_total as (
    select
        *,
        row_number() over (
            partition by
                total_of <> '', area_kind, area, freq, period, offence_group, measure, level, count_unit, statistic,
                victim_status
            order by
                case when known_value is not null or conf_status <> 'F' then 0 else 1 end,
                case total_of when 'adults' then 1 else 0 end,
                case person_type when '_T' then 0 when 'natural' then 1 else 2 end,
                person_type,
                age,
                {{ count_type() }}
        ) as rank_of_total
    from cells
),

final as (
    select
        area_kind, area, territory, freq, period,
        {{ count_type() }},
        known_value as value, known_status as obs_status, conf_status, n_reported, n_expected, reporters, basis,
        is_additive, flags, total_of,
        total_of <> '' and rank_of_total = 1 as is_total,
        cell_id
    from with_rank_of_total
)

select * from final
