with

figures as (select * from {{ ref('mart_cooperation') }}),

areas as (select * from {{ ref('dim_area') }}),

blocks as (select * from {{ ref('int_block') }}),

territories as (
    select territory
    from areas
    where area_kind = 'territory' and kind = 'national'
),

registered as (
    select
        territory, year, offence_group, direction, partner, assistance, channel, value, obs_status, date_basis
    from figures
    where freq = 'A' and measure = 'requests_registered' and legal_basis = '_T'
),

-- Only years that somebody reported as a whole.
years as (select distinct year, offence_group from registered where value is not null),

types as (select distinct assistance from registered where channel = '_T'),

-- Every two territories, in both directions, so that a return that is missing is seen.
pairs as (
    select
        senders.territory as sender,
        receivers.territory as receiver,
        years.year, years.offence_group, types.assistance
    from territories as senders
    cross join territories as receivers
    cross join years
    cross join types
    where senders.territory <> receivers.territory
),

-- A year with a nil return is reported: nothing was sent and nothing received.
nil_years as (
    select territory, {{ period_year('period') }} as year
    from blocks
    where is_current and is_nil and instrument = 'cooperation' and freq = 'A' and jurisdiction = territory
),

sent as (select * from registered where direction = 'outgoing' and channel = '_T'),

received as (select * from registered where direction = 'incoming' and channel = '_T'),

-- Requests by direct contact, by all partners together: what a sender sent so, and what a receiver counted so.
direct as (
    select territory, year, offence_group, direction, value
    from registered
    where channel = 'direct' and partner = '_T' and assistance = '_T'
),

joined as (
    select
        pairs.sender, pairs.receiver, pairs.year, pairs.offence_group, pairs.assistance,
        case when sender_nil.territory is not null then 0.0 else sent.value end as sent,
        case when receiver_nil.territory is not null then 0.0 else received.value end as received,
        coalesce(sent.obs_status in ('B', 'D') or received.obs_status in ('B', 'D'), false) as is_other_definition,
        coalesce(sent.date_basis <> received.date_basis, false) as is_other_date,
        coalesce(direct_sent.value > 0 and coalesce(direct_received.value, 0) = 0, false) as is_other_channel
    from pairs
    left join sent
        on pairs.sender = sent.territory
        and pairs.receiver = sent.partner
        and pairs.year = sent.year
        and pairs.offence_group = sent.offence_group
        and pairs.assistance = sent.assistance
    left join received
        on pairs.receiver = received.territory
        and pairs.sender = received.partner
        and pairs.year = received.year
        and pairs.offence_group = received.offence_group
        and pairs.assistance = received.assistance
    left join nil_years as sender_nil on pairs.sender = sender_nil.territory and pairs.year = sender_nil.year
    left join nil_years as receiver_nil on pairs.receiver = receiver_nil.territory and pairs.year = receiver_nil.year
    left join direct as direct_sent
        on pairs.sender = direct_sent.territory
        and pairs.year = direct_sent.year
        and pairs.offence_group = direct_sent.offence_group
        and direct_sent.direction = 'outgoing'
    left join direct as direct_received
        on pairs.receiver = direct_received.territory
        and pairs.year = direct_received.year
        and pairs.offence_group = direct_received.offence_group
        and direct_received.direction = 'incoming'
),

-- What was sent late in one year is received in the next: the figures of two years together may agree.
compared as (
    select
        present.*,
        coalesce({{ mirror_agrees('(present.sent + before.sent)', '(present.received + before.received)') }}, false)
        or coalesce({{ mirror_agrees('(present.sent + later.sent)', '(present.received + later.received)') }}, false)
        as agrees_over_two_years,
        case when present.sent > 0 and present.received > 0 then 'conditional' else '' end as method,
        cast(null as double) as dispersion
    from joined as present
    {% for other, step in [('before', -1), ('later', 1)] -%}
    left join joined as {{ other }}
        on present.sender = {{ other }}.sender
        and present.receiver = {{ other }}.receiver
        and present.year + {{ step }} = {{ other }}.year
        and present.offence_group = {{ other }}.offence_group
        and present.assistance = {{ other }}.assistance
    {% endfor %}
),

limited as (
    {{ with_limits('compared', 'method', 'received', 'sent', 'dispersion') }}
),

judged as (
    select
        *,
        case
            when sent is null or received is null then 'missing'
            when sent = received then 'equal'
            when {{ mirror_agrees('sent', 'received') }} then 'agrees'
            else 'differs'
        end as state
    from limited
),

explained as (
    select
        *,
        case when state = 'missing' then 'missing_return' else '' end as reason_missing,
        case when state = 'differs' and is_other_definition then 'definition' else '' end as reason_definition,
        case when state = 'differs' and is_other_channel and received < sent then 'channel' else '' end as reason_channel,
        case when state = 'differs' and (is_other_date or agrees_over_two_years) then 'timing' else '' end as reason_timing
    from judged
),

final as (
    select
        sender, receiver, year, offence_group, assistance,
        sent, received,
        received - sent as difference,
        case when method <> '' then received / sent end as ratio,
        low, high,
        state,
        case
            when state = 'differs' and reason_definition || reason_channel || reason_timing = '' then 'unexplained'
            else {{ join_reasons(['reason_missing', 'reason_definition', 'reason_channel', 'reason_timing']) }}
        end as reasons
    from explained
)

select * from final
