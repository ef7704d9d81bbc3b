-- The region's own total with its members, and the distribution of the territories' figures. Territories without a
-- figure or with a withheld one are left out. A ratio is compared with territories' ratios of the same version,
-- whatever their default version is.
with

figures as (select * from {{ ref('compared_figure') }}),

totals as (
    select *
    from figures
    where area_kind = 'region' and is_shown
),

ranges as (
    select
        metric, dimension, category, measure, version, freq, period, offence_group, count_unit, victim_status,
        cast(count(value) as integer) as n,
        cast(sum(case when value is not null and state = 'enough' then 1 else 0 end) as integer) as n_enough,
        cast(sum(case when state = 'withheld' then 1 else 0 end) as integer) as n_withheld,
        {{ join_values('case when value is not null then area end', 'area') }} as members,
        case when count(value) >= {{ var('fewest_in_range') }} then min(value) end as minimum,
        case when count(value) >= 4 then {{ quantile('value', '0.25') }} end as lower_quartile,
        case
            when count(value) >= {{ var('fewest_in_range') }} then {{ quantile('value', '0.5') }}
        end as median,
        case when count(value) >= 4 then {{ quantile('value', '0.75') }} end as upper_quartile,
        case when count(value) >= {{ var('fewest_in_range') }} then max(value) end as maximum
    from figures
    where area_kind = 'territory'
    group by metric, dimension, category, measure, version, freq, period, offence_group, count_unit, victim_status
),

final as (
    select
        totals.metric, totals.dimension, totals.category, totals.measure, totals.freq, totals.period,
        totals.offence_group, totals.count_unit, totals.victim_status, totals.version,
        totals.value,
        case when totals.state not in ('withheld', 'too_few_territories') then totals.numerator end as numerator,
        -- The whole of a part that is withheld is published.
        case
            when totals.state <> 'too_few_territories' or totals.numerator is null then totals.denominator
        end as denominator,
        totals.unit_measure,
        totals.state,
        totals.numerator_card, totals.denominator_card,
        totals.n_reported, totals.n_expected, totals.reporters, totals.left_out,
        coalesce(ranges.n, 0) as n,
        coalesce(ranges.n_enough, 0) as n_enough,
        coalesce(ranges.n_withheld, 0) as n_withheld,
        coalesce(ranges.members, '') as members,
        ranges.minimum, ranges.lower_quartile, ranges.median, ranges.upper_quartile, ranges.maximum,
        case
            when totals.state = 'withheld' then 'Q'
            when totals.value is not null then 'A'
            when totals.state = 'missing' then 'O'
            else 'M'
        end as obs_status,
        case when totals.state = 'withheld' then 'C' else 'F' end as conf_status,
        totals.breaks,
        case
            when totals.state = 'too_few_territories' then {{ join_lists(['totals.flags', "'too_few_territories'"]) }}
            else totals.flags
        end as flags
    from totals
    left join ranges
        on totals.metric = ranges.metric
        and totals.dimension = ranges.dimension
        and totals.category = ranges.category
        and totals.version = ranges.version
        and totals.measure = ranges.measure
        and totals.freq = ranges.freq
        and totals.period = ranges.period
        and totals.offence_group = ranges.offence_group
        and totals.count_unit = ranges.count_unit
        and totals.victim_status = ranges.victim_status
)

select * from final
