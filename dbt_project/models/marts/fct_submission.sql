{{ config(materialized='incremental', incremental_strategy='append', on_schema_change='fail') }}

-- depends_on: {{ ref('int_submission_count') }}

with

blocks as (select * from {{ ref('stg_block') }}),

final as (
    select
        submission_id,
        min(accepted_at) as accepted_at
    from blocks
    where accepted_at is not null
    {% if is_incremental() %}
        and submission_id not in (select distinct loaded.submission_id from {{ this }} as loaded)
    {% endif %}
    group by submission_id
)

select * from final
