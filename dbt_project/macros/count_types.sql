{# The columns that say what a count is of: measure, unit, offence and breakdown. `pipelines/core/codes.py` lists them. #}
{% macro count_type_columns() %}{{ return(var('count_type_columns')) }}{% endmacro %}

{# The same columns as an SQL list, with an optional prefix such as `own.`. #}
{% macro count_type(prefix='') -%}
    {%- for column in count_type_columns() %}{{ prefix }}{{ column }}{{ ', ' if not loop.last }}{% endfor -%}
{%- endmacro %}

{% macro joined_by_bar(columns, prefix='') -%}
    {%- for column in columns %}{{ prefix }}{{ column }}{{ " || '|' || " if not loop.last }}{% endfor -%}
{%- endmacro %}

{# A short key of the type of a count, to join and group by: the first 12 digits of the MD5 of its columns. A test on
   `int_count_type` checks that it is unique. #}
{% macro count_type_id(prefix='') -%}
    substring(md5({{ joined_by_bar(count_type_columns(), prefix) }}), 1, 12)
{%- endmacro %}

{# The key of one cell, which is a type of count in an area and a period. It depends only on the cell's own columns, so
   it is the same in the warehouse and in every release. A test on `mart_count` checks that it is unique. #}
{% macro cell_id(prefix='', count_type_prefix='') -%}
    substring(md5({{ joined_by_bar(['area_kind', 'area', 'freq', 'period'], prefix) }} || '|' || {{ joined_by_bar(count_type_columns(), count_type_prefix) }}), 1, 16)
{%- endmacro %}

{# The ages in a total: `all`, or `adults` if only they are counted; empty if the count is broken down.
   A count of one type of person or victim is a separate total. #}
{% macro total_of() -%}
    case
        when
            offence <> '_T'
            {%- for dimension in ['sex', 'exploitation', 'citizenship', 'sentence_type', 'sentence_band'] %}
            or {{ dimension }} not in ('_T', '_Z')
            {%- endfor %}
            then ''
        when age in ('_T', '_Z') then 'all'
        when age = 'Y_GE18' then 'adults'
        else ''
    end
{%- endmacro %}
