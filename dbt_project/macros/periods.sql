{# Parts of a period's name: 2026-Q3 is a quarter, 2026 a year, 2023-2025 a pool. #}
{% macro period_year(column) -%}cast(substring({{ column }}, 1, 4) as integer){%- endmacro %}
{% macro period_quarter(column) -%}cast(substring({{ column }}, 7, 1) as integer){%- endmacro %}

{% macro as_of() -%}cast('{{ var("as_of") }}' as timestamp){%- endmacro %}

{# First and last quarter of a quarter or year, as text that sorts. #}
{% macro first_quarter(column) -%}case when length({{ column }}) = 4 then {{ column }} || '-Q1' else {{ column }} end{%- endmacro %}
{% macro last_quarter(column) -%}case when length({{ column }}) = 4 then {{ column }} || '-Q4' else {{ column }} end{%- endmacro %}
