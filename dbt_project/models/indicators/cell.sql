with

counts_input as (select * from {{ from_source('counts', 'counts_input') }}),

-- One cell may stand in several tables of the programme. Where one of them withholds it, it is withheld.
ranked as (
    select
        *,
        row_number() over (
            partition by area_kind, area, freq, period, {{ cells() }}
            order by case when value is null then 0 else 1 end, conf_status
        ) as rank_of_cell
    from counts_input
),

final as (
    select
        area_kind, area, territory, freq, period,
        {{ cells() }},
        value, obs_status, conf_status, n_reported, n_expected, reporters, basis, is_additive, flags
    from ranked
    where rank_of_cell = 1
)

select * from final
