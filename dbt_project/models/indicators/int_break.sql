-- Breaks within the period of a total: figures from before and from after are then in it, and so are they in every
-- rate, ratio or comparison made of it.
with

totals as (select * from {{ ref('int_total') }}),

breaks as (select * from {{ ref('input_break') }}),

periods as (select * from {{ ref('input_period') }}),

spans as (
    select distinct
        totals.area, totals.freq, totals.period, totals.measure, totals.level, totals.offence_group, totals.reporters,
        periods.period_start, periods.period_end
    from totals
    inner join periods on totals.freq = periods.freq and totals.period = periods.period
),

final as (
    select
        spans.area, spans.freq, spans.period, spans.measure, spans.level, spans.offence_group,
        {{ union_lists('breaks.code') }} as breaks
    from spans
    inner join breaks on {{ break_between('breaks', 'spans', 'spans.period_start', 'spans.period_end') }}
    group by spans.area, spans.freq, spans.period, spans.measure, spans.level, spans.offence_group
)

select * from final
