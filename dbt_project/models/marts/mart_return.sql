with

submissions as (select * from {{ ref('stg_submission') }}),

events as (select * from {{ ref('stg_event') }}),

blocks as (select * from {{ ref('int_block') }}),

of_blocks as (
    select
        submission_id,
        min(jurisdiction) as jurisdiction,
        min(instrument) as instrument,
        min(source) as source,
        min(period) as first_period,
        max(period) as last_period,
        count(*) as n_blocks,
        count(case when is_current then 1 end) as n_current_blocks,
        max(case when is_nil then 1 else 0 end) = 1 as is_nil
    from blocks
    group by submission_id
),

-- The state at the requested moment is that after the last event before it.
ranked_events as (
    select
        *,
        row_number() over (partition by submission_id order by event_id desc) as rank_of_event
    from events
    where event_at <= {{ as_of() }} and to_state is not null
),

states as (
    select submission_id, to_state
    from ranked_events
    where rank_of_event = 1
),

final as (
    select
        submissions.submission_id, submissions.territory, of_blocks.jurisdiction, of_blocks.instrument, of_blocks.source,
        submissions.form, submissions.kind, submissions.filename, submissions.format, submissions.sha256,
        submissions.received_at,
        case when submissions.accepted_at <= {{ as_of() }} then submissions.accepted_at end as accepted_at,
        coalesce(states.to_state, 'received') as state,
        submissions.errors, submissions.warnings, submissions.informations,
        submissions.corrects_submission_id, submissions.is_demonstration,
        of_blocks.first_period, of_blocks.last_period,
        cast(coalesce(of_blocks.n_blocks, 0) as integer) as n_blocks,
        cast(coalesce(of_blocks.n_current_blocks, 0) as integer) as n_current_blocks,
        coalesce(of_blocks.is_nil, false) as is_nil
    from submissions
    left join of_blocks on submissions.submission_id = of_blocks.submission_id
    left join states on submissions.submission_id = states.submission_id
    where submissions.received_at <= {{ as_of() }} and {{ is_none_of('of_blocks.instrument', var('unreleased_instruments')) }}
)

select * from final
