-- A figure is the sum of the figures of submissions that its lineage names; one without lineage is not a number.
with

lineage as (select * from {{ ref('mart_lineage') }}),

submission_counts as (select block_id, count_type_id, value from {{ ref('int_submission_count') }}),

sums as (
    select
        lineage.cell_id,
        coalesce(sum(lineage.factor * submission_counts.value), 0) as summed
    from lineage
    left join submission_counts
        on lineage.block_id = submission_counts.block_id
        and lineage.count_type_id = submission_counts.count_type_id
    group by lineage.cell_id
),

final as (
    select figures.cell_id, figures.value, sums.summed
    from {{ ref('mart_count') }} as figures
    left join sums on figures.cell_id = sums.cell_id
    where figures.value is not null and (sums.summed is null or abs(figures.value - sums.summed) > 1e-9)
)

select * from final
