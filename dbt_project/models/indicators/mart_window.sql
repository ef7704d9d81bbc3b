-- The default window of a comparison: the shortest in which more than half of the territories reach the minimum. If
-- there is none, the one in which most of them do, of these the one with the fewest withheld, then the one with the most
-- figures, then the shortest. Unless as many are withheld in every window, those with the most withheld are left out.
with

figures as (select * from {{ ref('compared_figure') }}),

periods as (select * from {{ ref('dim_period') }}),

windows as (
    select 'Q' as freq, 1 as position
    union all
    select 'A' as freq, 2 as position
    union all
    select 'P3' as freq, 3 as position
    union all
    select 'P5' as freq, 4 as position
),

territories as (
    select figures.*, periods.period_end
    from figures
    inner join periods on figures.freq = periods.freq and figures.period = periods.period
    where figures.area_kind = 'territory' and figures.is_shown
),

-- A territory that does not report the measure at all is not counted among the territories.
series as (
    select
        metric, dimension, category, measure, offence_group, count_unit, victim_status,
        count(distinct area) as n_territories
    from territories
    where state <> 'missing'
    group by metric, dimension, category, measure, offence_group, count_unit, victim_status
),

by_freq as (
    select
        metric, dimension, category, measure, offence_group, count_unit, victim_status, freq,
        count(distinct area) as n_of_freq
    from territories
    where state <> 'missing'
    group by metric, dimension, category, measure, offence_group, count_unit, victim_status, freq
),

by_period as (
    select
        metric, dimension, category, measure, offence_group, count_unit, victim_status, freq, period, period_end,
        sum(case when state <> 'missing' then 1 else 0 end) as n_reported,
        sum(case when state = 'enough' then 1 else 0 end) as n_reaching,
        sum(case when state = 'withheld' then 1 else 0 end) as n_withheld
    from territories
    group by metric, dimension, category, measure, offence_group, count_unit, victim_status, freq, period, period_end
),

-- Complete: the period has ended, and most territories that report this kind of period have a figure for it.
ranked as (
    select
        by_period.*,
        row_number() over (
            partition by
                by_period.metric, by_period.dimension, by_period.category, by_period.measure, by_period.offence_group,
                by_period.count_unit, by_period.victim_status, by_period.freq
            order by by_period.period_end desc
        ) as rank_of_period
    from by_period
    inner join by_freq
        on by_period.metric = by_freq.metric
        and by_period.dimension = by_freq.dimension
        and by_period.category = by_freq.category
        and by_period.measure = by_freq.measure
        and by_period.offence_group = by_freq.offence_group
        and by_period.count_unit = by_freq.count_unit
        and by_period.victim_status = by_freq.victim_status
        and by_period.freq = by_freq.freq
    where by_period.period_end < cast({{ as_of() }} as date) and 2 * by_period.n_reported > by_freq.n_of_freq
),

four as (
    select
        series.metric, series.dimension, series.category, series.measure, series.offence_group, series.count_unit, series.victim_status,
        windows.freq, windows.position,
        coalesce(ranked.period, '') as period,
        cast(coalesce(ranked.n_reaching, 0) as integer) as n_reaching,
        cast(coalesce(ranked.n_withheld, 0) as integer) as n_withheld,
        cast(coalesce(ranked.n_reported, 0) as integer) as n_reported,
        cast(series.n_territories as integer) as n_territories
    from series
    cross join windows
    left join ranked
        on series.metric = ranked.metric
        and series.dimension = ranked.dimension
        and series.category = ranked.category
        and series.measure = ranked.measure
        and series.offence_group = ranked.offence_group
        and series.count_unit = ranked.count_unit
        and series.victim_status = ranked.victim_status
        and windows.freq = ranked.freq
        and ranked.rank_of_period = 1
),

compared as (
    select
        *,
        2 * n_reaching > n_territories as is_most,
        min(case when period <> '' then n_withheld end) over series_of_windows as fewest_withheld,
        max(case when period <> '' then n_withheld end) over series_of_windows as most_withheld
    from four
    window series_of_windows as (
        partition by metric, dimension, category, measure, offence_group, count_unit, victim_status
    )
),

chosen as (
    select
        *,
        row_number() over (
            partition by metric, dimension, category, measure, offence_group, count_unit, victim_status
            order by
                case
                    when period = '' then 2
                    when n_withheld = most_withheld and most_withheld > fewest_withheld then 1
                    else 0
                end,
                case when is_most then position else 5 end,
                n_reaching desc,
                n_withheld,
                n_reported desc,
                position
        ) as rank_of_window
    from compared
),

final as (
    select
        metric, dimension, category, measure, offence_group, count_unit, victim_status, freq, period, n_reaching, n_withheld,
        n_reported, n_territories, is_most,
        rank_of_window = 1 as is_default
    from chosen
)

select * from final
