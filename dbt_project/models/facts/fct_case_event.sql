{{ config(materialized='incremental', incremental_strategy='append', on_schema_change='fail') }}

with

-- Facts stored before records of requests were collected lack their columns.
completed as (
    select
        {{ declared_columns(computed=['fact_id', 'partner', 'direction', 'assistance']) }},
        coalesce(partner, '_Z') as partner,
        coalesce(direction, '_Z') as direction,
        coalesce(assistance, '_Z') as assistance
    from {{ source('facts', 'case_event') }}
),

events as (
    select
        {{ declared_columns(computed=['fact_id']) }},
        {{ fact_id([
            'form', 'jurisdiction', 'source', 'freq', 'period', 'proceeding', 'person', 'event', 'level',
            'cast(event_date as string)', 'offence',
        ]) }} as fact_id
    from completed
),

blocks as (select * from {{ ref('stg_block') }}),

accepted as (
    select distinct submission_id
    from blocks
    where accepted_at is not null
),

final as (
    select events.*
    from events
    inner join accepted on events.submission_id = accepted.submission_id
    {% if is_incremental() %}
    where {{ is_new('events.submission_id') }}
    {% endif %}
)

select * from final
