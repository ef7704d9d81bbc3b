with

counted as (select * from {{ ref('int_office_count') }} where counts and {{ in_batch(period_year('period')) }}),

count_types as (select count_type_id, statistic from {{ ref('int_count_type') }}),

measures as (select * from {{ ref('measure') }}),

quarters as (
    select
        counted.*,
        substring(counted.period, 1, 4) as year,
        {{ period_quarter('counted.period') }} as quarter,
        count_types.statistic,
        measures.sums_over_time
    from counted
    inner join count_types on counted.count_type_id = count_types.count_type_id
    inner join measures on counted.measure = measures.code
    where counted.freq = 'Q'
),

-- Four discrete quarters make a year. A stock is not summed: the year begins with the start of its first quarter and
-- ends with the end of its fourth.
from_quarters as (
    select
        territory, jurisdiction, year,
        count_type_id, measure,
        {{ sum_value() }} as value,
        {{ sum_status() }} as obs_status,
        {{ union_lists('flags') }} as flags,
        {{ union_lists('submission_ids') }} as submission_ids,
        {{ merge_lists('parts') }} as parts
    from quarters
    where
        sums_over_time
        or (statistic = 'start' and quarter = 1)
        or (statistic = 'end' and quarter = 4)
    group by territory, jurisdiction, year, sums_over_time, count_type_id, measure
    having count(*) = case when sums_over_time then 4 else 1 end
),

-- A stock of the first quarter becomes that of the year only after all quarters of the year.
whole_years as (
    select jurisdiction, year
    from quarters
    group by jurisdiction, year
    having count(distinct quarter) = 4
),

summed as (
    select from_quarters.*
    from from_quarters
    inner join whole_years
        on from_quarters.jurisdiction = whole_years.jurisdiction
        and from_quarters.year = whole_years.year
),

own as (
    select *, period as year
    from counted
    where freq = 'A'
),

final as (
    select
        coalesce(own.territory, summed.territory) as territory,
        coalesce(own.jurisdiction, summed.jurisdiction) as jurisdiction,
        coalesce(own.year, summed.year) as period,
        coalesce(own.count_type_id, summed.count_type_id) as count_type_id,
        coalesce(own.measure, summed.measure) as measure,
        own.value as own_value,
        own.obs_status as own_status,
        own.basis as own_basis,
        own.flags as own_flags,
        own.submission_ids as own_submission_ids,
        own.parts as own_parts,
        summed.value as quarters_value,
        summed.obs_status as quarters_status,
        case
            when summed.value is null and summed.obs_status = 'O' then {{ join_lists(['summed.flags', "'quarter_missing'"]) }}
            else summed.flags
        end as quarters_flags,
        summed.submission_ids as quarters_submission_ids,
        summed.parts as quarters_parts
    from own
    full outer join summed
        on own.jurisdiction = summed.jurisdiction
        and own.year = summed.year
        and own.count_type_id = summed.count_type_id
)

select * from final
