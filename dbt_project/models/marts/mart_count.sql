with

final as (select {{ declared_columns() }} from {{ ref('int_figure') }})

select * from final
