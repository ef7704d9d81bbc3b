{# Every value of the column is a code of the list of that name. #}
{% test in_codelist(model, column_name, codelist) %}

with

used as (select distinct {{ column_name }} as code from {{ model }}),

known as (select code from {{ ref(codelist) }}),

final as (
    select used.code
    from used
    left join known on used.code = known.code
    where known.code is null
)

select * from final

{% endtest %}
