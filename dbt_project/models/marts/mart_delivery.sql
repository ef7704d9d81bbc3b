with

coverage as (select * from {{ ref('mart_coverage') }}),

office_counts as (select * from {{ ref('int_office_count') }}),

calendar as (select * from {{ ref('stg_calendar') }}),

blocks as (select * from {{ ref('int_block') }}),

-- Cells that cannot exist are not required; zeros, nil returns and figures withheld by the office count as provided.
cell_counts as (
    select
        jurisdiction, instrument, source, freq, period,
        count(case when obs_status <> 'M' then 1 end) as cells_required,
        count(case when obs_status not in ('M', 'O', 'L') then 1 end) as cells_provided
    from office_counts
    where source <> '_Z'
    group by jurisdiction, instrument, source, freq, period
),

provisional as (
    select
        jurisdiction, instrument, source, freq, period,
        max(case when is_provisional then 1 else 0 end) = 1 as is_provisional
    from blocks
    where is_current
    group by jurisdiction, instrument, source, freq, period
),

final as (
    select
        coverage.*,
        calendar.final_on,
        coalesce(provisional.is_provisional, false) as is_provisional,
        cast(coalesce(cell_counts.cells_required, 0) as integer) as cells_required,
        cast(coalesce(cell_counts.cells_provided, 0) as integer) as cells_provided
    from coverage
    inner join calendar
        on coverage.jurisdiction = calendar.jurisdiction
        and coverage.instrument = calendar.instrument
        and coverage.source = calendar.source
        and coverage.freq = calendar.freq
        and coverage.period = calendar.period
    left join cell_counts
        on coverage.jurisdiction = cell_counts.jurisdiction
        and coverage.instrument = cell_counts.instrument
        and coverage.source = cell_counts.source
        and coverage.freq = cell_counts.freq
        and coverage.period = cell_counts.period
    left join provisional
        on coverage.jurisdiction = provisional.jurisdiction
        and coverage.instrument = provisional.instrument
        and coverage.source = provisional.source
        and coverage.freq = provisional.freq
        and coverage.period = provisional.period
)

select * from final
