{# What differs on Spark, apart from functions: `pipelines/warehouse/spark/` opens the session and its functions. #}

{# The Spark type of a type as contracts declare it, such as `varchar[]` or `struct(block_id varchar, factor integer)[]`. #}
{% macro spark_type(declared) -%}
    {%- set declared = declared | lower | trim -%}
    {%- if declared.endswith('[]') -%}
        {{ return('array<' ~ spark_type(declared[:-2]) ~ '>') }}
    {%- elif declared.startswith('struct(') -%}
        {%- set fields = [] -%}
        {%- for field in declared[7:-1].split(', ') -%}
            {%- set name, type = field.split(' ', 1) -%}
            {%- do fields.append(name ~ ': ' ~ spark_type(type)) -%}
        {%- endfor -%}
        {{ return('struct<' ~ fields | join(', ') ~ '>') }}
    {%- else -%}
        {{ return({'varchar': 'string', 'timestamp': 'timestamp_ntz', 'integer': 'int'}.get(declared, declared)) }}
    {%- endif -%}
{%- endmacro %}

{# A build writes its tables into a new folder, which is discarded if the build fails. So each model becomes a new table
   under its own name. A view would leave no files in that folder, but a build is read by its files. An incremental
   model would find no earlier rows to keep. #}
{% materialization table, adapter='spark' %}
    {{ return({'relations': [write_declared_table()]}) }}
{% endmaterialization %}

{% materialization view, adapter='spark' %}
    {{ return({'relations': [write_declared_table()]}) }}
{% endmaterialization %}

{% materialization incremental, adapter='spark' %}
    {{ return({'relations': [write_declared_table()]}) }}
{% endmaterialization %}

{# Create the model's table with the columns and types of its contract, and insert its rows. Spark refuses columns that
   are missing, undeclared or of a type that would have to be narrowed (`spark.sql.storeAssignmentPolicy`). #}
{% macro write_declared_table() %}
    {%- set relation = this.incorporate(type='table') -%}
    {%- set types = {} -%}
    {%- for column in model.columns.values() -%}
        {%- do types.update({column.name: column.data_type}) -%}
    {%- endfor -%}
    {%- do create_declared_table(relation, types) -%}
    {%- call statement('main') -%}
        insert into {{ relation }} by name
        {{ compiled_code }}
    {%- endcall -%}
    {{ return(relation) }}
{% endmacro %}

{% macro create_declared_table(relation, types) %}
    {%- set declarations = [] -%}
    {%- for name, type in types.items() -%}
        {%- do declarations.append(adapter.quote(name) ~ ' ' ~ spark_type(type)) -%}
    {%- endfor -%}
    {%- call statement('create_declared_table') -%}
        create table {{ relation }} ({{ declarations | join(', ') }}) using parquet
    {%- endcall -%}
{% endmacro %}

{# dbt-spark passes the values of a seed without escaping quotes in them. #}
{% materialization seed, adapter='spark' %}
    {%- set relation = this.incorporate(type='table') -%}
    {%- set seed = load_agate_table() -%}
    {%- do store_result('agate_table', response='OK', agate_table=seed) -%}
    {%- set types = {} -%}
    {%- for name in seed.column_names -%}
        {%- do types.update({name: model['config']['column_types'][name]}) -%}
    {%- endfor -%}
    {%- do create_declared_table(relation, types) -%}
    {%- for rows in seed.rows | batch(500) -%}
        {%- call statement('main') -%}
            insert into {{ relation }} values
            {%- for row in rows %}
            ({% for name, type in types.items() %}{{ typed_literal(row[name], spark_type(type)) }}{{ ', ' if not loop.last }}{% endfor %}){{ ',' if not loop.last }}
            {%- endfor %}
        {%- endcall -%}
    {%- endfor -%}
    {{ return({'relations': [relation]}) }}
{% endmaterialization %}

{# A value of a seed or of a unit test as an SQL expression of a Spark type. The text of a list is YAML. #}
{% macro typed_literal(value, type) -%}
    {%- if value is none -%}
        {{ return('cast(null as ' ~ type ~ ')') }}
    {%- elif type.startswith('array<') -%}
        {%- set elements = [] -%}
        {%- for element in (fromyaml(value) if value is string else value) -%}
            {%- do elements.append(element_literal(element)) -%}
        {%- endfor -%}
        {{ return('cast(array(' ~ elements | join(', ') ~ ') as ' ~ type ~ ')') }}
    {%- else -%}
        {{ return('cast(' ~ element_literal(value) ~ ' as ' ~ type ~ ')') }}
    {%- endif -%}
{%- endmacro %}

{% macro element_literal(value) -%}
    {%- if value is mapping -%}
        {%- set fields = [] -%}
        {%- for name, field in value.items() -%}
            {%- do fields.append("'" ~ name ~ "', " ~ element_literal(field)) -%}
        {%- endfor -%}
        {{ return('named_struct(' ~ fields | join(', ') ~ ')') }}
    {%- elif value is string -%}
        {{ return("'" ~ value | replace('\\', '\\\\') | replace("'", "\\'") ~ "'") }}
    {%- else -%}
        {{ return(value | string) }}
    {%- endif -%}
{%- endmacro %}

{# Functions of dates and texts whose macros in dbt-spark give another type or depend on regular expressions. #}
{% macro spark__dateadd(datepart, interval, from_date_or_timestamp) -%}
    {%- if datepart not in ('day', 'month') -%}
        {%- do exceptions.raise_compiler_error('dateadd of ' ~ datepart ~ ' is not defined for Spark; add it to macros/spark.sql') -%}
    {%- endif -%}
    {{ {'day': 'date_add', 'month': 'add_months'}[datepart] }}({{ from_date_or_timestamp }}, {{ interval }})
{%- endmacro %}

{% macro spark__datediff(first_date, second_date, datepart) -%}
    {%- if datepart != 'day' -%}
        {%- do exceptions.raise_compiler_error('datediff in ' ~ datepart ~ ' is not defined for Spark; add it to macros/spark.sql') -%}
    {%- endif -%}
    date_diff({{ second_date }}, {{ first_date }})
{%- endmacro %}

{% macro spark__split_part(string_text, delimiter_text, part_number) -%}
    split_part({{ string_text }}, {{ delimiter_text }}, {{ part_number }})
{%- endmacro %}
