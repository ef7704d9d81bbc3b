with

source as (select * from {{ from_source('facts', 'observation') }}),

final as (
    select
        territory, jurisdiction, instrument, source,
        freq, period, period_start, period_end, accumulation, date_basis,
        measure, level, count_unit, statistic, unit_measure,
        offence, law_article, person_type, victim_status, sex, age, age_basis, exploitation, citizenship,
        sentence_type, sentence_band, partner,
        value, obs_status, conf_status, notes, place, label,
        form, submission_id, origin_submission_id
    from source
)

select * from final
