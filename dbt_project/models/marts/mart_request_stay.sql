with

blocks as (select * from {{ ref('int_block') }}),

facts as (select * from {{ ref('fct_case_event') }}),

offences as (select * from {{ ref('offence') }}),

covered as (
    select
        territory, jurisdiction, source, form, freq, period, submission_id,
        {{ quarter_start(first_quarter('period')) }} as first_day,
        {{ quarter_end(last_quarter('period')) }} as last_day
    from blocks
    where is_current and instrument = 'requests' and jurisdiction = territory
),

-- A run of returns without a gap: a missing return begins a new one.
marked as (
    select
        *,
        case
            when lag(last_day) over (partition by form order by first_day) = {{ dbt.dateadd('day', -1, 'first_day') }} then 0
            else 1
        end as begins_run
    from covered
),

numbered as (
    select
        *,
        sum(begins_run) over (partition by form order by first_day rows between unbounded preceding and current row) as run
    from marked
),

runs as (
    select
        form, run,
        max(last_day) as seen_until
    from numbered
    group by form, run
),

events as (
    select
        facts.proceeding as request,
        facts.event, facts.event_date, facts.partner, facts.direction, facts.assistance,
        offences.offence_group,
        numbered.territory, numbered.source, numbered.form, numbered.run
    from facts
    inner join numbered
        on facts.submission_id = numbered.submission_id
        and facts.jurisdiction = numbered.jurisdiction
        and facts.form = numbered.form
        and facts.freq = numbered.freq
        and facts.period = numbered.period
    inner join offences on facts.offence = offences.code
),

-- A request that was registered before the records, or twice, counts from its first registration in them or not at all.
registered as (
    select
        *,
        row_number() over (partition by form, request order by event_date nulls last, offence_group) as place
    from events
    where event = 'requests_registered'
),

happened as (
    select
        form, request, run,
        min(case when event = 'requests_acknowledged' then event_date end) as acknowledged,
        min(case when event in ('requests_executed', 'requests_executed_part') then event_date end) as executed,
        min(case when event in ('requests_refused', 'requests_withdrawn') then event_date end) as given_up
    from events
    group by form, request, run
),

followed as (
    select
        registered.*,
        runs.seen_until, happened.acknowledged, happened.executed, happened.given_up
    from registered
    inner join runs on registered.form = runs.form and registered.run = runs.run
    inner join happened
        on registered.form = happened.form and registered.request = happened.request and registered.run = happened.run
    where registered.place = 1
),

-- A request that is refused or withdrawn waits no longer, and neither does one that is answered without a receipt.
waits as (
    select
        *,
        'requests_acknowledged' as measure,
        acknowledged as reached,
        least(coalesce(executed, given_up), coalesce(given_up, executed)) as left_on
    from followed
    union all
    select
        *,
        'requests_executed' as measure,
        executed as reached,
        given_up as left_on
    from followed
),

dated as (
    select
        *,
        reached is not null and (left_on is null or reached <= left_on) as has_ended,
        coalesce(least(coalesce(reached, left_on), coalesce(left_on, reached)), seen_until) as last_day
    from waits
),

final as (
    select
        territory, source, request, offence_group, direction, partner, assistance, measure,
        cast(extract(year from event_date) as integer) as year,
        cast({{ dbt.datediff('event_date', 'last_day', 'day') }} as integer) as days,
        has_ended,
        not has_ended and left_on is null as is_open,
        seen_until
    from dated
    where last_day >= event_date
)

select * from final
