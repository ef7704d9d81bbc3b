with

measures as (select * from {{ ref('measure') }}),

final as (
    select code, kind, level_rule, stage_order, sums_over_time, is_entry_stage
    from measures
)

select * from final
