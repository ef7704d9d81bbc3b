{{ config(materialized='incremental', incremental_strategy='append', on_schema_change='fail') }}

with

observations as (
    select
        {{ declared_columns(computed=['fact_id']) }},
        {{ fact_id([
            'form', 'jurisdiction', 'instrument', 'source', 'freq', 'period', 'accumulation', 'date_basis', 'measure', 'level',
            'count_unit', 'statistic', 'unit_measure', 'offence', 'law_article', 'person_type', 'victim_status', 'sex', 'age',
            'age_basis', 'exploitation', 'citizenship', 'sentence_type', 'sentence_band', 'partner',
        ]) }} as fact_id
    from {{ source('facts', 'observation') }}
),

blocks as (select * from {{ ref('stg_block') }}),

accepted as (
    select distinct submission_id
    from blocks
    where accepted_at is not null
),

final as (
    select observations.*
    from observations
    inner join accepted on observations.submission_id = accepted.submission_id
    {% if is_incremental() %}
    where observations.submission_id not in (select loaded.submission_id from {{ this }} as loaded)
    {% endif %}
)

select * from final
