{{ config(materialized='incremental', incremental_strategy='append', on_schema_change='fail') }}

with

observations as (
    select *
    from {{ ref('fct_observation') }}
    {% if is_incremental() %}
    where {{ is_new('submission_id') }}
    {% endif %}
),

register_counts as (
    select *
    from {{ ref('int_register_count') }}
    {% if is_incremental() %}
    where {{ is_new('submission_id') }}
    {% endif %}
),

offences as (select * from {{ ref('offence') }}),

-- An office may report one measure by two dates; only one is used, since both together would count persons twice.
dated as (
    select
        *,
        min(date_basis) over (
            partition by submission_id, jurisdiction, instrument, source, form, freq, period, measure, level, count_unit,
            statistic, accumulation
        ) as first_date_basis
    from observations
    where
        unit_measure = 'NR'
        and partner in ('_Z', '_T')
        and accumulation in ('discrete', 'ytd')
        and instrument not in ('reference', 'cooperation')
),

sent as (
    select
        submission_id, territory, jurisdiction, instrument, source, form, freq, period, accumulation,
        'reported' as basis,
        measure, level, count_unit, statistic, offence, law_article, person_type, victim_status, sex, age, age_basis,
        partner, exploitation, citizenship, sentence_type, sentence_band, value, obs_status,
        {{ list_of('fact_id') }} as fact_ids
    from dated
    where date_basis = first_date_basis
    union all
    select
        submission_id, territory, jurisdiction, instrument, source, form, freq, period, 'discrete' as accumulation,
        'records' as basis,
        measure, level, count_unit, statistic, offence, law_article, '_T' as person_type, '_Z' as victim_status, sex, age,
        '_Z' as age_basis, '_Z' as partner, '_Z' as exploitation, '_T' as citizenship, sentence_type, sentence_band,
        value, 'A' as obs_status, fact_ids
    from register_counts
),

grouped as (
    select
        sent.*,
        offences.offence_group,
        offences.parent as parent_offence,
        max(case when sent.law_article not in ('_Z', '_T') then 1 else 0 end) over (
            partition by {{ tables('sent.') | replace('sent.offence_group', 'offences.offence_group') }}
        ) = 1 as is_table_by_article
    from sent
    inner join offences on sent.offence = offences.code
),

-- Rows by article are by the article of the principal offence, so they exclude one another. A row with an offence and
-- no article (_Z) in such a table is another part: one office still counts cases under a repealed code in a separate
-- row, and treating that row as the total lost all the others. _T means all articles together; in a table without
-- articles, a row with the group's own code is the group, and rows of its offences are its parts.
final as (
    select
        {{ tables() }},
        case
            when parent_offence is not null or (is_table_by_article and law_article <> '_T') then grouped.offence
            else '_T'
        end as offence,
        law_article <> '_T' as is_by_article,
        grouped.offence as reported_offence,
        law_article, person_type, sex, age, age_basis, partner, exploitation, citizenship, sentence_type, sentence_band,
        value, obs_status, fact_ids
    from grouped
)

select * from final
