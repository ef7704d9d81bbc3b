with

source as (select * from {{ from_source('facts', 'case_event') }}),

final as (
    select
        territory, jurisdiction, source, freq, period,
        proceeding, person, event, level, event_date, cutoff_date, offence, law_article, sex, age,
        sentence_type, sentence_months, place,
        form, submission_id, origin_submission_id
    from source
)

select * from final
