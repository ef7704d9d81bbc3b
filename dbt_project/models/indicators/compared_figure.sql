{%- set kept = ['measure', 'level', 'count_unit', 'statistic', 'offence_group'] %}
-- All figures that are compared between areas, in one layout and as computed by their marts: rates and shares of the
-- total that represents a measure, and the versions of each ratio of two stages. Nothing is computed here.
with

totals as (select * from {{ ref('int_total') }} where statistic = 'count' and area_kind in ('territory', 'region')),

indicators as (
    select * from {{ ref('mart_indicator') }} where indicator in ('rate', 'share') and area_kind in ('territory', 'region')
),

ratios as (select * from {{ ref('mart_stage_ratio') }} where area_kind in ('territory', 'region')),

metrics as (select * from {{ source('declared', 'metric') }}),

-- A ratio of stages divides one measure by one other.
measures as (
    select
        metric,
        max(case when side = 'numerator' then measure end) as measure,
        max(case when side = 'denominator' then measure end) as lower_measure
    from {{ source('declared', 'metric_operand') }}
    group by metric
),

-- A rate belongs to the total's cell; a share has the total as its whole and equals its cell in all other dimensions.
of_totals as (
    select
        indicators.*,
        case indicators.dimension
            {%- for column in count_type_columns() if column not in kept %}
            when '{{ column }}' then indicators.{{ column }}
            {%- endfor %}
            else '_Z'
        end as category,
        totals.age as total_age,
        totals.person_type as total_person_type
    from totals
    inner join indicators
        on totals.area_kind = indicators.area_kind
        and totals.area = indicators.area
        and totals.freq = indicators.freq
        and totals.period = indicators.period
        {%- for column in count_type_columns() %}
        {%- if column in kept %}
        and totals.{{ column }} = indicators.{{ column }}
        {%- else %}
        and totals.{{ column }} = case when indicators.dimension = '{{ column }}' then '_T' else indicators.{{ column }} end
        {%- endif %}
        {%- endfor %}
),

figures as (
    select
        metric, dimension, category, measure,
        case when indicator = 'share' then measure else '' end as lower_measure,
        '' as version, true as is_shown,
        indicator = 'share' as is_nested,
        unit_measure, area_kind, area, freq, period, offence_group, count_unit, victim_status,
        value, numerator, denominator, state, numerator_card, denominator_card,
        true as is_allowed, '' as pair_reasons,
        total_age as ages, total_person_type as person_types,
        breaks, dispersion, interval_basis, n_reported, n_expected, reporters, '' as left_out, flags
    from of_totals
    union all
    select
        ratios.metric, '_Z' as dimension, '_Z' as category, measures.measure, measures.lower_measure,
        ratios.version,
        -- If no version may represent the area, the one-period version gives the reason.
        ratios.is_default or (ratios.default_rule = 'refused' and ratios.version = 'same_period') as is_shown,
        metrics.is_nested,
        ratios.unit_measure, ratios.area_kind, ratios.area, ratios.freq, ratios.period, ratios.offence_group,
        ratios.count_unit, '_Z' as victim_status,
        case when ratios.is_allowed then ratios.value end as value,
        ratios.numerator, ratios.denominator, ratios.state, ratios.numerator_card, ratios.denominator_card,
        ratios.is_allowed, ratios.reasons as pair_reasons, ratios.ages, ratios.person_types, ratios.breaks,
        ratios.dispersion, ratios.interval_basis, ratios.n_reported, ratios.n_expected, ratios.reporters,
        ratios.left_out, ratios.flags
    from ratios
    inner join metrics on ratios.metric = metrics.metric
    inner join measures on ratios.metric = measures.metric
),

final as (
    select
        metric, dimension, category, measure, lower_measure, version, is_shown,
        case when lower_measure = '' then 'rates' else 'proportions' end as method,
        is_nested, unit_measure, area_kind, area, freq, period, offence_group, count_unit, victim_status, value,
        numerator, denominator, state, numerator_card, denominator_card,
        numerator_card <> '' and (lower_measure = '' or denominator_card <> '') as is_carded,
        is_allowed, pair_reasons, ages, person_types, breaks, dispersion, interval_basis, n_reported, n_expected,
        reporters, left_out, flags
    from figures
)

select * from final
