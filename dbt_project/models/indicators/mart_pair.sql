{%- set family = [
    'metric', 'dimension', 'category', 'measure', 'freq', 'period', 'offence_group', 'count_unit', 'victim_status',
] %}
with

figures as (
    select * from {{ ref('compared_figure') }}
    union all
    select * from {{ ref('compared_clearance') }}
),

scores as (select * from {{ source('declared', 'card_comparability') }}),

territories as (
    select *
    from figures
    where area_kind = 'territory' and is_shown and {{ in_batch('period') }}
),

beside as (
    select
        a.metric, a.dimension, a.category, a.measure, a.lower_measure, a.freq, a.period, a.offence_group, a.count_unit, a.victim_status, a.method,
        a.area as area_a, b.area as area_b,
        a.version as version_a, b.version as version_b,
        a.value as value_a, b.value as value_b,
        a.numerator as upper_a, b.numerator as upper_b,
        case when a.is_nested then a.denominator - a.numerator else a.denominator end as lower_a,
        case when b.is_nested then b.denominator - b.numerator else b.denominator end as lower_b,
        a.dispersion as phi_a, b.dispersion as phi_b,
        {{ default_dispersion('a.dispersion', 'a.interval_basis') }} as default_phi_a,
        {{ default_dispersion('b.dispersion', 'b.interval_basis') }} as default_phi_b,
        a.state as state_a, b.state as state_b,
        a.numerator_card as numerator_card_a, a.denominator_card as denominator_card_a,
        b.numerator_card as numerator_card_b, b.denominator_card as denominator_card_b,
        a.is_allowed and b.is_allowed as is_allowed,
        {{ weaker_basis('a.interval_basis', 'b.interval_basis') }} as interval_basis,
        -- Same rule as `statistics.comparability`: cards were scored when they were gathered; the properties of
        -- the figures are added here.
        least(
            case when a.is_carded and b.is_carded then coalesce(upper_scores.score, 0) else 0 end,
            case when a.lower_measure = '' then 3 else coalesce(lower_scores.score, 0) end,
            case when a.ages = b.ages then 3 else 2 end,
            case when a.person_types = b.person_types then 3 else 2 end,
            case when a.breaks = b.breaks then 3 else 2 end,
            case when a.version = b.version then 3 else 1 end
        ) as score,
        {{ join_lists([
            "upper_scores.reasons",
            "lower_scores.reasons",
            "case when not (a.is_carded and b.is_carded) then 'count_unit_not_stated' else '' end",
            "case when a.ages <> b.ages then 'juveniles_differs' else '' end",
            "case when a.person_types <> b.person_types then 'legal_persons_differs' else '' end",
            "case when a.breaks <> b.breaks then 'breaks_differs' else '' end",
            "case when a.version <> b.version then 'version_differs' else '' end",
            "case when a.version = b.version and a.version = 'cohort' then 'counts_not_told' else '' end",
            "case when not a.is_allowed then a.pair_reasons else '' end",
            "case when not b.is_allowed then b.pair_reasons else '' end",
        ]) }} as reasons,
        {{ join_lists(['a.breaks', 'b.breaks']) }} as breaks,
        {{ join_lists(['a.flags', 'b.flags']) }} as flags
    from territories as a
    inner join territories as b
        on {% for column in family %}a.{{ column }} = b.{{ column }}
        and {% endfor %}a.area < b.area
    {%- for side, card, measure in [('upper', 'numerator_card', 'measure'), ('lower', 'denominator_card', 'lower_measure')] %}
    left join scores as {{ side }}_scores
        on a.{{ card }} = {{ side }}_scores.card_id_a
        and b.{{ card }} = {{ side }}_scores.card_id_b
        and a.{{ measure }} = {{ side }}_scores.measure
    {%- endfor %}
),

judged as (
    select
        *,
        case
            when 'withheld' in (state_a, state_b) then 'withheld'
            when 'missing' in (state_a, state_b) then 'missing'
            when 'too_few' in (state_a, state_b) then 'too_few'
            when score < {{ lowest_score() }} or not is_allowed or lower_a < 0 or lower_b < 0 then 'not_comparable'
            -- Cohorts have a published ratio but no counts, so nothing can be tested.
            when lower_a is null or lower_b is null then 'not_comparable'
            else 'tested'
        end as standing
    from beside
),

-- Number of pairs tested together, for which the level of each is adjusted.
families as (
    select {{ family | join(', ') }}, count(*) as n_tested
    from judged
    where standing = 'tested'
    group by {{ family | join(', ') }}
),

tested as (
    select
        judged.*,
        coalesce(families.n_tested, 0) as n_tested,
        case when judged.standing = 'tested' then judged.method else '' end as test,
        case
            when judged.standing = 'tested' and judged.interval_basis = 'lower_bound' then judged.method else ''
        end as test_at_default,
        {{ pair_level('coalesce(families.n_tested, 0)') }} as level_of_each
    from judged
    left join families
        on {% for column in family %}judged.{{ column }} = families.{{ column }}{{ ' and ' if not loop.last }}{% endfor %}
),

contrasted as (
    {{ with_pair_test(
        'tested', 'test', 'upper_a', 'lower_a', 'upper_b', 'lower_b', 'phi_a', 'phi_b', 'level_of_each'
    ) }}
),

-- Persons come in cases, and how many a case has is not known everywhere: the same test at the default.
contrasted_at_default as (
    {{ with_pair_test(
        'contrasted', 'test_at_default', 'upper_a', 'lower_a', 'upper_b', 'lower_b', 'default_phi_a', 'default_phi_b',
        'level_of_each', '_at_default'
    ) }}
),

limited as (
    select
        *,
        case
            when is_allowed and standing not in ('withheld', 'missing') and lower_a > 0 and upper_b > 0 and lower_b >= 0
                then (upper_a * lower_b) / (lower_a * upper_b)
        end as ratio
    from contrasted_at_default
),

final as (
    select
        metric, dimension, category, measure, freq, period, offence_group, count_unit, victim_status, area_a, area_b,
        version_a, version_b,
        value_a, value_b,
        numerator_card_a, denominator_card_a, numerator_card_b, denominator_card_b,
        score,
        score = 2 as is_with_care,
        reasons, breaks,
        ratio, low, high, low_at_default, high_at_default,
        {{ pair_adjusted('p_of_one', 'n_tested') }} as p,
        cast(n_tested as integer) as n_tested,
        substring(md5({{ joined_by_bar(family) }}), 1, 12) as family_id,
        case
            when standing = 'tested' then {{ pair_verdict('low', 'high', 'low_at_default', 'high_at_default') }}
            else standing
        end as verdict,
        case when standing = 'tested' then interval_basis else '' end as interval_basis,
        case
            when standing = 'withheld' then 'Q'
            when ratio is not null then 'A'
            when standing = 'missing' then 'O'
            else 'M'
        end as obs_status,
        case when standing = 'withheld' then 'C' else 'F' end as conf_status,
        flags
    from limited
)

select * from final
