with

pairs as (select * from {{ ref('mart_mirror') }}),

-- Totals of both sides are those of the pairs that both report, so that they can be compared.
final as (
    select
        year, offence_group, assistance,
        cast(count(*) as integer) as n_pairs,
        cast(count(case when state <> 'missing' then 1 end) as integer) as n_compared,
        cast(count(case when state = 'equal' then 1 end) as integer) as n_equal,
        cast(count(case when state in ('equal', 'agrees') then 1 end) as integer) as n_reconciled,
        sum(case when state <> 'missing' then sent end) as sent,
        sum(case when state <> 'missing' then received end) as received,
        sum(case when state <> 'missing' then abs(difference) end) as absolute_difference,
        {% for reason in ['missing_return', 'definition', 'channel', 'timing', 'unexplained'] -%}
        cast(count(case when ',' || reasons || ',' like '%,{{ reason }},%' then 1 end) as integer) as n_{{ reason }}{{ ',' if not loop.last }}
        {% endfor %}
    from pairs
    group by year, offence_group, assistance
)

select * from final
