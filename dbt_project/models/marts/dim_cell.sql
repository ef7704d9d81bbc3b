{{ config(materialized='incremental', incremental_strategy='append', on_schema_change='fail') }}

with

submission_counts as (select * from {{ ref('int_submission_count') }}),

final as (
    select distinct
        cell_id,
        {{ cells() }}
    from submission_counts
    {% if is_incremental() %}
    where cell_id not in (select known.cell_id from {{ this }} as known)
    {% endif %}
)

select * from final
