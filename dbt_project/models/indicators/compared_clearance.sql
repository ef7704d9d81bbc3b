-- Clearance rates of territories, in the layout of `compared_figure`. Their ranges and windows are not published, only the
-- tests of their differences, so that they are not among its figures.
with

clearances as (select * from {{ ref('mart_clearance') }} where unit_measure = 'PC' and area_kind = 'territory'),

quotients as (select * from {{ ref('int_quotient') }} where version = 'same_period' and area_kind = 'territory'),

metrics as (select * from {{ source('declared', 'metric') }} where kind = 'clearance'),

-- What came in or was resolved may be several measures, which one card counts. The first of them represents a side.
measures as (
    select
        metric,
        max(case when side = 'numerator' then measure end) as measure,
        max(case when side = 'denominator' then measure end) as lower_measure
    from {{ source('declared', 'metric_operand') }}
    where position = 1
    group by metric
),

final as (
    select
        clearances.metric, '_Z' as dimension, '_Z' as category, measures.measure, measures.lower_measure,
        '' as version, true as is_shown, 'proportions' as method, metrics.is_nested, clearances.unit_measure,
        clearances.area_kind, clearances.area, clearances.freq, clearances.period, clearances.offence_group,
        clearances.count_unit, '_Z' as victim_status, clearances.value, clearances.numerator, clearances.denominator,
        clearances.state, clearances.numerator_card, clearances.denominator_card,
        clearances.numerator_card <> '' and clearances.denominator_card <> '' as is_carded,
        clearances.is_allowed, clearances.reasons as pair_reasons, quotients.ages, quotients.person_types,
        clearances.breaks, quotients.dispersion, quotients.interval_basis, clearances.n_reported,
        clearances.n_expected, clearances.reporters, clearances.left_out, clearances.flags
    from clearances
    inner join metrics on clearances.metric = metrics.metric
    inner join measures on clearances.metric = measures.metric
    inner join quotients
        on clearances.metric = quotients.metric
        and clearances.area = quotients.area
        and clearances.freq = quotients.freq
        and clearances.period = quotients.period
        and clearances.offence_group = quotients.offence_group
        and clearances.count_unit = quotients.count_unit
)

select * from final
