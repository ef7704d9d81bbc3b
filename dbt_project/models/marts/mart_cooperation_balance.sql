with

figures as (select * from {{ ref('mart_cooperation') }}),

books as (
    select
        {{ cooperation_book() }},
        max(case when measure = 'pending_requests' and statistic = 'start' then value end) as opening,
        max(case when measure = 'requests_registered' then value end) as registered,
        max(case when measure = 'requests_acknowledged' then value end) as acknowledged,
        max(case when measure = 'requests_executed' then value end) as executed,
        max(case when measure = 'requests_executed_part' then value end) as executed_part,
        max(case when measure = 'requests_refused' then value end) as refused,
        max(case when measure = 'requests_withdrawn' then value end) as withdrawn,
        max(case when measure = 'pending_requests' and statistic = 'end' then value end) as closing
    from figures
    where direction <> '_Z' and count_unit = 'request' and assistance <> '_Z' and {{ is_undivided_request() }}
    group by {{ cooperation_book() }}
),

-- Of a partner and a type together, offices give only the registered requests: no balance. In a balance, nothing is
-- assumed about a missing term.
compared as (
    select
        *,
        opening + registered - executed - executed_part - refused - withdrawn as expected
    from books
    where coalesce(opening, executed, executed_part, refused, withdrawn, closing) is not null
),

final as (
    select
        *,
        closing - expected as gap,
        case when closing - expected is null then 'missing' else {{ balance_state('closing - expected') }} end as state
    from compared
)

select * from final
