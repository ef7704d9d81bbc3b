{# Files as relations. A run reads Parquet files from outside the warehouse, which the caller names
   (`pipelines/warehouse/dbt.py`). Before the first model, a view of each file is created under the name of its
   source, or of the first-phase model that wrote it, so that models read relations and dbt's lineage has no gap. An
   engine with a catalogue already has these relations and needs no views.

   A lake is read on other machines and at earlier versions, so there the rows are copied into tables, all in one
   transaction. #}
{% macro create_views_of_files() %}{{ return(adapter.dispatch('create_views_of_files')()) }}{% endmacro %}

{% macro default__create_views_of_files() %}{% endmacro %}

{% macro duckdb__create_views_of_files() %}
    {%- set statements = [] -%}
    {%- set is_lake = adapter.is_ducklake(api.Relation.create(database=target.database)) -%}
    {%- for name, files in var('files').items() -%}
        {%- set quoted = [] -%}
        {%- for file in files -%}{%- do quoted.append("'" ~ file | replace("'", "''") ~ "'") -%}{%- endfor -%}
        {%- set schema, table = name.split('.') -%}
        {#- Facts of different years have different columns; the first file is empty and has all of them. -#}
        {%- set by_name = ', union_by_name = true' if schema == 'facts' else '' -%}
        {%- set relation = target.database ~ '.' ~ schema ~ '."' ~ table ~ '"' -%}
        {%- do statements.append('create schema if not exists ' ~ target.database ~ '.' ~ schema) -%}
        {%- do statements.append('create or replace ' ~ ('table ' if is_lake else 'view ') ~ relation ~ ' as select * from read_parquet([' ~ quoted | join(', ') ~ ']' ~ by_name ~ ')') -%}
    {%- endfor -%}
    {%- if is_lake and statements -%}{%- set statements = ['begin'] + statements + ['commit'] -%}{%- endif -%}
    {%- if execute and statements -%}{%- do run_query(statements | join(';\n')) -%}{%- endif -%}
{% endmacro %}

{# The columns declared in the model's yml file, for models that pass their input on unchanged. `computed` are those that
   the model adds to its input. #}
{% macro declared_columns(computed=[]) -%}
    {{ model.columns.keys() | reject('in', computed) | join(', ') }}
{%- endmacro %}
