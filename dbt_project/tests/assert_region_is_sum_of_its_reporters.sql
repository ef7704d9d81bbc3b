-- A regional figure is the sum of the figures of the territories that it names, and names at least one.
with

counts as (
    select
        area_kind, area, freq, period, value, n_reported, reporters,
        {{ count_type_id() }} as count_type_id
    from {{ ref('mart_count') }}
),

sums as (
    select
        region.freq, region.period, region.count_type_id,
        sum(territory.value) as summed,
        count(territory.value) as n_summed
    from counts as region
    inner join counts as territory
        on territory.area_kind = 'territory'
        and territory.freq = region.freq
        and territory.period = region.period
        and territory.count_type_id = region.count_type_id
        and (',' || region.reporters || ',') like ('%,' || territory.area || ',%')
    where region.area_kind = 'region' and region.value is not null
    group by region.freq, region.period, region.count_type_id
),

wrong as (
    select
        region.freq, region.period, region.count_type_id,
        region.value as stated,
        sums.summed,
        region.n_reported as n_stated,
        coalesce(sums.n_summed, 0) as n_summed
    from counts as region
    left join sums
        on region.freq = sums.freq
        and region.period = sums.period
        and region.count_type_id = sums.count_type_id
    where
        region.area_kind = 'region'
        and region.value is not null
        and (sums.summed is null or region.value <> sums.summed or region.n_reported <> sums.n_summed)
),

final as (
    select
        wrong.freq, wrong.period, {{ count_type('counts.') }},
        wrong.stated, wrong.summed, wrong.n_stated, wrong.n_summed
    from wrong
    inner join {{ ref('mart_count') }} as counts
        on counts.area_kind = 'region'
        and wrong.freq = counts.freq
        and wrong.period = counts.period
        and wrong.count_type_id = {{ count_type_id('counts.') }}
)

select * from final
