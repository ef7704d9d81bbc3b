{# A figure has a status that goes with figures; a cell without one says why (O, L, M, Q, or K: counted elsewhere). #}
{% test value_and_status_agree(model, value='value', status='obs_status') %}

with

final as (
    select *
    from {{ model }}
    where
        {{ status }} is null
        or ({{ value }} is null and {{ status }} not in ('O', 'L', 'M', 'Q', 'K'))
        or ({{ value }} is not null and {{ status }} in ('O', 'L', 'M', 'Q'))
)

select * from final

{% endtest %}
