with

figures as (select * from {{ ref('int_figure') }}),

count_types as (select * from {{ ref('int_count_type') }}),

cells as (
    select
        {{ cell_id('figures.', 'count_types.') }} as cell_id,
        figures.parts
    from figures
    inner join count_types on figures.count_type_id = count_types.count_type_id
),

parts as (
    {{ unnest_list('cells', 'cell_id', 'parts', 'part') }}
),

-- A year of an office that counts from January is the sum of four differences, of which only the last count remains.
final as (
    select
        cell_id,
        part.block_id as block_id,
        part.count_type_id as count_type_id,
        cast(sum(part.factor) as integer) as factor
    from parts
    group by cell_id, part.block_id, part.count_type_id
    having sum(part.factor) <> 0
)

select * from final
