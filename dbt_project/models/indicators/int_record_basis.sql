-- Counting cards of the figures from case records, and breaks during their observation: one row for each group of
-- records that has a figure. Registers contain persons in proceedings, so the cards are those of persons.
with

durations as (select * from {{ source('records', 'record_duration') }}),

pendings as (select * from {{ source('records', 'record_pending') }}),

cohorts as (select * from {{ source('records', 'record_cohort') }}),

sentences as (select * from {{ source('records', 'record_sentence') }}),

terms as (select * from {{ source('declared', 'metric_operand') }}),

breaks as (select * from {{ source('declared', 'break') }}),

cards as (select * from {{ ref('dim_counting_card_of') }} where freq = 'Q' and count_unit = 'person'),

levels as (
    select
        metric,
        max(case when side = 'numerator' then level end) as upper_level,
        max(case when side = 'denominator' then level end) as lower_level
    from terms
    group by metric
),

-- Groups of one entry period are observed from the first day of that period, other groups from the start of the
-- records.
seen as (
    select
        'duration_' || stage as metric, area, offence_group, entered as group_id,
        case when freq = 'A' then {{ last_quarter('entered') }} else {{ quarter_of('seen_until') }} end as last_quarter,
        case when freq = 'A' then {{ quarter_start(first_quarter('entered')) }} else seen_from end as first_day,
        seen_until as last_day
    from durations
    union all
    select
        'pending_age_' || stage as metric, area, offence_group, '' as group_id,
        {{ quarter_of('as_at') }} as last_quarter, seen_from as first_day, as_at as last_day
    from pendings
    union all
    select
        'cohort_' || stage as metric, area, offence_group, cohort || '+' || cast(quarters as string) as group_id,
        {{ last_quarter('cohort') }} as last_quarter,
        {{ quarter_start(first_quarter('cohort')) }} as first_day,
        {{ quarter_end(last_quarter('cohort'), 'cast(quarters as integer)') }} as last_day
    from cohorts
    union all
    select
        'sentence_length_' || level as metric, area, offence_group, period as group_id,
        {{ last_quarter('period') }} as last_quarter,
        {{ quarter_start(first_quarter('period')) }} as first_day,
        {{ quarter_end(last_quarter('period')) }} as last_day
    from sentences
),

-- If registers of two offices contain a stage of one area, the group covers both.
groups as (
    select
        metric, area, offence_group, group_id,
        max(last_quarter) as last_quarter,
        min(first_day) as first_day,
        max(last_day) as last_day
    from seen
    group by metric, area, offence_group, group_id
),

-- The rule in force when the last of them were counted: for an unfinished year, in its newest quarter.
newest as (select area, max(period) as period from cards group by area),

placed as (
    select
        groups.*,
        levels.upper_level,
        levels.lower_level,
        least(groups.last_quarter, newest.period) as period,
        'Q' as freq,
        'person' as count_unit
    from groups
    inner join levels on groups.metric = levels.metric
    left join newest on groups.area = newest.area
),

spans as (
    select distinct
        placed.metric, placed.area, placed.offence_group, placed.group_id, placed.first_day, placed.last_day,
        placed.area as reporters, terms.measure, terms.level
    from placed
    inner join terms on placed.metric = terms.metric
),

broken as (
    select
        spans.metric, spans.area, spans.offence_group, spans.group_id,
        {{ union_lists('breaks.code') }} as breaks
    from spans
    inner join breaks on {{ break_between('breaks', 'spans', 'spans.first_day', 'spans.last_day') }}
    group by spans.metric, spans.area, spans.offence_group, spans.group_id
),

final as (
    select
        placed.metric, placed.area, placed.offence_group, placed.group_id,
        coalesce(upper_cards.card_id, '') as numerator_card,
        coalesce(lower_cards.card_id, '') as denominator_card,
        coalesce(broken.breaks, '') as breaks
    from placed
    left join cards as upper_cards on {{ card_of('placed', 'upper_cards', 'upper_level') }}
    left join cards as lower_cards on {{ card_of('placed', 'lower_cards', 'lower_level') }}
    left join broken
        on placed.metric = broken.metric
        and placed.area = broken.area
        and placed.offence_group = broken.offence_group
        and placed.group_id = broken.group_id
)

select * from final
