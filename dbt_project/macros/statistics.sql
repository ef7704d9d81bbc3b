{# Statistics in SQL. Closed forms stand here once; exact limits and tests are `pipelines/statistics`, called through the
   functions of `pipelines/warehouse/metrics/udf.py`. Nothing else calls those. #}

{# All rows of a relation with the limits of their estimate beside them, as `low` and `high`. method: poisson (a count,
   or a rate where the denominator is an exposure), clopper_pearson (a share of nested counts), conditional (a ratio of
   two counts), '' none. In the unit of numerator / denominator: multiply by 100 or 100,000 outside. dispersion: null is
   unknown and taken as 1. Null where undefined.

   Limits are worked out once for each estimate that occurs and joined to its rows: counts are small, and of 300,000
   figures of ten years not a tenth had numbers of their own. #}
{% macro with_limits(relation, method, numerator, denominator, dispersion, level='0.95') -%}
    select
        given.*,
        (worked_out.ends).low as low,
        (worked_out.ends).high as high
    from {{ relation }} as given
    left join (
        select
            estimates.*,
            {{ limits('estimates.method_of', 'estimates.upper_of', 'estimates.lower_of', 'estimates.phi_of', level) }} as ends
        from (
            select distinct
                {{ method }} as method_of, {{ numerator }} as upper_of, {{ denominator }} as lower_of,
                {{ dispersion }} as phi_of
            from {{ relation }}
            where {{ method }} <> '' and {{ numerator }} is not null
        ) as estimates
    ) as worked_out
        on given.{{ method }} = worked_out.method_of
        and given.{{ numerator }} = worked_out.upper_of
        and given.{{ denominator }} is not distinct from worked_out.lower_of
        and given.{{ dispersion }} is not distinct from worked_out.phi_of
{%- endmacro %}

{# Both limits of one estimate, as a struct of low and high; `with_limits` alone calls it. #}
{% macro limits(method, numerator, denominator, dispersion, level) %}
    {{- return(adapter.dispatch('limits')(method, numerator, denominator, dispersion, level)) -}}
{% endmacro %}

{% macro default__limits(method, numerator, denominator, dispersion, level) %}
    {{ exceptions.raise_compiler_error('this engine has no function rti_limits: register pipelines.statistics.columns.limits with it') }}
{% endmacro %}

{% macro duckdb__limits(method, numerator, denominator, dispersion, level) -%}
    rti_limits(
        {{ method }}
        {%- for column in [numerator, denominator, dispersion, level] %}, cast({{ column }} as double){% endfor -%}
    )
{%- endmacro %}

{# p-value of equal rates of each row, for one pair alone; exposures are counts or populations. #}
{% macro ratio_p(upper, lower, exposure_upper, exposure_lower, dispersion_upper='1', dispersion_lower='1') %}
    {{- return(adapter.dispatch('ratio_p')(upper, lower, exposure_upper, exposure_lower, dispersion_upper, dispersion_lower)) -}}
{% endmacro %}

{% macro default__ratio_p(upper, lower, exposure_upper, exposure_lower, dispersion_upper, dispersion_lower) %}
    {{ exceptions.raise_compiler_error('this engine has no function rti_ratio_p: register pipelines.statistics.columns.p_values with it') }}
{% endmacro %}

{% macro duckdb__ratio_p(upper, lower, exposure_upper, exposure_lower, dispersion_upper, dispersion_lower) -%}
    rti_ratio_p(
        {%- for column in [upper, lower, exposure_upper, exposure_lower, dispersion_upper, dispersion_lower] %}
        cast({{ column }} as double){{ ',' if not loop.last }}
        {%- endfor %}
    )
{%- endmacro %}

{# missing, too_few under the minimum on either side, or enough. One side alone: give it twice. #}
{% macro few_state(numerator, denominator, minimum='20') -%}
    case
        when {{ numerator }} is null or {{ denominator }} is null then 'missing'
        when {{ numerator }} >= {{ minimum }} and {{ denominator }} >= {{ minimum }} then 'enough'
        else 'too_few'
    end
{%- endmacro %}

{# Least number of persons that a band of them tells (10-19, 500+); inside, where it is a number, that number. #}
{% macro persons_at_least(band) -%}
    cast(nullif(replace({{ dbt.split_part(band, "'-'", 1) }}, '+', ''), '') as double)
{%- endmacro %}

{# The figure where it is a share, null where it is a number of days or months. #}
{% macro share_of(figure) -%}case when {{ figure }}.unit_measure = 'PC' then {{ figure }}.value end{%- endmacro %}

{# State of a figure of records by what stands beside it in public: persons by the lower end of their band, those of a
   share by that times the share. So it tells nothing more, and calls too few what may be. `share` in per cent, null for
   what is no share. The rounding is for the product alone: 20 of 37 is 20, not 19.9999. #}
{% macro record_state(value, status, band, share, minimum='20') -%}
    case
        when {{ status }} = 'Q' then 'withheld'
        when {{ value }} is null then 'missing'
        else {{ few_state(
            'round(coalesce(' ~ share ~ ', 100) * ' ~ persons_at_least(band) ~ ' / 100.0, 6)', persons_at_least(band),
            minimum
        ) }}
    end
{%- endmacro %}

{# Whether events of a unit come one by one; all others may come in clusters. As `dispersion.ONE_BY_ONE`. #}
{% macro one_by_one(count_unit) -%}{{ count_unit }} = 'case'{%- endmacro %}

{# Lower bound of the dispersion from totals: persons per case, at least 1. As `dispersion.at_least`. #}
{% macro dispersion_at_least(persons, cases) -%}
    case when {{ cases }} > 0 and {{ persons }} > {{ cases }} then {{ persons }} / cast({{ cases }} as double) else 1.0 end
{%- endmacro %}

{# How sure an interval is, for a figure that has one. A known dispersion is one from enough records. #}
{% macro interval_basis(count_unit, known_dispersion) -%}
    case
        when {{ one_by_one(count_unit) }} then 'exact'
        when {{ known_dispersion }} is not null then 'quasi_exact'
        else 'lower_bound'
    end
{%- endmacro %}
