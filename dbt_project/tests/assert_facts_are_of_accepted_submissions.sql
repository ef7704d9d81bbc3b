-- Only accepted submissions count, and every fact belongs to a block of its submission.
with

observations as (select distinct submission_id, jurisdiction, instrument, form, freq, period from {{ ref('fct_observation') }}),

blocks as (select distinct submission_id, jurisdiction, instrument, form, freq, period from {{ ref('stg_block') }}),

final as (
    select observations.*
    from observations
    left join blocks
        on observations.submission_id = blocks.submission_id
        and observations.jurisdiction = blocks.jurisdiction
        and observations.instrument = blocks.instrument
        and observations.form = blocks.form
        and observations.freq = blocks.freq
        and observations.period = blocks.period
    where blocks.submission_id is null
)

select * from final
