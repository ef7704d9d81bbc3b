-- Breaks within the period of a figure: the figure, and every rate, share, ratio or comparison based on it, then
-- contains events from before and after the break.
with

cells as (select * from {{ ref('cell') }}),

breaks as (select * from {{ source('declared', 'break') }}),

periods as (select * from {{ ref('dim_period') }}),

-- Also by reporters: a break of a territory affects the region only if the territory is in the region's figure.
spans as (
    select distinct
        cells.area, cells.freq, cells.period, cells.measure, cells.level, cells.offence_group, cells.reporters,
        periods.period_start, periods.period_end
    from cells
    inner join periods on cells.freq = periods.freq and cells.period = periods.period
),

final as (
    select
        spans.area, spans.freq, spans.period, spans.measure, spans.level, spans.offence_group, spans.reporters,
        {{ union_lists('breaks.code') }} as breaks
    from spans
    inner join breaks on {{ break_between('breaks', 'spans', 'spans.period_start', 'spans.period_end') }}
    group by
        spans.area, spans.freq, spans.period, spans.measure, spans.level, spans.offence_group, spans.reporters
)

select * from final
