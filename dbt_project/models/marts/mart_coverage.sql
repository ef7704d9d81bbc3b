with

calendar as (select * from {{ ref('stg_calendar') }}),

blocks as (select * from {{ ref('int_block') }}),

first_arrivals as (
    select
        blocks.jurisdiction, blocks.instrument, blocks.source, blocks.freq, blocks.period,
        min(blocks.accepted_at) as first_accepted_at,
        max(case when blocks.is_current then 1 else 0 end) = 1 as is_reported,
        max(case when blocks.is_current and blocks.is_nil then 1 else 0 end) = 1 as is_nil
    from blocks
    group by blocks.jurisdiction, blocks.instrument, blocks.source, blocks.freq, blocks.period
),

submissions as (select * from {{ ref('stg_submission') }}),

first_received as (
    select
        blocks.jurisdiction, blocks.instrument, blocks.source, blocks.freq, blocks.period,
        min(submissions.received_at) as first_received_at
    from blocks
    inner join submissions on blocks.submission_id = submissions.submission_id
    group by blocks.jurisdiction, blocks.instrument, blocks.source, blocks.freq, blocks.period
),

of_offices as (
    select
        calendar.territory, calendar.jurisdiction, calendar.instrument, calendar.source, calendar.freq, calendar.period,
        calendar.deadline,
        calendar.deadline <= cast({{ as_of() }} as date) as is_due,
        coalesce(first_arrivals.is_reported, false) as is_reported,
        coalesce(first_arrivals.is_nil, false) as is_nil,
        first_received.first_received_at,
        first_arrivals.first_accepted_at,
        case
            when coalesce(first_arrivals.is_reported, false)
                then cast(first_received.first_received_at as date) <= calendar.deadline
        end as is_on_time
    from calendar
    left join first_arrivals
        on calendar.jurisdiction = first_arrivals.jurisdiction
        and calendar.instrument = first_arrivals.instrument
        and calendar.source = first_arrivals.source
        and calendar.freq = first_arrivals.freq
        and calendar.period = first_arrivals.period
    left join first_received
        on calendar.jurisdiction = first_received.jurisdiction
        and calendar.instrument = first_received.instrument
        and calendar.source = first_received.source
        and calendar.freq = first_received.freq
        and calendar.period = first_received.period
),

final as (
    select *
    from of_offices
    where (is_due or is_reported) and {{ is_none_of('instrument', var('uncovered_instruments')) }}
)

select * from final
