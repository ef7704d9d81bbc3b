with

years as (select * from {{ ref('int_year_count') }}),

cells as (select * from {{ ref('dim_cell') }}),

final as (
    select
        years.territory, years.jurisdiction, years.period,
        {{ cells('cells.') }},
        years.own_value, years.quarters_value,
        years.own_value - years.quarters_value as difference,
        years.own_submission_ids, years.quarters_submission_ids
    from years
    inner join cells on years.cell_id = cells.cell_id
    where years.own_value <> years.quarters_value
)

select * from final
