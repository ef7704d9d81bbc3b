with

territories as (select * from {{ ref('stg_territory') }}),

jurisdictions as (select * from {{ ref('stg_jurisdiction') }}),

names as (select * from {{ ref('stg_territory_name') }}),

-- The display name is the official English name that is still valid.
english as (
    select
        territory,
        coalesce(jurisdiction, territory) as area,
        min(name) as name_en,
        min(footnote) as footnote_en
    from names
    where language = 'en' and not is_accepted_only and valid_to is null
    group by territory, coalesce(jurisdiction, territory)
),

areas as (
    select '{{ var("region") }}' as area, 'region' as area_kind, '{{ var("region") }}' as territory, 'national' as kind, 0 as sort
    union all
    select territory as area, 'territory' as area_kind, territory, kind, sort
    from territories
    union all
    select jurisdictions.jurisdiction as area, 'jurisdiction' as area_kind, jurisdictions.territory, territories.kind, territories.sort
    from jurisdictions
    inner join territories on jurisdictions.territory = territories.territory
    where not jurisdictions.is_whole
),

final as (
    select
        areas.area, areas.area_kind, areas.territory, areas.kind, areas.sort,
        case when areas.area_kind = 'region' then '{{ var("region_name") }}' else english.name_en end as name_en,
        english.footnote_en
    from areas
    left join english on areas.area = english.area
)

select * from final
