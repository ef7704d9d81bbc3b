-- If several offices of a jurisdiction report one measure of one period, its territory declares which one counts.
with

counted as (select * from {{ ref('int_office_count') }}),

final as (
    select distinct jurisdiction, freq, period, measure
    from counted
    where is_contested
)

select * from final
