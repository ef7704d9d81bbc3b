with

populations as (select * from {{ ref('stg_population') }}),

periods as (select * from {{ ref('dim_period') }}),

years as (
    select distinct last_year as year
    from periods
    where freq in ('Q', 'A')
),

-- The newest vintage of a year counts; each territory's series is from one publisher and for one reference date.
ranked as (
    select
        coalesce(nullif(jurisdiction, ''), territory) as area,
        territory, year, population, series, vintage, reference_date, source_url, caveat,
        row_number() over (
            partition by coalesce(nullif(jurisdiction, ''), territory), year
            order by vintage desc, series
        ) as rank_of_year
    from populations
    where population is not null
),

published as (
    select *
    from ranked
    where rank_of_year = 1
),

-- A year without a figure uses the last earlier one and is flagged.
candidates as (
    select
        published.area, published.territory, years.year, published.year as population_year, published.population,
        published.series, published.vintage, published.reference_date, published.source_url, published.caveat,
        row_number() over (partition by published.area, years.year order by published.year desc) as rank_of_candidate
    from published
    inner join years on published.year <= years.year
),

of_areas as (
    select area, territory, year, population, population_year, series, vintage, reference_date, source_url, caveat
    from candidates
    where rank_of_candidate = 1
),

final as (
    select
        area, territory, year, population, population_year,
        population_year < year as is_carried_forward,
        series, vintage, reference_date, source_url, caveat
    from of_areas
)

select * from final
