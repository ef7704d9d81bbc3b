{# Lineage: each figure of the first phase carries where it comes from, through every model that chooses or sums figures.

   A row of a return or of a register is named by `fact_id`. Figures of one submission carry a list of them, `fact_ids`.
   Later figures carry a list of `parts`: figures of submissions, each with factor 1 or -1. A part is named by its block
   and its type of count; a part of a nil return has no rows. Lists are sorted, so that the same figures give the same
   table. #}

{# A short key of a row of facts within its submission: the first 12 digits of the MD5 of these columns. #}
{% macro fact_id(columns) -%}
    substring(md5({{ joined_by_bar(columns) }}), 1, 12)
{%- endmacro %}

{# The key of a block: its submission, and a short hash of the other columns of the key. #}
{% macro block_id() -%}
    submission_id || '-' || substring(md5({{ joined_by_bar(['jurisdiction', 'instrument', 'form', 'freq', 'period']) }}), 1, 8)
{%- endmacro %}

{# The type of the column `parts`, for contracts and empty lists. #}
{% macro parts_type() -%}struct(block_id varchar, count_type_id varchar, factor integer)[]{%- endmacro %}

{# A list of one value. #}
{% macro list_of(value) %}{{ return(adapter.dispatch('list_of')(value)) }}{% endmacro %}
{% macro default__list_of(value) -%}array({{ value }}){%- endmacro %}
{% macro duckdb__list_of(value) -%}[{{ value }}]{%- endmacro %}

{# Aggregate: the sorted list of a column's values. #}
{% macro list_values(column) %}{{ return(adapter.dispatch('list_values')(column)) }}{% endmacro %}
{% macro default__list_values(column) -%}array_sort(collect_list({{ column }})){%- endmacro %}
{% macro duckdb__list_values(column) -%}list_sort(list({{ column }})){%- endmacro %}

{# Aggregate: the sorted list of everything in the lists of a column. #}
{% macro merge_lists(column) %}{{ return(adapter.dispatch('merge_lists')(column)) }}{% endmacro %}
{% macro default__merge_lists(column) -%}array_sort(flatten(collect_list({{ column }}))){%- endmacro %}
{% macro duckdb__merge_lists(column) -%}list_sort(flatten(list({{ column }}))){%- endmacro %}

{# Row by row: two lists as one; a missing list adds nothing. #}
{% macro append_list(first, second) %}{{ return(adapter.dispatch('append_list')(first, second)) }}{% endmacro %}
{% macro default__append_list(first, second) -%}flatten(array_compact(array({{ first }}, {{ second }}))){%- endmacro %}
{% macro duckdb__append_list(first, second) -%}list_concat({{ first }}, {{ second }}){%- endmacro %}

{# A list of one part, a figure of a block. #}
{% macro part(block_id, count_type_id, factor=1) %}{{ return(adapter.dispatch('part')(block_id, count_type_id, factor)) }}{% endmacro %}
{% macro default__part(block_id, count_type_id, factor) -%}
    array(named_struct('block_id', {{ block_id }}, 'count_type_id', {{ count_type_id }}, 'factor', {{ factor }}))
{%- endmacro %}
{% macro duckdb__part(block_id, count_type_id, factor) -%}
    [struct_pack(block_id := {{ block_id }}, count_type_id := {{ count_type_id }}, factor := cast({{ factor }} as integer))]
{%- endmacro %}

{# No parts: nobody has reported the figure. #}
{% macro no_parts() %}{{ return(adapter.dispatch('no_parts')()) }}{% endmacro %}
{% macro default__no_parts() -%}cast(array() as {{ spark_type(parts_type()) }}){%- endmacro %}
{% macro duckdb__no_parts() -%}cast([] as {{ parts_type() }}){%- endmacro %}

{# The same parts, subtracted. #}
{% macro negate_parts(parts) %}{{ return(adapter.dispatch('negate_parts')(parts)) }}{% endmacro %}
{% macro default__negate_parts(parts) -%}
    transform({{ parts }}, part -> named_struct('block_id', part.block_id, 'count_type_id', part.count_type_id, 'factor', -part.factor))
{%- endmacro %}
{% macro duckdb__negate_parts(parts) -%}
    list_transform({{ parts }}, lambda part: struct_pack(block_id := part.block_id, count_type_id := part.count_type_id, factor := -part.factor))
{%- endmacro %}

{# One row for each element of a list column, with the other columns asked for. #}
{% macro unnest_list(relation, columns, list, element) %}{{ return(adapter.dispatch('unnest_list')(relation, columns, list, element)) }}{% endmacro %}
{% macro default__unnest_list(relation, columns, list, element) -%}
    select {{ columns }}, {{ element }} from {{ relation }} lateral view explode({{ list }}) elements as {{ element }}
{%- endmacro %}
{% macro duckdb__unnest_list(relation, columns, list, element) -%}
    select {{ columns }}, unnest({{ list }}) as {{ element }} from {{ relation }}
{%- endmacro %}
