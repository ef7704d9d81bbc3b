{# Statistics in SQL. Closed forms stand here once; exact limits and tests are `pipelines/statistics`, called through the
   functions of `pipelines/indicators/udf.py`. Nothing else calls those. #}

{# Limits of each row's estimate. method: poisson (a count, or a rate where the denominator is an exposure),
   clopper_pearson (a share of nested counts), conditional (a ratio of two counts), '' none. In the unit of numerator /
   denominator: multiply by 100 or 100,000 outside. dispersion: null is unknown and taken as 1. Null where undefined. #}
{% macro limits_low(method, numerator, denominator, dispersion, level='0.95') %}
    {{- return(adapter.dispatch('limits')('low', method, numerator, denominator, dispersion, level)) -}}
{% endmacro %}

{% macro limits_high(method, numerator, denominator, dispersion, level='0.95') %}
    {{- return(adapter.dispatch('limits')('high', method, numerator, denominator, dispersion, level)) -}}
{% endmacro %}

{% macro default__limits(end, method, numerator, denominator, dispersion, level) %}
    {{ exceptions.raise_compiler_error('this engine has no function rti_limits_' ~ end ~ ': register pipelines.statistics.columns.limits with it') }}
{% endmacro %}

{% macro duckdb__limits(end, method, numerator, denominator, dispersion, level) -%}
    rti_limits_{{ end }}(
        {{ method }}, cast({{ numerator }} as double), cast({{ denominator }} as double),
        cast({{ dispersion }} as double), cast({{ level }} as double)
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
