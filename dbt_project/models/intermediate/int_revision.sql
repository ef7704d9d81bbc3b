{{ config(materialized='incremental', incremental_strategy='append', on_schema_change='fail', pre_hook='{{ remove_outdated_territories() }}') }}
with

inputs as (select * from {{ ref('int_revision_input') }}),

-- Of a copied build, territories with other inputs were removed before; only territories without rows are computed.
blocks as (
    select *
    from {{ ref('int_block') }}
    {% if is_incremental() %}
    where territory not in (select distinct loaded.territory from {{ this }} as loaded)
    {% endif %}
),

submission_counts as (select * from {{ ref('int_submission_count') }}),

office_counts as (select * from {{ ref('int_office_count') }}),

territory_counts as (select * from {{ ref('int_territory_count') }}),

count_types as (select * from {{ ref('int_count_type') }}),

measures as (select * from {{ ref('measure') }}),

jurisdictions as (select * from {{ ref('stg_jurisdiction') }}),

-- Totals only: a series is an area, a measure, a unit and an offence group.
total_cells as (
    select count_types.count_type_id, count_types.measure, count_types.statistic, measures.sums_over_time
    from count_types
    inner join measures on count_types.measure = measures.code
    where count_types.total_of <> ''
),

-- The counting office is the current one: all figures that it ever sent are followed, so that a change of office is not
-- a revision.
counting as (
    select distinct jurisdiction, instrument, source, freq, period, measure
    from office_counts
    where counts and source <> '_Z'
),

years as (
    select
        *,
        {{ period_year('period') }} as year,
        case when freq = 'Q' then {{ period_quarter('period') }} else 0 end as quarter
    from blocks
),

-- Each moment at which a block of an office's year was accepted or withdrawn. Quarters of one year are taken together,
-- because a figure for the year so far changes the quarters after it.
moments as (
    select jurisdiction, instrument, source, form, freq, year, accepted_at as moment
    from years
    union
    select jurisdiction, instrument, source, form, freq, year, superseded_at as moment
    from years
    where superseded_at is not null
),

known_then as (
    select moments.moment, years.*
    from moments
    inner join years
        on moments.jurisdiction = years.jurisdiction
        and moments.instrument = years.instrument
        and moments.source = years.source
        and moments.form = years.form
        and moments.freq = years.freq
        and moments.year = years.year
    where
        years.accepted_at <= moments.moment
        and (years.superseded_at is null or years.superseded_at > moments.moment)
),

total_counts as (
    select
        counts.submission_id, counts.jurisdiction, counts.instrument, counts.source, counts.form, counts.freq, counts.period,
        counts.accumulation, counts.count_type_id, counts.measure, counts.value, counts.obs_status,
        total_cells.statistic,
        counts.accumulation = 'ytd' and counts.freq = 'Q' and total_cells.sums_over_time as is_year_so_far
    from submission_counts as counts
    inner join total_cells on counts.count_type_id = total_cells.count_type_id
    where counts.jurisdiction in (select years.jurisdiction from years) and not (
        counts.accumulation = 'ytd' and counts.freq = 'Q' and not total_cells.sums_over_time
        and total_cells.statistic = 'start' and counts.period not like '%-Q1'
    )
),

values_then as (
    select
        known_then.moment, known_then.territory, known_then.jurisdiction, known_then.instrument, known_then.source,
        known_then.form, known_then.freq, known_then.year, known_then.quarter, known_then.period,
        known_then.is_provisional,
        counts.count_type_id, counts.measure, counts.value, counts.obs_status, counts.is_year_so_far
    from known_then
    inner join total_counts as counts
        on known_then.submission_id = counts.submission_id
        and known_then.jurisdiction = counts.jurisdiction
        and known_then.instrument = counts.instrument
        and known_then.form = counts.form
        and known_then.freq = counts.freq
        and known_then.period = counts.period
),

with_earlier as (
    select
        *,
        lag(value) over year_so_far as earlier_value,
        lag(obs_status) over year_so_far as earlier_status,
        lag(quarter) over year_so_far as earlier_quarter
    from values_then
    window year_so_far as (
        partition by moment, jurisdiction, instrument, source, form, year, count_type_id, is_year_so_far
        order by quarter
    )
),

