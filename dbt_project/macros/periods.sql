{# Parts of a period's name: 2026-Q3 is a quarter, 2026 a year, 2023-2025 a pool. #}
{% macro period_year(column) -%}cast(substring({{ column }}, 1, 4) as integer){%- endmacro %}
{% macro period_quarter(column) -%}cast(substring({{ column }}, 7, 1) as integer){%- endmacro %}

{# A quarter from figures for the year so far: the first quarter as it is, a later one as the difference to the quarter
   before; null if that is missing. A quarter before that did not apply (M, K) is subtracted as 0. #}
{% macro discrete_of_year_so_far(value, quarter, earlier_value, earlier_status, earlier_quarter) -%}
    case
        when {{ quarter }} = 1 then {{ value }}
        when {{ earlier_quarter }} = {{ quarter }} - 1 and {{ earlier_status }} in ('M', 'K') and {{ earlier_value }} is null then {{ value }}
        when {{ earlier_quarter }} = {{ quarter }} - 1 then {{ value }} - {{ earlier_value }}
    end
{%- endmacro %}

{% macro as_of() -%}cast('{{ var("as_of") }}' as timestamp){%- endmacro %}

{# First and last quarter of a quarter, year or pool, as text that sorts. #}
{% macro first_quarter(column) -%}case when length({{ column }}) = 7 then {{ column }} else substring({{ column }}, 1, 4) || '-Q1' end{%- endmacro %}
{% macro last_quarter(column) -%}case when length({{ column }}) = 7 then {{ column }} else substring({{ column }}, length({{ column }}) - 3, 4) || '-Q4' end{%- endmacro %}

{# The quarter of a day; the first day of a quarter; its last day, or that of the quarter so many quarters later. #}
{% macro quarter_of(day) -%}cast(extract(year from {{ day }}) as string) || '-Q' || cast(extract(quarter from {{ day }}) as string){%- endmacro %}
{% macro quarter_start(quarter) -%}
    cast(substring({{ quarter }}, 1, 4) || case {{ period_quarter(quarter) }} when 1 then '-01-01' when 2 then '-04-01' when 3 then '-07-01' else '-10-01' end as date)
{%- endmacro %}
{% macro quarter_end(quarter, later='0') -%}
    cast({{ dbt.dateadd('day', -1, dbt.dateadd('month', '3 * (' ~ later ~ ' + 1)', quarter_start(quarter))) }} as date)
{%- endmacro %}
