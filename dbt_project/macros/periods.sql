{# Parts of a period's name: 2026-Q3 is a quarter, 2026 a year, 2023-2025 a pool. #}
{% macro period_year(column) -%}cast(substring({{ column }}, 1, 4) as integer){%- endmacro %}
{% macro period_quarter(column) -%}cast(substring({{ column }}, 7, 1) as integer){%- endmacro %}

{# A quarter out of figures for the year so far: the first is its own, a later one the difference to the quarter before,
   and nothing where that is missing; what did not apply until then (M, K) takes nothing off. #}
{% macro discrete_of_year_so_far(value, quarter, earlier_value, earlier_status, earlier_quarter) -%}
    case
        when {{ quarter }} = 1 then {{ value }}
        when {{ earlier_quarter }} = {{ quarter }} - 1 and {{ earlier_status }} in ('M', 'K') and {{ earlier_value }} is null then {{ value }}
        when {{ earlier_quarter }} = {{ quarter }} - 1 then {{ value }} - {{ earlier_value }}
    end
{%- endmacro %}

{% macro as_of() -%}cast('{{ var("as_of") }}' as timestamp){%- endmacro %}

{# First and last quarter of a quarter or year, as text that sorts. #}
{% macro first_quarter(column) -%}case when length({{ column }}) = 4 then {{ column }} || '-Q1' else {{ column }} end{%- endmacro %}
{% macro last_quarter(column) -%}case when length({{ column }}) = 4 then {{ column }} || '-Q4' else {{ column }} end{%- endmacro %}
