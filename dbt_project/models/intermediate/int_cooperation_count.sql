with

observations as (select * from {{ ref('fct_observation') }}),

blocks as (select * from {{ ref('int_block') }}),

offences as (select * from {{ ref('offence') }}),

-- The office of the whole territory; what a part reports by itself is in its facts and not added to the whole.
current_figures as (
    select
        observations.*,
        offences.offence_group,
        coalesce(offences.parent, '') = '' as is_whole_offence
    from observations
    inner join blocks
        on observations.submission_id = blocks.submission_id
        and observations.jurisdiction = blocks.jurisdiction
        and observations.instrument = blocks.instrument
        and observations.form = blocks.form
        and observations.freq = blocks.freq
        and observations.period = blocks.period
    inner join offences on observations.offence = offences.code
    where
        blocks.is_current
        and observations.instrument = 'cooperation'
        and observations.jurisdiction = observations.territory
        and observations.accumulation = 'discrete'
        and observations.unit_measure = 'NR'
),

-- If an offence group was reported both in total and by offence, the total counts.
ranked as (
    select
        *,
        max(case when is_whole_offence then 1 else 0 end) over (
            partition by {{ cooperation_figure() }}, source, freq, period
        ) = 1 as has_whole_offence
    from current_figures
),

final as (
    select
        {{ cooperation_figure() }},
        source, freq, period,
        case when count(value) = count(*) then sum(value) end as value,
        case
            when count(value) < count(*) then max(case when value is null then obs_status end)
            else max(obs_status)
        end as obs_status,
        min(date_basis) as date_basis,
        min(submission_id) as submission_id
    from ranked
    where is_whole_offence or not has_whole_offence
    group by {{ cooperation_figure() }}, source, freq, period
)

select * from final
