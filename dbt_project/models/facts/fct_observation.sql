{{ config(materialized='incremental', incremental_strategy='append', on_schema_change='fail') }}

with

-- Facts stored before international cooperation was collected lack its dimensions.
completed as (
    select
        {{ declared_columns(computed=['fact_id'] + cooperation_columns()) }},
        {% for column in cooperation_columns() -%}
        coalesce({{ column }}, '_Z') as {{ column }}{{ ',' if not loop.last }}
        {% endfor %}
    from {{ source('facts', 'observation') }}
),

-- The key of a fact of other instruments does not depend on the dimensions of cooperation, which were added later.
observations as (
    select
        {{ declared_columns(computed=['fact_id']) }},
        {% set columns = [
            'form', 'jurisdiction', 'instrument', 'source', 'freq', 'period', 'accumulation', 'date_basis', 'measure', 'level',
            'count_unit', 'statistic', 'unit_measure', 'offence', 'law_article', 'person_type', 'victim_status', 'sex', 'age',
            'age_basis', 'exploitation', 'citizenship', 'sentence_type', 'sentence_band', 'partner',
        ] -%}
        case
            when instrument = 'cooperation' then {{ fact_id(columns + cooperation_columns()) }}
            else {{ fact_id(columns) }}
        end as fact_id
    from completed
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
    where {{ is_new('observations.submission_id') }}
    {% endif %}
)

select * from final
