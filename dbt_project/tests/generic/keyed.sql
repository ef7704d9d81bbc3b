{# The columns are a key: none of them is null and no combination occurs twice. #}
{% test keyed(model, columns, where_true=none) %}

with

rows_of_key as (
    select
        {{ columns | join(', ') }},
        count(*) as n_rows
    from {{ model }}
    {% if where_true %}where {{ where_true }}{% endif %}
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
