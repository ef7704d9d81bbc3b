{# Files as relations. What a run reads from outside the warehouse are Parquet files, and which ones only the caller
   knows (`pipelines/warehouse/dbt.py`). Before the first model a view of each is made under the name of its source, or of
   the model of the first phase that wrote it, so that models read relations and the lineage of dbt has no gap. An engine
   with a catalogue has these relations already and needs no views. #}
{% macro create_views_of_files() %}{{ return(adapter.dispatch('create_views_of_files')()) }}{% endmacro %}

{% macro default__create_views_of_files() %}{% endmacro %}

{% macro duckdb__create_views_of_files() %}
    {%- if execute -%}
        {%- for name, files in var('files').items() -%}
            {%- set quoted = [] -%}
            {%- for file in files -%}{%- do quoted.append("'" ~ file | replace("'", "''") ~ "'") -%}{%- endfor -%}
            {%- set schema, table = name.split('.') -%}
            {%- do run_query('create schema if not exists ' ~ target.database ~ '.' ~ schema) -%}
            {%- set relation = target.database ~ '.' ~ schema ~ '."' ~ table ~ '"' -%}
            {%- do run_query('create or replace view ' ~ relation ~ ' as select * from read_parquet([' ~ quoted | join(', ') ~ '])') -%}
        {%- endfor -%}
    {%- endif -%}
{% endmacro %}

{# The columns that the model's own page declares: of a model that takes over what it reads as it is. #}
{% macro declared_columns() -%}
    {{ model.columns.keys() | join(', ') }}
{%- endmacro %}
