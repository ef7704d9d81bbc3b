{# The columns that identify the table of a submission that a row is from; a table has one measure of one offence group.
   A victim's status is among them: a presumed and an identified victim are counted under different rules and are
   never summed, so every status is a separate table. #}
{% macro table_columns() %}
    {{ return([
        'submission_id', 'territory', 'jurisdiction', 'instrument', 'source', 'form', 'freq', 'period', 'accumulation',
        'basis', 'measure', 'level', 'count_unit', 'statistic', 'offence_group', 'victim_status',
    ]) }}
{% endmacro %}

{% macro tables(prefix='') -%}
    {%- for column in table_columns() %}{{ prefix }}{{ column }}{{ ', ' if not loop.last }}{% endfor -%}
{%- endmacro %}

{% macro tables_match(left, right) -%}
    {%- for column in table_columns() %}{{ left }}.{{ column }} = {{ right }}.{{ column }}{{ ' and ' if not loop.last }}{% endfor -%}
{%- endmacro %}
