{{ config(materialized='incremental', incremental_strategy='append', on_schema_change='fail') }}

with

submission_counts as (select * from {{ ref('int_submission_count') }}),

count_types as (
    select distinct
        count_type_id,
        {{ count_type() }}
    from submission_counts
    {% if is_incremental() %}
    where
        {{ is_in_run('submission_id') }}
        and count_type_id not in (select known.count_type_id from {{ this }} as known)
    {% endif %}
),

final as (
    select
        *,
        {{ total_of() }} as total_of
    from count_types
)

select * from final
