{# Comma-separated lists of codes: sorted, without duplicates, empty text for no codes. #}

{# Aggregate: the union of the comma lists of a group. In DuckDB, `distinct` in the aggregate takes more memory and
   time than removing duplicates afterwards, from groups of a few rows. #}
{% macro union_lists(column) %}{{ return(adapter.dispatch('union_lists')(column)) }}{% endmacro %}

{% macro default__union_lists(column) -%}
    case
        when min({{ column }}) = max({{ column }}) then min({{ column }})
        else array_join(array_sort(array_distinct(flatten(collect_set(split(nullif({{ column }}, ''), ','))))), ',')
    end
{%- endmacro %}

{% macro duckdb__union_lists(column) -%}
    case
        when min({{ column }}) = max({{ column }}) then min({{ column }})
        else coalesce(array_to_string(list_sort(list_distinct(string_split(string_agg(nullif({{ column }}, ''), ','), ','))), ','), '')
    end
{%- endmacro %}

{# Aggregate: the codes of a group, in the order of a column that sorts as they do. #}
{% macro join_values(column, order_by) %}{{ return(adapter.dispatch('join_values')(column, order_by)) }}{% endmacro %}

{% macro default__join_values(column, order_by) -%}array_join(array_sort(collect_list({{ column }})), ','){%- endmacro %}

{% macro duckdb__join_values(column, order_by) -%}coalesce(string_agg({{ column }}, ',' order by {{ order_by }}), ''){%- endmacro %}

{# True if a comma list contains a code. #}
{% macro listed(code, codes) -%}
    position(',' || {{ code }} || ',' in ',' || {{ codes }} || ',') > 0
{%- endmacro %}

{# Row by row: the union of several comma lists of one row. #}
{% macro join_lists(columns) %}{{ return(adapter.dispatch('join_lists')(columns)) }}{% endmacro %}

{% macro default__join_lists(columns) -%}
    array_join(array_sort(array_distinct(split(concat_ws(','{% for c in columns %}, nullif({{ c }}, ''){% endfor %}), ','))), ',')
{%- endmacro %}

{% macro duckdb__join_lists(columns) -%}
    array_to_string(list_sort(list_distinct(string_split(concat_ws(','{% for c in columns %}, nullif({{ c }}, ''){% endfor %}), ','))), ',')
{%- endmacro %}
