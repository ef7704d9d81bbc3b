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

-- There is no sum if a term has no cell, or if its persons or reporters differ from those of the other terms. The sum of
-- the region is then missing, not withheld.
sides as (
    select
        metric, side, area_kind, area, territory, freq, period, offence_group, count_unit, level, kind,
        case when is_whole and is_one_scope then value end as value,
        case
            when (obs_status = 'Q' and area_kind <> 'region') or (is_whole and is_one_scope) then obs_status
            else 'O'
        end as obs_status,
        case when area_kind = 'region' and not (is_whole and is_one_scope) then 'F' else conf_status end as conf_status,
        age, person_type, n_reported, n_expected, reporters, flags, dispersion, interval_basis
    from summed
),

-- Pools for which a territory lacks years, or has years that count other persons, for example adults only. A pool gets
-- the persons of its years.
incomplete as (
    select
        pools.metric, pools.side, pools.area, pools.freq, pools.period, pools.offence_group, pools.count_unit,
        min(years.age) as age,
        min(years.person_type) as person_type
    from sides as pools
    inner join sides as years
        on pools.metric = years.metric
        and pools.side = years.side
        and pools.area_kind = years.area_kind
        and pools.area = years.area
        and pools.offence_group = years.offence_group
        and pools.count_unit = years.count_unit
        and years.period between substring(pools.period, 1, 4) and substring(pools.period, 6, 4)
    where
        pools.freq in ('P3', 'P5') and pools.area_kind = 'territory' and pools.obs_status = 'O' and years.freq = 'A'
    group by pools.metric, pools.side, pools.area, pools.freq, pools.period, pools.offence_group, pools.count_unit
    having
        count(case when pools.age = years.age and pools.person_type = years.person_type then 1 end)
        < case pools.freq when 'P3' then 3 else 5 end
),

final as (
    select
        sides.metric, sides.side, sides.area_kind, sides.area, sides.territory, sides.freq, sides.period,
        sides.offence_group, sides.count_unit, sides.level, sides.kind, sides.value, sides.obs_status,
        sides.conf_status,
        coalesce(incomplete.age, sides.age) as age,
        coalesce(incomplete.person_type, sides.person_type) as person_type,
        sides.n_reported, sides.n_expected, sides.reporters, sides.flags, sides.dispersion, sides.interval_basis,
        incomplete.metric is not null as lacks_years
    from sides
    left join incomplete
        on case when sides.area_kind = 'territory' then sides.metric end = incomplete.metric
        and sides.side = incomplete.side
        and sides.area = incomplete.area
        and sides.freq = incomplete.freq
        and sides.period = incomplete.period
        and sides.offence_group = incomplete.offence_group
        and sides.count_unit = incomplete.count_unit
)

select * from final
