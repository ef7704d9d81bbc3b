{# The rows of unit tests, in place of two macros of dbt. Those look up four macros for each value, and write each column
   of an input that a row leaves out as a null with its type: 235 inputs of up to 40 columns. Here an empty selection
   from the relation gives the columns with their types. #}
{% macro get_fixture_sql(rows, column_name_to_data_types) %}
{%- set types = {} -%}
{%- for column in adapter.get_columns_in_relation(this) -%}
    {%- do types.update({column.name | lower: column.data_type}) -%}
{%- endfor -%}
{{ fixture_rows(rows, types) }}
{% endmacro %}

{% macro fixture_rows(rows, types) %}{{ return(adapter.dispatch('fixture_rows')(rows, types)) }}{% endmacro %}

{# In Spark, `by name` is not an option of `union all`, so each row has all columns. #}
{% macro default__fixture_rows(rows, types) -%}
(select * from {{ this }} limit 0)
{%- for row in rows %}
{%- set values = format_row(row, types) %}
union all
select {% for name, type in types.items() %}{{ values.get(name, 'cast(null as ' ~ type ~ ')') }} as {{ adapter.quote(name) }}{{ ', ' if not loop.last }}{% endfor %}
{%- endfor -%}
{%- endmacro %}

{% macro duckdb__fixture_rows(rows, types) -%}
(select * from {{ this }} limit 0)
{%- for row in rows %}
union all by name
select {% for name, value in format_row(row, types).items() %}{{ value }} as "{{ name }}"{{ ', ' if not loop.last }}{% endfor %}
{%- endfor -%}
{%- endmacro %}

{# The values of a row by column, each cast to the type of its column. dbt's `get_expected_sql` calls this too. #}
{% macro format_row(row, column_name_to_data_types) %}
    {%- set is_spark = target.type == 'spark' -%}
    {%- set values = {} -%}
    {%- for name, value in row.items() -%}
        {%- if name | lower not in column_name_to_data_types -%}
            {%- do exceptions.raise_compiler_error(
                'column ' ~ name ~ ' of a unit test is not among ' ~ column_name_to_data_types.keys() | list
            ) -%}
        {%- endif -%}
        {%- set type = column_name_to_data_types[name | lower] -%}
        {%- if is_spark -%}
            {%- do values.update({name | lower: typed_literal(value, type)}) -%}
        {%- else -%}
            {%- set written = "'" ~ value | replace("'", "''") ~ "'" if value is string else 'null' if value is none else value -%}
            {%- do values.update({name | lower: 'cast(' ~ written ~ ' as ' ~ type ~ ')'}) -%}
        {%- endif -%}
    {%- endfor -%}
    {{ return(values) }}
{% endmacro %}
