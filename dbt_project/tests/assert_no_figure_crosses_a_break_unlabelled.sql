-- Figures of a period, ratios of two periods and changes between periods must name every break between their first and
-- their last day. Written without the macro that the models use.
with

terms as (select distinct metric, measure, level from {{ source('declared', 'metric_operand') }}),

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
    {%- for stage in ['reported', 'investigated', 'indicted', 'adjudicated', 'convicted', 'sentenced'] %}
    union all
    select
        'pipeline' as mart, area, freq, period as earlier, period as later, offence_group,
        '{{ stage }}'{{ " || '_' || track" if stage in ['adjudicated', 'convicted', 'sentenced'] }} as measure,
        {{ 'track' if stage in ['adjudicated', 'convicted', 'sentenced'] else "'prosecution'" }} as level,
        {{ stage }}_reporters as reporters, {{ stage }}_breaks as breaks
    from {{ ref('mart_pipeline') }}
    where {{ stage }} is not null
    {%- endfor %}
    union all
    select
        'sentence' as mart, area, freq, period as earlier, period as later, offence_group,
        'sentenced_' || level as measure, level, area as reporters, breaks
    from {{ ref('mart_sentence') }}
    where value is not null
),

-- Figures from records without a period: from the first to the last day on which the records were observed.
spans as (
    select
        figures.mart, figures.area, figures.offence_group, figures.measure, figures.level, figures.reporters,
        figures.breaks,
        befores.period_start as first_day,
        afters.period_end as last_day
    from figures
    inner join {{ ref('dim_period') }} as befores on figures.freq = befores.freq and figures.earlier = befores.period
    inner join {{ ref('dim_period') }} as afters on figures.freq = afters.freq and figures.later = afters.period
    union all
    select
        'duration' as mart, area, offence_group, terms.measure, terms.level, area as reporters, breaks,
        case when freq = 'A' then cast(entered || '-01-01' as date) else seen_from end as first_day,
        seen_until as last_day
    from {{ ref('mart_duration') }} as durations
    inner join terms on durations.metric = terms.metric
    where value is not null
    union all
    select
        'pending' as mart, area, offence_group, terms.measure, terms.level, area as reporters, breaks,
        seen_from as first_day, as_at as last_day
    from {{ ref('mart_pending') }} as pendings
    inner join terms on pendings.metric = terms.metric
    where value is not null
    union all
    select
        'cohort' as mart, area, offence_group, terms.measure, terms.level, area as reporters, breaks,
        periods.period_start as first_day,
        cast({{ dbt.dateadd('month', '3 * cast(cohorts.quarters as integer)', 'periods.period_end') }} as date) as last_day
    from {{ ref('mart_cohort') }} as cohorts
    inner join terms on cohorts.metric = terms.metric
    inner join {{ ref('dim_period') }} as periods on cohorts.freq = periods.freq and cohorts.cohort = periods.period
    where value is not null
),

final as (
    select spans.*, crossed.code
    from spans
    inner join {{ source('declared', 'break') }} as crossed
        on spans.area = crossed.area
        and (crossed.offence_group = '' or crossed.offence_group = spans.offence_group)
        and (crossed.measure = '' or crossed.measure = spans.measure)
        and (crossed.level = '' or crossed.level = spans.level)
    where
        spans.first_day < crossed.last_day
        and crossed.first_day <= spans.last_day
        and (crossed.area <> '{{ var("region") }}' or position(crossed.territory in spans.reporters) > 0)
        and position(',' || crossed.code || ',' in ',' || spans.breaks || ',') = 0
)

select * from final
