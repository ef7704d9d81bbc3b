with

blocks as (select * from {{ ref('int_block') }}),

areas as (select * from {{ ref('dim_area') }}),

-- A return of a year counts for its four quarters.
reported as (
    select
        blocks.territory,
        {{ period_year('blocks.period') }} as year,
        sum(case blocks.freq when 'A' then 4 else 1 end) as n_quarters,
        min(case when blocks.is_nil then 1 else 0 end) = 1 as is_nil
    from blocks
    inner join areas on blocks.territory = areas.area and areas.area_kind = 'territory' and areas.kind = 'national'
    where blocks.is_current and blocks.instrument = 'cooperation' and blocks.jurisdiction = blocks.territory
    group by blocks.territory, {{ period_year('blocks.period') }}
),

final as (
    select
        territory,
        cast(year as integer) as year,
        cast(least(n_quarters, 4) as integer) as n_quarters,
        is_nil and n_quarters >= 4 as is_nil
    from reported
)

select * from final
