{# Statistics in SQL. Closed forms are defined here once; exact limits and tests are in `pipelines/statistics`, called
   by the functions of `pipelines/warehouse/metrics/udf.py`. Nothing else calls those. #}

{# All rows of a relation, with the limits of their estimate as `low` and `high`. method: poisson (a count, or a rate if
   the denominator is an exposure), clopper_pearson (a share of nested counts), conditional (a ratio of
   two counts), '' none. In the unit of numerator / denominator: multiply by 100 or 100,000 outside. dispersion: null is
   unknown and taken as 1. Null if undefined.

   Limits are computed once for each distinct estimate and joined to its rows: counts are small, and of 300,000 figures
   of ten years less than a tenth were distinct. #}
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

{# Both limits of one estimate, as a struct of low and high; called only by `with_limits`. `udf.py` registers the function
   with DuckDB, and `pipelines/warehouse/spark/session.py` with Spark. #}
{% macro limits(method, numerator, denominator, dispersion, level) -%}
    rti_limits(
        {{ method }}
        {%- for column in [numerator, denominator, dispersion, level] %}, cast({{ column }} as double){% endfor -%}
    )
{%- endmacro %}

{# p-value of equal rates in each row, for a single pair; exposures are counts or populations. #}
{% macro ratio_p(upper, lower, exposure_upper, exposure_lower, dispersion_upper='1', dispersion_lower='1') -%}
    rti_ratio_p(
        {%- for column in [upper, lower, exposure_upper, exposure_lower, dispersion_upper, dispersion_lower] %}
        cast({{ column }} as double){{ ',' if not loop.last }}
        {%- endfor %}
    )
{%- endmacro %}

{# Aggregate: the quantile of a column at a share such as `0.25`, by linear interpolation between two values. #}
{% macro quantile(column, share) %}{{ return(adapter.dispatch('quantile')(column, share)) }}{% endmacro %}

{# The same steps as in DuckDB; Spark's own function differs from it in the last digit. #}
{% macro default__quantile(column, share) -%}
    {%- set place = '(size(v) - 1) * cast(' ~ share ~ ' as double)' -%}
    {%- set weight = '(' ~ place ~ ' - floor(' ~ place ~ '))' -%}
    transform(
        array(array_sort(collect_list({{ column }}))),
        v -> get(v, cast(floor({{ place }}) as int)) * (1 - {{ weight }}) + get(v, cast(ceil({{ place }}) as int)) * {{ weight }}
    )[0]
{%- endmacro %}

{% macro duckdb__quantile(column, share) -%}percentile_cont({{ share }}) within group (order by {{ column }}){%- endmacro %}

{# `missing`, `too_few` below the minimum on either side, or `enough`. For a figure with one side, pass it twice. #}
{% macro few_state(numerator, denominator, minimum) -%}
    case
        when {{ numerator }} is null or {{ denominator }} is null then 'missing'
        when {{ numerator }} >= {{ minimum }} and {{ denominator }} >= {{ minimum }} then 'enough'
        else 'too_few'
    end
{%- endmacro %}

{# The same for a share: the part and the rest of the whole must both reach the minimum, so that a share and its
   complement have one state. A part above its whole has no rest; it is compared with the whole. #}
{% macro few_state_of_share(part, whole, minimum) -%}
    {{ few_state(part, 'case when ' ~ part ~ ' <= ' ~ whole ~ ' then ' ~ whole ~ ' - ' ~ part ~ ' else ' ~ whole ~ ' end', minimum) }}
{%- endmacro %}

{# True for a figure of the region from fewer territories than are needed to show it. #}
{% macro is_of_too_few_territories(row) -%}
    coalesce({{ row }}.area_kind = 'region' and {{ row }}.n_reported < {{ var('fewest_in_region') }}, false)
{%- endmacro %}

{# Lower end of a band of persons (10-19, 500+); on the restricted side, where it is a number, that number. #}
{% macro persons_at_least(band) -%}
    cast(nullif(replace({{ dbt.split_part(band, "'-'", 1) }}, '+', ''), '') as double)
{%- endmacro %}

{# The figure if it is a share, null if it is a number of days or months. #}
{% macro share_of(figure) -%}case when {{ figure }}.unit_measure = 'PC' then {{ figure }}.value end{%- endmacro %}

{# State of a figure from records, derived only from published values: the number of persons is the lower end of their
   band, and for a share that number times the share. So it discloses nothing, and it says `too_few` in case of doubt.
   `share` is in per cent, null for other figures; `whole` is the per cent of the persons that the share is a share of.
   The products are rounded so that 20 of 37 is 20, not 19.9999. Without `minimum`, the minimum of all comparisons is
   used. #}
{% macro record_state(value, status, band, share, minimum=none, whole='100') -%}
    {%- set fewest = minimum or var('enough_events') -%}
    {%- set persons = persons_at_least(band) -%}
    case
        when {{ status }} = 'Q' then 'withheld'
        when {{ value }} is null then 'missing'
        when {{ share }} is null then {{ few_state(persons, persons, fewest) }}
        else {{ few_state_of_share(
            'round(' ~ share ~ ' * ' ~ persons ~ ' / 100.0, 6)', 'round(' ~ whole ~ ' * ' ~ persons ~ ' / 100.0, 6)', fewest
        ) }}
    end
{%- endmacro %}

{# True if events of a unit occur one by one; all others may occur in clusters. Same as `dispersion.ONE_BY_ONE`. #}
{% macro one_by_one(count_unit) -%}{{ count_unit }} = 'case'{%- endmacro %}

{# Lower bound of the dispersion from totals: persons per case, at least 1; for some of the persons (a sex, an age) what
   is left of it if they are drawn at random from `everyone`. Same as `dispersion.at_least`. #}
{% macro dispersion_at_least(persons, cases, everyone='null') -%}
    case
        when {{ cases }} > 0 and {{ persons }} > 0
            then greatest(
                1.0,
                {{ persons }} / cast({{ cases }} as double),
                1.0 + {{ persons }} / cast({{ cases }} as double) - coalesce({{ persons }} / cast({{ everyone }} as double), 1.0 + {{ persons }})
            )
        else 1.0
    end
{%- endmacro %}

{# Basis of the interval of a count. A dispersion is known if it comes from enough records. #}
{% macro interval_basis(count_unit, known_dispersion) -%}
    case
        when {{ one_by_one(count_unit) }} then 'exact'
        when {{ known_dispersion }} is not null then 'quasi_exact'
        else 'lower_bound'
    end
{%- endmacro %}

{# Dispersion of a sum, as an aggregate over its terms: the mean, weighted by the terms. Terms that are not independent
   (persons of one case in two terms) have more. Rounded, because an engine adds in any order. #}
{% macro dispersion_of_sum(dispersion='dispersion', value='value') -%}
    case
        when min({{ dispersion }}) = max({{ dispersion }}) then min({{ dispersion }})
        else coalesce(
            round(sum({{ dispersion }} * {{ value }}) / nullif(sum({{ value }}), 0), 9), min({{ dispersion }})
        )
    end
{%- endmacro %}

{# Basis of the interval of a sum or of a ratio of several counts, as an aggregate: the least reliable. #}
{% macro basis_of_sum(basis='interval_basis') -%}
    case
        when count(case when {{ basis }} = 'lower_bound' then 1 end) > 0 then 'lower_bound'
        when count(case when {{ basis }} = 'quasi_exact' then 1 end) > 0 then 'quasi_exact'
        else 'exact'
    end
{%- endmacro %}

{# The less reliable of two bases, row by row. #}
{% macro weaker_basis(one, other) -%}
    case
        when 'lower_bound' in ({{ one }}, {{ other }}) then 'lower_bound'
        when 'quasi_exact' in ({{ one }}, {{ other }}) then 'quasi_exact'
        else 'exact'
    end
{%- endmacro %}

{# One dispersion for the limits of a ratio of two counts: the one at which the logarithm of the ratio has the variance
   that the two have, phi/count each. #}
{% macro dispersion_of_ratio(upper, phi_upper, lower, phi_lower) -%}
    case
        when {{ phi_upper }} = {{ phi_lower }} or not {{ upper }} + {{ lower }} > 0 then {{ phi_upper }}
        else ({{ phi_upper }} * {{ lower }} + {{ phi_lower }} * {{ upper }}) / ({{ upper }} + {{ lower }})
    end
{%- endmacro %}