sent_then as (
    select
        moment, territory, jurisdiction, instrument, source, form, freq, year, period, count_type_id, measure, is_provisional,
        case
            when is_year_so_far
                then {{ discrete_of_year_so_far('value', 'quarter', 'earlier_value', 'earlier_status', 'earlier_quarter') }}
            else value
        end as value,
        obs_status
    from with_earlier
),

-- Cells that a nil return or a register lacks are zero, as in the counts.
office_cells as (
    select distinct jurisdiction, instrument, source, freq, count_type_id, measure
    from total_counts
),

silent_then as (
    select
        known_then.moment, known_then.territory, known_then.jurisdiction, known_then.instrument, known_then.source,
        known_then.form, known_then.freq, known_then.year, known_then.period,
        office_cells.count_type_id, office_cells.measure, known_then.is_provisional,
        0.0 as value,
        'A' as obs_status
    from known_then
    inner join office_cells
        on known_then.jurisdiction = office_cells.jurisdiction
        and known_then.instrument = office_cells.instrument
        and known_then.source = office_cells.source
        and known_then.freq = office_cells.freq
    left join sent_then
        on known_then.moment = sent_then.moment
        and known_then.jurisdiction = sent_then.jurisdiction
        and known_then.instrument = sent_then.instrument
        and known_then.form = sent_then.form
        and known_then.freq = sent_then.freq
        and known_then.period = sent_then.period
        and office_cells.count_type_id = sent_then.count_type_id
    where (known_then.is_nil or known_then.instrument = 'register') and sent_then.moment is null
),

figures_then as (
    select then_known.*
    from (
        select
            moment, territory, jurisdiction, instrument, source, form, freq, year, period, count_type_id, measure,
            is_provisional, value, obs_status
        from sent_then
        union all
        select
            moment, territory, jurisdiction, instrument, source, form, freq, year, period, count_type_id, measure,
            is_provisional, value, obs_status
        from silent_then
    ) as then_known
    inner join counting
        on then_known.jurisdiction = counting.jurisdiction
        and then_known.instrument = counting.instrument
        and then_known.source = counting.source
        and then_known.freq = counting.freq
        and then_known.period = counting.period
        and then_known.measure = counting.measure
),

-- The removal of a figure is a vintage too, with a null value.
first_known as (
    select
        territory, jurisdiction, instrument, source, form, freq, year, period, count_type_id,
        min(moment) as first_moment
    from figures_then
    group by territory, jurisdiction, instrument, source, form, freq, year, period, count_type_id
),

every_moment as (
    select
        first_known.territory, first_known.jurisdiction, first_known.instrument, first_known.freq, first_known.period,
        first_known.count_type_id, moments.moment, figures_then.value,
        coalesce(figures_then.obs_status, 'O') as obs_status,
        coalesce(figures_then.is_provisional, false) as is_provisional
    from first_known
    inner join moments
        on first_known.jurisdiction = moments.jurisdiction
        and first_known.instrument = moments.instrument
        and first_known.source = moments.source
        and first_known.form = moments.form
        and first_known.freq = moments.freq
        and first_known.year = moments.year
        and moments.moment >= first_known.first_moment
    left join figures_then
        on first_known.jurisdiction = figures_then.jurisdiction
        and first_known.instrument = figures_then.instrument
        and first_known.form = figures_then.form
        and first_known.freq = figures_then.freq
        and first_known.period = figures_then.period
        and first_known.count_type_id = figures_then.count_type_id
        and moments.moment = figures_then.moment
),

compared as (
    select
        *,
        lag(value) over earlier as value_before,
        row_number() over earlier as number_of_moment
    from every_moment
    window earlier as (partition by jurisdiction, freq, period, count_type_id order by moment)
),

changes as (
    select
        territory, jurisdiction, instrument, freq, period, count_type_id, moment, value, obs_status, is_provisional,
        lead(moment) over (partition by jurisdiction, freq, period, count_type_id order by moment) as until_moment
    from compared
    where number_of_moment = 1 or value is distinct from value_before
),

