{# The rows of unit tests, in place of two macros of dbt. Those look up four macros for each value, and write each column
   of an input that a row leaves out as a null with its type: 235 inputs of up to 40 columns. Here an empty selection
   from the relation gives the columns with their types. #}
{% macro get_fixture_sql(rows, column_name_to_data_types) %}
{%- set types = {} -%}
{%- for column in adapter.get_columns_in_relation(this) -%}
    {%- do types.update({column.name | lower: column.data_type}) -%}
{%- endfor -%}
(select * from {{ this }} limit 0)
{%- for row in rows %}
union all by name
select {% for name, value in format_row(row, types).items() %}{{ value }} as "{{ name }}"{{ ', ' if not loop.last }}{% endfor %}
{%- endfor -%}
{% endmacro %}

{# The values of a row by column, each cast to the type of its column. dbt's `get_expected_sql` calls this too. #}
{% macro format_row(row, column_name_to_data_types) %}
    {%- set values = {} -%}
    {%- for name, value in row.items() -%}
        {%- if name | lower not in column_name_to_data_types -%}
            {%- do exceptions.raise_compiler_error(
                'column ' ~ name ~ ' of a unit test is not among ' ~ column_name_to_data_types.keys() | list
            ) -%}
        {%- endif -%}
        {%- set written = "'" ~ value | replace("'", "''") ~ "'" if value is string else 'null' if value is none else value -%}
        {%- do values.update({name | lower: 'cast(' ~ written ~ ' as ' ~ column_name_to_data_types[name | lower] ~ ')'}) -%}
    {%- endfor -%}
    {{ return(values) }}
{% endmacro %}
