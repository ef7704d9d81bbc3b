{{ config(materialized='incremental', incremental_strategy='append', on_schema_change='fail') }}

with

events as (
    select *
    from {{ ref('fct_case_event') }}
    where
        level <> 'cooperation'
        {% if is_incremental() %}
        and {{ is_new('submission_id') }}
        {% endif %}
),

offences as (select * from {{ ref('offence') }}),

bands as (select * from {{ ref('sentence_band') }}),

-- The register also has the sentence in the line of the conviction; the sentence is used only for sentencing events.
measures as (
    select
        code,
        code in ('sentenced_first', 'sentenced_final') as is_sentence
    from {{ ref('measure') }}
),

-- One person in one proceeding is counted once in an offence group, under the first offence by its code: the register
-- has a line for each offence, and rows by offence must exclude one another to be summed.
principal as (
    select
        events.*,
        row_number() over (
            partition by
                events.submission_id, events.jurisdiction, events.form, events.freq, events.period, events.source,
                events.event, events.level, events.proceeding, events.person, offences.offence_group
            order by events.offence, events.event_date nulls last, events.law_article
        ) as rank_in_group
    from events
    inner join offences on events.offence = offences.code
),

persons as (
    select
        principal.territory, principal.jurisdiction, principal.source, principal.form, principal.freq, principal.period,
        principal.event, principal.level, principal.offence, principal.law_article, principal.sex, principal.age,
        principal.submission_id, principal.fact_id,
        case when measures.is_sentence then coalesce(nullif(principal.sentence_type, '_Z'), '_U') else '_Z' end as sentence_type,
        case
            when not measures.is_sentence then '_Z'
            when principal.sentence_months is null then '_T'
            else coalesce(bands.code, '_U')
        end as sentence_band
    from principal
    inner join measures on principal.event = measures.code
    left join bands
        on bands.code = bands.common_band
        and bands.code not in ('_T', '_U', '_Z')
        and principal.sentence_months >= bands.lower_months
        and (principal.sentence_months < bands.upper_months or bands.upper_months is null)
    where principal.rank_in_group = 1
),

final as (
    select
        territory,
        jurisdiction,
        'register' as instrument,
        source,
        form,
        freq,
        period,
        event as measure,
        level,
        'person' as count_unit,
        'count' as statistic,
        offence,
        law_article,
        sex,
        age,
        sentence_type,
        sentence_band,
        cast(count(*) as double) as value,
        {{ list_values('fact_id') }} as fact_ids,
        submission_id
    from persons
    group by
        territory, jurisdiction, source, form, freq, period, event, level, offence, law_article, sex, age,
        sentence_type, sentence_band, submission_id
)

select * from final
