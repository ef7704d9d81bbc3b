{# True for rows of submissions that the table lacks, in a model that inserts the rows of new submissions. The condition
   begins with the range of the run, because DuckDB reads only row groups that can have values between two constants.
   `not in` alone reads every row of the history. #}
{% macro is_new(column) -%}
    {{ is_in_run(column) }} and {{ column }} not in (
        select distinct loaded.submission_id
        from {{ this }} as loaded
        where {{ is_in_run('loaded.submission_id') }}
    )
{%- endmacro %}

{# True for submissions from the first to the last that this run may insert, or for all if it does not name them. #}
{% macro is_in_run(column) -%}
    {% if var('inserted_range') %}{{ column }} between '{{ var('inserted_range') | first }}' and '{{ var('inserted_range') | last }}'{% else %}true{% endif %}
{%- endmacro %}
