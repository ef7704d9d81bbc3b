with

source as (select * from {{ from_source('facts', 'observation') }}),

final as (
    select {{ declared_columns() }}
    from source
)

select * from final
