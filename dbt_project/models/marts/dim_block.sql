with

blocks as (select * from {{ ref('stg_block') }}),

forms as (select * from {{ ref('stg_form') }}),

series as (
    select
        series,
        min(source) as source,
        min(territory) as territory
    from forms
    group by series
),

known as (
    select *
    from blocks
    where accepted_at <= {{ as_of() }}
),

final as (
    select
        known.submission_id,
        known.jurisdiction,
        known.instrument,
        known.form,
        known.freq,
        known.period,
        series.territory,
        series.source,
        known.row_count,
        known.is_nil,
        known.accepted_at,
        case when known.superseded_at <= {{ as_of() }} then known.superseded_at end as superseded_at,
        known.superseded_at is null or known.superseded_at > {{ as_of() }} as is_current
    from known
    left join series on known.form = series.series
)

select * from final
