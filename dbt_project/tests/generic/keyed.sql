{# The columns are a key: none of them is null and no combination occurs twice. With `insert_only`, the rows of
   submissions that the copied build had already are left out: they were tested when they were inserted, and
   `submission_id` is one of the columns. #}
{% test keyed(model, columns, where_true=none, insert_only=false) %}

{%- set inserted = var('inserted_submissions', none) if insert_only else none %}
{%- if insert_only and 'submission_id' not in columns -%}
    {%- do exceptions.raise_compiler_error('a key of insert-only rows has the column submission_id') -%}
{%- endif %}

with

rows_of_key as (
    select
        {{ columns | join(', ') }},
        count(*) as n_rows
    from {{ model }}
    where
        {{ where_true or 'true' }}
        {%- if inserted is not none %}
        and (submission_id is null or submission_id in ({% for id in inserted %}'{{ id }}', {% endfor %}''))
        {%- endif %}
    group by {{ columns | join(', ') }}
),

final as (
    select *
    from rows_of_key
    where
        n_rows > 1
        {%- for column in columns %}
        or {{ column }} is null
        {%- endfor %}
)

select * from final

{% endtest %}
