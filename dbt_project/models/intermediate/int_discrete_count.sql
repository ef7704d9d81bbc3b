with

submission_counts as (select * from {{ ref('int_submission_count') }}),

blocks as (select * from {{ ref('int_block') }}),

measures as (select * from {{ ref('measure') }}),

newest as (
    select
        counts.submission_id, counts.territory, counts.jurisdiction, counts.instrument, counts.source, counts.form,
        counts.freq, counts.period, counts.accumulation, counts.count_type_id, counts.measure, counts.statistic,
        counts.value, counts.obs_status, counts.basis, blocks.block_id,
        case
            when counts.value is not null and blocks.is_provisional then {{ join_lists(['counts.flags', "'provisional'"]) }}
            else counts.flags
        end as flags,
        {{ period_year('counts.period') }} as year,
        case when counts.freq = 'Q' then {{ period_quarter('counts.period') }} else 0 end as quarter,
        measures.sums_over_time
    from submission_counts as counts
    inner join blocks
        on counts.submission_id = blocks.submission_id
        and counts.jurisdiction = blocks.jurisdiction
        and counts.instrument = blocks.instrument
        and counts.form = blocks.form
        and counts.freq = blocks.freq
        and counts.period = blocks.period
    inner join measures on counts.measure = measures.code
    where blocks.is_current
),

cumulative as (
    select
        *,
        lag(value) over year_so_far as earlier_value,
        lag(obs_status) over year_so_far as earlier_status,
        lag(quarter) over year_so_far as earlier_quarter,
        lag(submission_id) over year_so_far as earlier_submission_id,
        lag(block_id) over year_so_far as earlier_block_id
    from newest
    where accumulation = 'ytd' and freq = 'Q' and sums_over_time
    window year_so_far as (
        partition by jurisdiction, instrument, source, form, year, count_type_id
        order by quarter
    )
),

-- The first quarter equals the year so far. A later one is the difference to the quarter before, and null if that is
-- missing. A negative difference is kept: the office has corrected an earlier quarter without sending it again.
differenced as (
    select
        *,
        {{ discrete_of_year_so_far('value', 'quarter', 'earlier_value', 'earlier_status', 'earlier_quarter') }} as discrete_value
    from cumulative
),

discrete as (
    select
        territory, jurisdiction, instrument, source, form, freq, period, year, quarter,
        count_type_id, measure,
        discrete_value as value,
        case
            when discrete_value is not null or value is null then obs_status
            else 'O'
        end as obs_status,
        case when quarter = 1 then basis else 'derived_ytd' end as basis,
        case
            when discrete_value < 0 then {{ join_lists(['flags', "'negative_difference'"]) }}
            when discrete_value is null and value is not null then {{ join_lists(['flags', "'ytd_gap'"]) }}
            else flags
        end as flags,
        case
            when quarter > 1 and earlier_quarter = quarter - 1 then {{ join_lists(['submission_id', 'earlier_submission_id']) }}
            else submission_id
        end as submission_ids,
        case
            when quarter > 1 and earlier_quarter = quarter - 1
                then {{ append_list(part('block_id', 'count_type_id'), part('earlier_block_id', 'count_type_id', -1)) }}
            else {{ part('block_id', 'count_type_id') }}
        end as parts
    from differenced
    union all
    -- A stock does not accumulate: its end is that of the quarter, and its start that of the year, so only the first
    -- quarter has one.
    select
        territory, jurisdiction, instrument, source, form, freq, period, year, quarter,
        count_type_id, measure,
        value, obs_status, basis, flags, submission_id as submission_ids,
        {{ part('block_id', 'count_type_id') }} as parts
    from newest
    where
        not (accumulation = 'ytd' and freq = 'Q' and sums_over_time)
        and not (accumulation = 'ytd' and freq = 'Q' and not sums_over_time and statistic = 'start' and quarter > 1)
),

final as (select * from discrete)

select * from final
