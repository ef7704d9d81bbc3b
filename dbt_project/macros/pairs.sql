{# What comparisons of areas share. The tests themselves are `pipelines/statistics`, called through `pair_udf.py`. #}

{# The lowest score at which a pair is tested: 2 with care, which its reasons say; 0 and 1 never. #}
{% macro lowest_score() -%}2{%- endmacro %}

{# Level of each of so many simultaneous intervals, adjusted p-value and verdict: `statistics.comparison` in SQL. #}
{% macro pair_level(pairs) -%}1.0 - 0.05 / greatest({{ pairs }}, 1){%- endmacro %}

{# `least` passes over nulls, and no p-value is not one of 1. #}
{% macro pair_adjusted(p, pairs) -%}case when {{ p }} is not null then least(1.0, {{ p }} * {{ pairs }}) end{%- endmacro %}

{% macro pair_verdict(low, high) -%}
    case when {{ low }} > 1 then 'higher' when {{ high }} < 1 then 'lower' else 'no_difference' end
{%- endmacro %}

{# Limits (low, high) or the p-value (p) of a pair. method: rates, proportions, or '' for none. #}
{% macro pair(end, method, upper_a, lower_a, upper_b, lower_b, phi_a, phi_b, level) %}
    {{- return(adapter.dispatch('pair')(end, method, upper_a, lower_a, upper_b, lower_b, phi_a, phi_b, level)) -}}
{% endmacro %}

{% macro default__pair(end, method, upper_a, lower_a, upper_b, lower_b, phi_a, phi_b, level) %}
    {{ exceptions.raise_compiler_error('this engine has no function rti_pair_' ~ end ~ ': register pipelines.statistics.contrasts with it') }}
{% endmacro %}

{% macro duckdb__pair(end, method, upper_a, lower_a, upper_b, lower_b, phi_a, phi_b, level) -%}
    rti_pair_{{ end }}({{ method }}
        {%- for column in [upper_a, lower_a, upper_b, lower_b, phi_a, phi_b, level] %}, cast({{ column }} as double){% endfor -%}
    )
{%- endmacro %}

{# Condition of a join with `input_break`: the break concerns this figure, and may have taken effect after the first of
   these days and not after the last. For a period alone give its own bounds: figures on both sides of the break are
   then in it. For a lagged ratio, or a line between two periods, give the first day of the earlier and the last of the
   later one. `row` has area, measure, level and offence_group; a break of the region is one of its reporters. #}
{% macro break_between(break, row, first_day, last_day) -%}
    {{ break }}.area = {{ row }}.area
    and {{ break }}.offence_group in ('', {{ row }}.offence_group)
    and {{ break }}.level in ('', {{ row }}.level)
    and {{ break }}.measure in ('', {{ row }}.measure)
    and {{ break }}.last_day > {{ first_day }}
    and {{ break }}.first_day <= {{ last_day }}
    and ({{ break }}.area <> '{{ var("region") }}' or (',' || {{ row }}.reporters || ',') like ('%,' || {{ break }}.territory || ',%'))
{%- endmacro %}
