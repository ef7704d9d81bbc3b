{# True for rows of submissions that the table lacks, in a model that inserts the rows of new submissions. The range of
   the run's submissions is stated too, because DuckDB and DuckLake skip blocks of rows outside of a constant range;
   they read all columns of a row before they know that its submission is not new. #}
{% macro is_new(column) -%}
    {{ is_in_run(column) }} and {{ column }} not in (
        select distinct loaded.submission_id
        from {{ this }} as loaded
        where {{ is_in_run('loaded.submission_id') }}
    )
{%- endmacro %}
{% macro is_in_run(column) -%}
    {% if var('inserted_range') %}{{ column }} between '{{ var('inserted_range') | first }}' and '{{ var('inserted_range') | last }}'{% else %}true{% endif %}
{%- endmacro %}
