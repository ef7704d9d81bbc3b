-- The two sides of every ratio as declared: the sum of some measures of one level in one unit.
with

metrics as (select * from {{ source('declared', 'metric') }}),

operands as (select * from {{ source('declared', 'metric_operand') }}),

totals as (select * from {{ ref('int_total') }}),

asked as (
    select
        operands.metric, operands.side, operands.measure, operands.level, operands.statistic,
        metrics.count_units, metrics.freqs,
        count(*) over (partition by operands.metric, operands.side) as n_terms
    from operands
    inner join metrics on operands.metric = metrics.metric
    where metrics.kind in ('ratio', 'clearance', 'disposition', 'decomposition')
),

terms as (
    select
        asked.metric, asked.side, asked.n_terms,
        totals.*
    from asked
    inner join totals
        on asked.measure = totals.measure
        and asked.statistic = totals.statistic
        and asked.level in ('', totals.level)
        and (asked.count_units = '' or {{ listed('totals.count_unit', 'asked.count_units') }})
        and {{ listed('totals.freq', 'asked.freqs') }}
    where totals.victim_status = '_Z'
),

summed as (
    select
        metric, side, area_kind, area, territory, freq, period, offence_group, count_unit,
        max(level) as level,
        case when min(statistic) = 'count' then 'flow' else 'stock' end as kind,
        {{ sum_value() }} as value,
        {{ sum_status() }} as obs_status,
        coalesce(max(case when conf_status <> 'F' then conf_status end), 'F') as conf_status,
        count(*) = max(n_terms) as is_whole,
        min(age) = max(age) and min(person_type) = max(person_type) and min(reporters) = max(reporters) as is_one_scope,
        min(age) as age,
        min(person_type) as person_type,
        min(n_reported) as n_reported,
        min(n_expected) as n_expected,
        min(reporters) as reporters,
        {{ union_lists('flags') }} as flags,
        {{ dispersion_of_sum() }} as dispersion,
        {{ basis_of_sum() }} as interval_basis
    from terms
    group by metric, side, area_kind, area, territory, freq, period, offence_group, count_unit
),

-- If a term has no cell, or other persons or reporters than the other terms, there is no sum.
sides as (
    select
        metric, side, area_kind, area, territory, freq, period, offence_group, count_unit, level, kind,
        case when is_whole and is_one_scope then value end as value,
        case when obs_status = 'Q' or (is_whole and is_one_scope) then obs_status else 'O' end as obs_status,
        conf_status, age, person_type, n_reported, n_expected, reporters, flags, dispersion, interval_basis,
        false as lacks_years
    from summed
),

pools as (
    select metric, side, freq, period, offence_group, count_unit
    from sides
    where area_kind = 'region' and freq in ('P3', 'P5')
),

-- A pool needs all of its years, so that a territory with some of them has no cell of it. Its side is missing: without
-- a row, it would be taken for one that the territory does not collect.
incomplete as (
    select
        years.metric, years.side, years.area_kind, years.area, years.territory, pools.freq, pools.period,
        years.offence_group, years.count_unit,
        max(years.level) as level,
        min(years.kind) as kind,
        cast(null as double) as value,
        'O' as obs_status,
        'F' as conf_status,
        min(years.age) as age,
        min(years.person_type) as person_type,
        max(years.n_reported) as n_reported,
        max(years.n_expected) as n_expected,
        {{ union_lists('years.reporters') }} as reporters,
        '' as flags,
        min(years.dispersion) as dispersion,
        {{ basis_of_sum('years.interval_basis') }} as interval_basis,
        true as lacks_years
    from sides as years
    inner join pools
        on years.metric = pools.metric
        and years.side = pools.side
        and years.offence_group = pools.offence_group
        and years.count_unit = pools.count_unit
        and years.period between substring(pools.period, 1, 4) and substring(pools.period, 6, 4)
    left join sides as wholes
        on years.metric = wholes.metric
        and years.side = wholes.side
        and years.area_kind = wholes.area_kind
        and years.area = wholes.area
        and pools.freq = wholes.freq
        and pools.period = wholes.period
        and years.offence_group = wholes.offence_group
        and years.count_unit = wholes.count_unit
    where
        years.freq = 'A' and years.area_kind = 'territory' and years.obs_status <> 'L' and wholes.metric is null
    group by
        years.metric, years.side, years.area_kind, years.area, years.territory, pools.freq, pools.period,
        years.offence_group, years.count_unit
),

final as (
    select * from sides
    union all
    select * from incomplete
)

select * from final
