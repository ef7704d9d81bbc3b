{%- set of_persons = ['person_type', 'sex', 'age', 'exploitation', 'citizenship', 'sentence_type', 'sentence_band'] %}
{%- set same_count = ['area_kind', 'area', 'freq', 'period', 'reporters', 'measure', 'level', 'statistic', 'offence_group', 'offence', 'victim_status'] %}
-- Dispersion of each count of the input: the variance of the count over that of a count of cases. It uses figures of the
-- input only. From the office's records if there are enough, else at least the persons per case if both are counted.
with

cells as (select * from {{ ref('cell') }} where value is not null and {{ in_batch('period') }}),

registers as (select * from {{ source('records', 'record_dispersion') }} where basis = 'quasi_exact'),

-- Counts that are not broken down by attributes of persons. A case has none of these (`_Z` where persons have `_T`). If
-- one table counts all persons and another those of one kind, the smaller number keeps the dispersion a lower bound.
undivided as (
    select
        {{ same_count | join(', ') }}, count_unit,
        min(value) as smallest, max(value) as largest
    from cells
    where
        {%- for dimension in of_persons %}
        {{ dimension }} in ('_T', '_Z'){{ ' and' if not loop.last }}
        {%- endfor %}
    group by {{ same_count | join(', ') }}, count_unit
),

cases as (select * from undivided where {{ one_by_one('count_unit') }}),

-- Persons are divided by cases of the same reporters only: persons of seven offices and cases of two would give any
-- number.
of_areas as (
    select
        cells.*,
        case
            when {{ one_by_one('cells.count_unit') }} then 1.0
            when registers.phi is not null then registers.phi
            else {{ dispersion_at_least('cells.value', 'cases.largest', 'everyone.smallest') }}
        end as dispersion,
        {{ interval_basis('cells.count_unit', 'registers.phi') }} as interval_basis
    from cells
    left join registers on {{ dispersion_of('cells', 'registers') }}
    left join cases
        on {% for column in same_count %}cells.{{ column }} = cases.{{ column }}
        {{ 'and ' if not loop.last }}{% endfor %}
    left join undivided as everyone
        on cells.count_unit = everyone.count_unit
        {%- for column in same_count %}
        and cells.{{ column }} = everyone.{{ column }}
        {%- endfor %}
),

jurisdictions as (
    select cell_id, area, freq, period, {{ count_type() }}, value, dispersion, interval_basis
    from of_areas
    where area_kind = 'jurisdiction'
),

-- A sum of independent counts has the mean of their dispersions, weighted by the counts. A member that is withheld, or
-- whose dispersion is not known, counts with 1, so that the mean stays a lower bound.
{%- for kind, parts in [('territory', 'jurisdictions'), ('region', 'territories')] %}
{% set sums = {'territory': 'territories', 'region': 'regions'}[kind] %}
parts_of_{{ kind }} as (
    select
        sums.cell_id,
        -- Rounded, because an engine adds in any order.
        round(sum((parts.dispersion - 1.0) * parts.value), 9) as excess,
        count(case when parts.interval_basis <> 'lower_bound' then 1 end) as n_known
    from of_areas as sums
    inner join {{ parts }} as parts
        on sums.freq = parts.freq
        and sums.period = parts.period
        {%- for column in count_type_columns() %}
        and sums.{{ column }} = parts.{{ column }}
        {%- endfor %}
        and {{ listed('parts.area', 'sums.reporters') }}
    where sums.area_kind = '{{ kind }}' and sums.is_additive and sums.value > 0
    group by sums.cell_id
),

{{ sums }} as (
    select
        of_areas.cell_id, of_areas.area, of_areas.freq, of_areas.period, {{ count_type('of_areas.') }}, of_areas.value,
        case
            when of_areas.interval_basis <> 'lower_bound' or parts.cell_id is null then of_areas.dispersion
            when parts.n_known = of_areas.n_reported then 1.0 + parts.excess / of_areas.value
            else greatest(of_areas.dispersion, 1.0 + parts.excess / of_areas.value)
        end as dispersion,
        case
            when of_areas.interval_basis <> 'lower_bound' or coalesce(parts.n_known <> of_areas.n_reported, true)
                then of_areas.interval_basis
            else 'quasi_exact'
        end as interval_basis
    from of_areas
    left join parts_of_{{ kind }} as parts on of_areas.cell_id = parts.cell_id
    where of_areas.area_kind = '{{ kind }}'
),
{%- endfor %}

together as (
    select cell_id, dispersion, interval_basis from jurisdictions
    union all
    select cell_id, dispersion, interval_basis from territories
    union all
    select cell_id, dispersion, interval_basis from regions
),

final as (select cell_id, dispersion, interval_basis from together)

select * from final
