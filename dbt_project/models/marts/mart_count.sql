with

figures as (select * from {{ ref('int_figure') }}),

count_types as (select * from {{ ref('int_count_type') }}),

final as (
    select
        figures.area_kind, figures.area, figures.territory, figures.freq, figures.period,
        {{ count_type('count_types.') }},
        figures.value, figures.obs_status, figures.n_reported, figures.n_expected, figures.reporters, figures.basis,
        figures.is_additive, figures.flags, figures.submission_ids, 'F' as conf_status,
        count_types.total_of,
        {{ cell_id('figures.', 'count_types.') }} as cell_id
    from figures
    inner join count_types on figures.count_type_id = count_types.count_type_id
)

select * from final
