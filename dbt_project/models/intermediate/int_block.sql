with

blocks as (select * from {{ ref('stg_block') }}),

forms as (select * from {{ source('gathered', 'form') }}),

submissions as (select * from {{ ref('stg_submission') }}),

calendar as (select * from {{ ref('stg_calendar') }}),

series as (
    select
        series,
        min(source) as source,
        min(territory) as territory
    from forms
    group by series
),

known as (
    select
        *,
        {{ block_id() }} as block_id
    from blocks
    where accepted_at <= {{ as_of() }}
),

-- Returns sent as final are final at once, others from the day of the release. Periods that the calendar never required
-- (a back series) are final on arrival.
final as (
    select
        known.submission_id,
        known.jurisdiction,
        known.instrument,
        known.form,
        known.freq,
        known.period,
        known.block_id,
        series.territory,
        series.source,
        known.row_count,
        known.is_nil,
        known.accepted_at,
        case when known.superseded_at <= {{ as_of() }} then known.superseded_at end as superseded_at,
        known.superseded_at is null or known.superseded_at > {{ as_of() }} as is_current,
        calendar.final_on,
        coalesce(
            cast({{ as_of() }} as date) < calendar.final_on
            and coalesce(submissions.revision_reason, '') <> 'provisional_final',
            false
        ) as is_provisional
    from known
    left join series on known.form = series.series
    left join submissions on known.submission_id = submissions.submission_id
    left join calendar
        on known.jurisdiction = calendar.jurisdiction
        and known.instrument = calendar.instrument
        and series.source = calendar.source
        and known.freq = calendar.freq
        and known.period = calendar.period
)

select * from final
