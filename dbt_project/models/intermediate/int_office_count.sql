with

discrete as (select * from {{ ref('int_discrete_count') }}),

count_types as (select * from {{ ref('int_count_type') }}),

calendar as (select * from {{ ref('stg_calendar') }}),

blocks as (select * from {{ ref('int_block') }}),

territories as (select * from {{ ref('stg_territory') }}),

measures as (select * from {{ ref('measure') }}),

groups as (select * from {{ ref('offence_group') }}),

rules as (select * from {{ source('gathered', 'counts_source') }}),

-- Expected periods of an office: those of its calendar that are due or were sent.
came as (
    select distinct territory, jurisdiction, instrument, source, freq, period
    from blocks
    where is_current
),

expected as (
    select distinct territory, jurisdiction, instrument, source, freq, period
    from calendar
    where deadline <= cast({{ as_of() }} as date)
    union
    select calendar.territory, calendar.jurisdiction, calendar.instrument, calendar.source, calendar.freq, calendar.period
    from calendar
    inner join came
        on calendar.jurisdiction = came.jurisdiction
        and calendar.instrument = came.instrument
        and calendar.source = came.source
        and calendar.freq = came.freq
        and calendar.period = came.period
),

-- Cells of an office: every cell that it has filled in some period of that frequency.
known_cells as (
    select distinct territory, jurisdiction, instrument, source, freq, count_type_id, measure
    from discrete
),

measures_sent as (
    select distinct jurisdiction, instrument, source, freq, period, measure
    from discrete
),

nil_blocks as (
    select
        jurisdiction, instrument, source, freq, period,
        min(submission_id) as submission_id,
        min(block_id) as block_id,
        max(case when is_provisional then 'provisional' else '' end) as provisional_flag
    from blocks
    where is_current and is_nil
    group by jurisdiction, instrument, source, freq, period
),

record_blocks as (
    select
        jurisdiction, instrument, source, freq, period,
        min(submission_id) as submission_id,
        min(block_id) as block_id,
        max(case when is_provisional then 'provisional' else '' end) as provisional_flag
    from blocks
    where is_current and not is_nil and instrument = 'register'
    group by jurisdiction, instrument, source, freq, period
),

absent as (
    select
        expected.territory, expected.jurisdiction, expected.instrument, expected.source, expected.freq, expected.period,
        known_cells.count_type_id, known_cells.measure
    from expected
    inner join known_cells
        on expected.jurisdiction = known_cells.jurisdiction
        and expected.instrument = known_cells.instrument
        and expected.source = known_cells.source
        and expected.freq = known_cells.freq
    left join discrete
        on expected.jurisdiction = discrete.jurisdiction
        and expected.instrument = discrete.instrument
        and expected.source = discrete.source
        and expected.freq = discrete.freq
        and expected.period = discrete.period
        and known_cells.count_type_id = discrete.count_type_id
    where discrete.jurisdiction is null
),

-- An absent cell is zero if the office confirmed a nil return or sent its records, because records are complete. It is
-- not collected (L) if the return had no figure of that measure at all, else missing (O).
filled as (
    select
        absent.territory, absent.jurisdiction, absent.instrument, absent.source, absent.freq, absent.period,
        absent.count_type_id, absent.measure,
        case when nil_blocks.submission_id is not null or record_blocks.submission_id is not null then 0.0 end as value,
        case
            when nil_blocks.submission_id is not null or record_blocks.submission_id is not null then 'A'
            when came.jurisdiction is not null and measures_sent.measure is null then 'L'
            else 'O'
        end as obs_status,
        case when record_blocks.submission_id is not null then 'records' else 'reported' end as basis,
        case
            when nil_blocks.submission_id is not null then {{ join_lists(["'nil'", 'nil_blocks.provisional_flag']) }}
            else coalesce(record_blocks.provisional_flag, '')
        end as flags,
        coalesce(nil_blocks.submission_id, record_blocks.submission_id, '') as submission_ids,
        case
            when nil_blocks.block_id is not null or record_blocks.block_id is not null
                then {{ part('coalesce(nil_blocks.block_id, record_blocks.block_id)', 'absent.count_type_id') }}
            else {{ no_parts() }}
        end as parts
    from absent
    left join nil_blocks using (jurisdiction, instrument, source, freq, period)
    left join record_blocks using (jurisdiction, instrument, source, freq, period)
    left join came using (jurisdiction, instrument, source, freq, period)
    left join measures_sent
        on absent.jurisdiction = measures_sent.jurisdiction
        and absent.instrument = measures_sent.instrument
        and absent.source = measures_sent.source
        and absent.freq = measures_sent.freq
        and absent.period = measures_sent.period
        and absent.measure = measures_sent.measure
),

