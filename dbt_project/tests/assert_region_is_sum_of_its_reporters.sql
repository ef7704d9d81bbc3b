-- A regional figure is the sum of the figures of the territories that it names, and names at least one.
with

counts as (select * from {{ ref('mart_count') }}),

sums as (
    select
        region.freq, region.period, {{ count_type('region.') }},
        max(region.value) as stated,
        sum(territory.value) as summed,
        max(region.n_reported) as n_stated,
        count(territory.value) as n_summed
    from counts as region
    inner join counts as territory
        on territory.area_kind = 'territory'
        and territory.freq = region.freq
        and territory.period = region.period
        and {{ count_types_match('territory', 'region') }}
        and (',' || region.reporters || ',') like ('%,' || territory.area || ',%')
    where region.area_kind = 'region' and region.value is not null
    group by region.freq, region.period, {{ count_type('region.') }}
),

final as (
    select *
    from sums
    where stated <> summed or n_stated <> n_summed
)

select * from final
