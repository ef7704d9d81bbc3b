{# The columns are a key: none of them is null and no combination occurs twice. With `insert_only`, the rows of
   submissions that the copied build had already are left out: they were tested when they were inserted, and
   `submission_id` is one of the columns.

   Only keys whose hash occurs twice are compared: DuckDB has no memory for all keys of a history of 400 years.

   The condition begins with `true and`, since Spark reads `where (true) group by` as a relation that is named `where`. #}
{% test keyed(model, columns, where_true=none, insert_only=false) %}

{%- set inserted = var('inserted_submissions', none) if insert_only else none %}
{%- if insert_only and 'submission_id' not in columns -%}
    {%- do exceptions.raise_compiler_error('a key of insert-only rows has the column submission_id') -%}
{%- endif %}
{%- set is_tested -%}
    true and ({{ where_true or 'true' }})
    {%- if inserted is not none %}
        and (submission_id is null or submission_id in ({% for id in inserted %}'{{ id }}', {% endfor %}''))
    {%- endif %}
{%- endset %}

with

repeated_hashes as (
    select hash({{ columns | join(', ') }}) as hash_of_key
    from {{ model }}
    where {{ is_tested }}
    group by hash({{ columns | join(', ') }})
    having count(*) > 1
),

repeated_keys as (
    select
        {{ columns | join(', ') }},
        count(*) as n_rows
    from {{ model }}
    where
        {{ is_tested }}
        and hash({{ columns | join(', ') }}) in (select hash_of_key from repeated_hashes)
    group by {{ columns | join(', ') }}
    having count(*) > 1
),

keys_with_null as (
    select
        {{ columns | join(', ') }},
        count(*) as n_rows
    from {{ model }}
    where
        {{ is_tested }}
        and ({% for column in columns %}{{ column }} is null{{ ' or ' if not loop.last }}{% endfor %})
    group by {{ columns | join(', ') }}
),

final as (
    select * from repeated_keys
    union
    select * from keys_with_null
)

select * from final

{% endtest %}
