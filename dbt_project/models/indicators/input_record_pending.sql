{{ config(materialized='view') }}

with

source as (select * from {{ from_source('records', 'record_pending') }}),

final as (
    select {{ declared_columns() }}
    from source
)

select * from final
