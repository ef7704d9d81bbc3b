-- What is compared between areas, in one shape: rates by population, and ratios of two stages of one period.
with

totals as (select * from {{ ref('int_total') }}),

measures as (select * from {{ ref('input_measure') }}),

periods as (select * from {{ ref('input_period') }}),

populations as (select * from {{ ref('input_population') }}),

cards as (select * from {{ ref('input_counting_card_of') }}),

pairs as (select * from {{ ref('input_card_pair') }}),

breaks as (select * from {{ ref('int_break') }}),

dispersions as (select * from {{ ref('input_record_dispersion') }}),

flows as (
    select
        totals.*,
        coalesce(cards.card_id, '') as card_id,
        coalesce(breaks.breaks, '') as breaks,
        totals.conf_status <> 'F' or totals.obs_status = 'Q' as is_withheld
    from totals
    inner join measures on totals.measure = measures.code
    left join cards
        on totals.area = cards.area
        and totals.level = cards.level
        and totals.freq = cards.freq
        and totals.period = cards.period
        and totals.count_unit = cards.count_unit
    left join breaks
        on totals.area = breaks.area
        and totals.freq = breaks.freq
        and totals.period = breaks.period
        and totals.measure = breaks.measure
        and totals.level = breaks.level
        and totals.offence_group = breaks.offence_group
        and totals.reporters = breaks.reporters
    where totals.statistic = 'count' and measures.kind = 'flow' and totals.area_kind in ('territory', 'region')
),

-- Person-years of a pool, inhabitants of a quarter or a year; of the region those of its reporters. Whole or not at all.
exposures as (
    select
        wanted.area, wanted.freq, wanted.period, wanted.reporters,
        case
            when count(populations.population) = max(wanted.n_members) * (max(periods.last_year) - max(periods.first_year) + 1)
                then cast(sum(populations.population) as double)
        end as exposure,
        max(case when populations.is_carried_forward then 1 else 0 end) = 1 as is_carried_forward
    from (
        select distinct
            area, freq, period, reporters,
            case when area_kind = 'region' then n_reported else 1 end as n_members
        from flows
    ) as wanted
    inner join periods on wanted.freq = periods.freq and wanted.period = periods.period
    inner join populations
        on populations.year between periods.first_year and periods.last_year
        and populations.area = populations.territory
        and (
            populations.area = wanted.area
            or wanted.area = '{{ var("region") }}' and (',' || wanted.reporters || ',') like ('%,' || populations.area || ',%')
        )
    group by wanted.area, wanted.freq, wanted.period, wanted.reporters
),

rates as (
    select
        'rate' as metric, 'rates' as method, 100000.0 as per, false as is_nested, 'P_HTHAB' as unit_measure,
        flows.measure, '' as lower_measure,
        flows.area_kind, flows.area, flows.freq, flows.period, flows.offence_group, flows.count_unit, flows.victim_status,
        flows.value as numerator,
        exposures.exposure as denominator,
        flows.value as lower_events,
        flows.card_id as numerator_card, '' as denominator_card,
        flows.card_id <> '' as is_carded,
        true as is_allowed, '' as pair_reasons,
        flows.age as ages, flows.person_type as person_types,
        flows.is_withheld,
        flows.breaks,
        flows.n_reported, flows.n_expected, flows.reporters,
        case when exposures.is_carried_forward then {{ join_lists(['flows.flags', "'population_carried_forward'"]) }} else flows.flags end as flags
    from flows
    left join exposures
        on flows.area = exposures.area
        and flows.freq = exposures.freq
        and flows.period = exposures.period
        and flows.reporters = exposures.reporters
),

ratios as (
    {%- for metric, upper, lower, is_nested in compared_ratios() %}
    select
        '{{ metric }}' as metric, 'proportions' as method, 100.0 as per, {{ is_nested }} as is_nested, 'PC' as unit_measure,
        uppers.measure, lowers.measure as lower_measure,
        uppers.area_kind, uppers.area, uppers.freq, uppers.period, uppers.offence_group, uppers.count_unit, uppers.victim_status,
        case when uppers.reporters = lowers.reporters then uppers.value end as numerator,
        case when uppers.reporters = lowers.reporters then lowers.value end as denominator,
        case when uppers.reporters = lowers.reporters then lowers.value end as lower_events,
        uppers.card_id as numerator_card, lowers.card_id as denominator_card,
        uppers.card_id <> '' and lowers.card_id <> '' as is_carded,
        coalesce(pairs.is_allowed, false) as is_allowed,
        coalesce(pairs.reasons, 'count_unit_not_stated') as pair_reasons,
        uppers.age || '/' || lowers.age as ages, uppers.person_type || '/' || lowers.person_type as person_types,
        uppers.is_withheld or lowers.is_withheld as is_withheld,
        {{ join_lists(['uppers.breaks', 'lowers.breaks']) }} as breaks,
        least(uppers.n_reported, lowers.n_reported) as n_reported, uppers.n_expected, uppers.reporters,
        {{ join_lists(['uppers.flags', 'lowers.flags', "case when uppers.reporters <> lowers.reporters then 'reporters_differ' else '' end"]) }} as flags
    from flows as uppers
    inner join flows as lowers
        on uppers.area = lowers.area
        and uppers.freq = lowers.freq
        and uppers.period = lowers.period
        and uppers.offence_group = lowers.offence_group
        and uppers.count_unit = lowers.count_unit
        and uppers.victim_status = lowers.victim_status
    left join pairs
        on uppers.area = pairs.area
        and uppers.freq = pairs.freq
        and uppers.period = pairs.period
        and uppers.count_unit = pairs.count_unit
        and uppers.level = pairs.upper_level
        and lowers.level = pairs.lower_level
    where uppers.measure = '{{ upper }}' and lowers.measure = '{{ lower }}'
    {%- if not loop.last %}
    union all
    {%- endif %}
    {%- endfor %}
),

figures as (
    select * from rates
    union all
    select * from ratios
),

final as (
    select
        figures.metric, figures.measure, figures.lower_measure, figures.method, figures.is_nested, figures.unit_measure,
        figures.area_kind, figures.area, figures.freq, figures.period, figures.offence_group, figures.count_unit,
        figures.victim_status,
        case when figures.is_allowed and figures.denominator > 0 and not figures.is_withheld then figures.numerator * figures.per / figures.denominator end as value,
        figures.numerator,
        case when not figures.is_withheld then figures.denominator end as denominator,
        case
            when figures.is_withheld then 'withheld'
            when figures.denominator is null then 'missing'
            else {{ few_state('figures.numerator', 'figures.lower_events') }}
        end as state,
        figures.numerator_card, figures.denominator_card, figures.is_carded, figures.is_allowed, figures.pair_reasons,
        figures.ages, figures.person_types, figures.breaks,
        case when figures.count_unit = 'person' then coalesce(dispersions.phi, 1.0) else 1.0 end as dispersion,
        case
            when figures.count_unit = 'case' then 'exact'
            when figures.count_unit = 'person' and dispersions.basis = 'quasi_exact' then 'quasi_exact'
            else 'lower_bound'
        end as interval_basis,
        figures.n_reported, figures.n_expected, figures.reporters,
        case when figures.breaks <> '' then {{ join_lists(['figures.flags', "'break'"]) }} else figures.flags end as flags
    from figures
    left join dispersions
        on figures.area_kind = dispersions.area_kind
        and figures.area = dispersions.area
        and figures.offence_group = dispersions.offence_group
)

select * from final
