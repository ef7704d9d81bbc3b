with

revisions as (select * from {{ ref('int_revision') }}),

final as (
    select {{ declared_columns() }}
    from revisions
)

select * from final
