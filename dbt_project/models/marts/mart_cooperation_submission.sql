with

blocks as (select * from {{ ref('int_block') }}),

areas as (select * from {{ ref('dim_area') }}),

counted as (
    select
        blocks.territory,
        {{ period_year('blocks.period') }} as year,
        case blocks.freq when 'Q' then {{ period_quarter('blocks.period') }} else 0 end as quarter,
        blocks.submission_id
    from blocks
    inner join areas on blocks.territory = areas.area and areas.area_kind = 'territory' and areas.kind = 'national'
    where blocks.is_current and blocks.instrument = 'cooperation' and blocks.jurisdiction = blocks.territory
),

-- The office's own year counts, if it has one.
own_years as (
    select distinct territory, year
    from counted
    where quarter = 0
),

of_years as (
    select
        counted.territory, counted.year,
        0 as quarter,
        counted.submission_id
    from counted
    left join own_years on counted.territory = own_years.territory and counted.year = own_years.year
    where counted.quarter = 0 or own_years.territory is null
),

together as (
    select territory, year, quarter, submission_id from counted
    union  -- distinct: one file may have all quarters of a year
    select territory, year, quarter, submission_id from of_years
),

final as (
    select
        territory,
        cast(year as integer) as year,
        cast(quarter as integer) as quarter,
        submission_id
    from together
)

select * from final
