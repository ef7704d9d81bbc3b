{{ config(materialized='view') }}

with

source as (select * from {{ from_source('records', 'record_cohort') }}),

final as (
    select {{ declared_columns() }}
    from source
)

select * from final