-- A territory that is the sum of its parts: at each moment at which one of them changed, and only if it is a plain sum,
-- so that transfers between jurisdictions are not counted twice.
parts as (
    select jurisdiction, count(*) over (partition by territory) as n_parts
    from jurisdictions
    where not is_whole and is_part_of_total
),

whole_changes as (
    select distinct changes.territory, changes.freq, changes.period, changes.count_type_id
    from changes
    inner join jurisdictions on changes.jurisdiction = jurisdictions.jurisdiction
    where jurisdictions.is_whole
),

part_changes as (
    select changes.*, parts.n_parts
    from changes
    inner join parts on changes.jurisdiction = parts.jurisdiction
    inner join territory_counts
        on changes.territory = territory_counts.territory
        and changes.freq = territory_counts.freq
        and changes.period = territory_counts.period
        and changes.count_type_id = territory_counts.count_type_id
    left join whole_changes
        on changes.territory = whole_changes.territory
        and changes.freq = whole_changes.freq
        and changes.period = whole_changes.period
        and changes.count_type_id = whole_changes.count_type_id
    where territory_counts.is_additive and whole_changes.territory is null
),

sum_moments as (
    select distinct territory, freq, period, count_type_id, moment
    from part_changes
),

sums as (
    select
        sum_moments.territory, min(changes.instrument) as instrument, sum_moments.freq, sum_moments.period,
        sum_moments.count_type_id, sum_moments.moment,
        case when count(*) = max(changes.n_parts) then {{ sum_value('changes.value', 'changes.obs_status') }} end as value,
        case when count(*) = max(changes.n_parts) then {{ sum_status('changes.value', 'changes.obs_status') }} else 'O' end as obs_status,
        max(case when changes.is_provisional then 1 else 0 end) = 1 as is_provisional
    from sum_moments
    inner join part_changes as changes
        on sum_moments.territory = changes.territory
        and sum_moments.freq = changes.freq
        and sum_moments.period = changes.period
        and sum_moments.count_type_id = changes.count_type_id
        and changes.moment <= sum_moments.moment
        and (changes.until_moment is null or changes.until_moment > sum_moments.moment)
    group by sum_moments.territory, sum_moments.freq, sum_moments.period, sum_moments.count_type_id, sum_moments.moment
),

compared_sums as (
    select
        *,
        lag(value) over earlier as value_before,
        row_number() over earlier as number_of_moment
    from sums
    window earlier as (partition by territory, freq, period, count_type_id order by moment)
),

vintages as (
    select
        case when jurisdictions.is_whole then 'territory' else 'jurisdiction' end as area_kind,
        changes.jurisdiction as area,
        changes.territory, changes.instrument, changes.freq, changes.period, changes.count_type_id,
        changes.moment, changes.value, changes.obs_status, changes.is_provisional
    from changes
    inner join jurisdictions on changes.jurisdiction = jurisdictions.jurisdiction
    union all
    select
        'territory' as area_kind, territory as area, territory, instrument, freq, period, count_type_id,
        moment, value, obs_status, is_provisional
    from compared_sums
    where (number_of_moment = 1 and value is not null) or value is distinct from value_before
),

final as (
    select
        vintages.area_kind, vintages.area, vintages.territory, vintages.instrument, vintages.freq, vintages.period,
        {{ count_type('count_types.') }},
        count_types.total_of,
        cast(row_number() over (
            partition by vintages.area_kind, vintages.area, vintages.freq, vintages.period, vintages.count_type_id
            order by vintages.moment
        ) as integer) as vintage,
        vintages.moment as known_from,
        vintages.value,
        case when vintages.value is null and vintages.obs_status = 'A' then 'O' else vintages.obs_status end as obs_status,
        row_number() over (
            partition by vintages.area_kind, vintages.area, vintages.freq, vintages.period, vintages.count_type_id
            order by vintages.moment desc
        ) = 1 as is_newest,
        vintages.is_provisional,
        inputs.inputs_digest
    from vintages
    inner join count_types on vintages.count_type_id = count_types.count_type_id
    inner join inputs on vintages.territory = inputs.territory
)

select * from final
