-- A figure of a period, a ratio of two periods and a change from one to the other hold days of both sides of a break,
-- if one lies between their first day and their last: then they name it. Written without the macro that they use.
with

terms as (select distinct metric, measure, level from {{ ref('input_metric_operand') }}),

figures as (
    select 'indicator' as mart, area, freq, period as earlier, period as later, offence_group, measure, level, reporters, breaks
    from {{ ref('mart_indicator') }}
    where value is not null
    union all
    select 'exit' as mart, area, freq, period as earlier, period as later, offence_group, measure, level, reporters, breaks
    from {{ ref('mart_exit') }}
    where value is not null
    union all
    select
        'stage_ratio' as mart, area, freq, denominator_period as earlier, period as later, offence_group,
        terms.measure, terms.level, reporters, breaks
    from {{ ref('mart_stage_ratio') }} as ratios
    inner join terms on ratios.metric = terms.metric
    where value is not null and version <> 'cohort'
    union all
    select
        'clearance' as mart, area, freq, period as earlier, period as later, offence_group, terms.measure, terms.level,
        reporters, breaks
    from {{ ref('mart_clearance') }} as ratios
    inner join terms on ratios.metric = terms.metric
    where value is not null
    union all
    select
        'decomposition' as mart, area, freq, previous_period as earlier, period as later, offence_group, terms.measure,
        terms.level, reporters, breaks
    from {{ ref('mart_decomposition') }} as changes
    inner join terms on changes.metric = terms.metric
    where change is not null
    union all
    select
        'balance' as mart, area, freq, period as earlier, period as later, offence_group, terms.measure, terms.level,
        area as reporters, breaks
    from {{ ref('mart_balance') }} as balances
    inner join terms on balances.metric = terms.metric
    where gap is not null
),

final as (
    select figures.*, crossed.code
    from figures
    inner join {{ ref('input_period') }} as befores on figures.freq = befores.freq and figures.earlier = befores.period
    inner join {{ ref('input_period') }} as afters on figures.freq = afters.freq and figures.later = afters.period
    inner join {{ ref('input_break') }} as crossed
        on figures.area = crossed.area
        and (crossed.offence_group = '' or crossed.offence_group = figures.offence_group)
        and (crossed.measure = '' or crossed.measure = figures.measure)
        and (crossed.level = '' or crossed.level = figures.level)
    where
        befores.period_start < crossed.last_day
        and crossed.first_day <= afters.period_end
        and (crossed.area <> '{{ var("region") }}' or position(crossed.territory in figures.reporters) > 0)
        and position(',' || crossed.code || ',' in ',' || figures.breaks || ',') = 0
)

select * from final
