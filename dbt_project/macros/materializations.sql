{# How DuckDB writes tables and views. A build writes a new file, which is discarded if the build fails, so a relation is
   created under its own name. dbt's materializations write it under another name, and rename it in a transaction. #}
{% materialization table, adapter='duckdb' %}
    {{ return({'relations': [create_checked_relation('table')]}) }}
{% endmaterialization %}

{% materialization view, adapter='duckdb' %}
    {{ return({'relations': [create_checked_relation('view')]}) }}
{% endmaterialization %}

{# Create the model's relation, and compare its columns with the contract. `assert_columns_equivalent` describes how they
   differ; the last error is for differences that it ignores. #}
{% macro create_checked_relation(kind) %}
    {%- set relation = this.incorporate(type=kind) -%}
    {%- set code = compiled_code | replace(batch_mark(), '0') -%}
    {%- call statement('main') -%}
        create or replace {{ kind }} {{ relation }} as (
            {{ code }}
        )
    {%- endcall -%}
    {%- if code != compiled_code -%}
        {%- for batch in range(1, var('batches')) -%}
            {%- call statement('batch_' ~ batch) -%}
                insert into {{ relation }}
                {{ compiled_code | replace(batch_mark(), batch | string) }}
            {%- endcall -%}
        {%- endfor -%}
    {%- endif -%}
    {%- if not fulfils_contract('from ' ~ relation) -%}
        {%- do assert_columns_equivalent(code) -%}
        {%- do exceptions.raise_compiler_error('columns must be in the order of the contract, and have no constraints') -%}
    {%- endif -%}
    {{ return(relation) }}
{% endmacro %}

{# True for the rows of the batch that is being inserted. DuckDB keeps lists in memory while it groups rows, and writes
   wide rows that are read several times to the disk, so a long history is made in batches; `column` must be one by
   which the model groups, or on which nothing outside of a batch depends. A table of `batches` = 1 is made at once. #}
{% macro in_batch(column) %}{{ return(adapter.dispatch('in_batch')(column)) }}{% endmacro %}
{% macro default__in_batch(column) -%}true{%- endmacro %}
{% macro duckdb__in_batch(column) -%}
    {% if var('batches') > 1 %}hash({{ column }}) % {{ var('batches') }} = {{ batch_mark() }}{% else %}true{% endif %}
{%- endmacro %}
{% macro batch_mark() -%}/* number of the batch */{%- endmacro %}

{# For incremental models. dbt compares the contract with the query by planning a query of the declared columns too. #}
{% macro duckdb__get_assert_columns_equivalent(sql) %}
    {%- if not fulfils_contract(sql) -%}{{ assert_columns_equivalent(sql) }}{%- endif -%}
{% endmacro %}

{# True if a query gives the declared columns in their order, with the declared types, and none has a constraint. #}
{% macro fulfils_contract(sql) %}
    {%- set actual = [] -%}
    {%- for column in adapter.get_column_schema_from_query(sql) -%}
        {%- do actual.append((column.name ~ ' ' ~ column.dtype) | lower) -%}
    {%- endfor -%}
    {%- set declared = [] -%}
    {%- for column in model.columns.values() -%}
        {%- for part in api.Column.create(column.name, column.data_type).flatten() -%}
            {%- do declared.append((part.name ~ ' ' ~ part.dtype) | lower) -%}
        {%- endfor -%}
    {%- endfor -%}
    {%- set constraints = model.columns.values() | map(attribute='constraints') | sum(start=model.constraints) -%}
    {{ return(actual == declared and not constraints) }}
{% endmacro %}
