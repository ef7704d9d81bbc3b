with

source as (select * from {{ from_source('facts', 'case_event') }}),

final as (
    select {{ declared_columns() }}
    from source
)

select * from final