-- A total of the main stages that two or more territories count, and this one never does, is not collected here.
national_cells as (
    select discrete.instrument, discrete.count_type_id, discrete.measure
    from discrete
    inner join count_types on discrete.count_type_id = count_types.count_type_id
    inner join territories on discrete.territory = territories.territory
    inner join measures on discrete.measure = measures.code
    inner join groups on count_types.offence_group = groups.code
    where
        territories.kind = 'national'
        and discrete.value is not null
        and measures.kind = 'flow'
        and groups.ranked
        and count_types.total_of = 'all'
        and discrete.instrument in ('justice', 'victims')
    group by discrete.instrument, discrete.count_type_id, discrete.measure
    having count(distinct discrete.territory) > 1
),

jurisdiction_cells as (
    select distinct jurisdiction, count_type_id
    from discrete
),

never_collected as (
    select
        expected.territory, expected.jurisdiction, expected.instrument, '_Z' as source, expected.freq, expected.period,
        national_cells.count_type_id, national_cells.measure,
        cast(null as double) as value,
        'L' as obs_status,
        'reported' as basis,
        '' as flags,
        '' as submission_ids,
        {{ no_parts() }} as parts
    from expected
    inner join national_cells on expected.instrument = national_cells.instrument
    left join jurisdiction_cells
        on expected.jurisdiction = jurisdiction_cells.jurisdiction
        and national_cells.count_type_id = jurisdiction_cells.count_type_id
    where jurisdiction_cells.jurisdiction is null
    group by
        expected.territory, expected.jurisdiction, expected.instrument, expected.freq, expected.period,
        national_cells.count_type_id, national_cells.measure
),

everything as (
    select
        territory, jurisdiction, instrument, source, freq, period,
        count_type_id, measure,
        value, obs_status, basis, flags, submission_ids, parts
    from discrete
    union all
    select * from filled
    union all
    select * from never_collected
),

-- How many offices of the jurisdiction have a figure for the measure and period.
sources as (
    select
        jurisdiction, freq, period, measure,
        min(source || '/' || instrument) as first_source,
        max(source || '/' || instrument) as last_source
    from everything
    where source <> '_Z'
    group by jurisdiction, freq, period, measure
),

-- The office named by the territory counts; for a year, the one named for its last quarter. If it names none, an office
-- counts only if there is no other. A measure that nobody collects (source _Z) has no office.
judged as (
    select
        everything.*,
        case
            when everything.source = '_Z' then true
            when rules.source is not null
                then everything.source = rules.source
                    and (everything.instrument = 'register') = (rules.shape = 'register')
            else sources.first_source = sources.last_source
        end as counts,
        coalesce(rules.source is null and sources.first_source <> sources.last_source, false) as is_contested
    from everything
    left join sources
        on everything.jurisdiction = sources.jurisdiction
        and everything.freq = sources.freq
        and everything.period = sources.period
        and everything.measure = sources.measure
    left join rules
        on everything.jurisdiction = rules.jurisdiction
        and everything.measure = rules.measure
        and {{ last_quarter('everything.period') }} >= {{ first_quarter('rules.valid_from') }}
        and {{ last_quarter('everything.period') }} <= coalesce({{ last_quarter('rules.valid_to') }}, '9999-Q4')
),

final as (select * from judged)

select * from final
