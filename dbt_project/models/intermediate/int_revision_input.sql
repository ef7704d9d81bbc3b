{%- set block_columns = ['submission_id', 'jurisdiction', 'instrument', 'source', 'form', 'freq', 'period', 'territory'] -%}

with

blocks as (select * from {{ ref('int_block') }}),

office_counts as (select * from {{ ref('int_office_count') }}),

territory_counts as (select * from {{ ref('int_territory_count') }}),

jurisdictions as (select * from {{ ref('stg_jurisdiction') }}),

counting as (
    select distinct territory, jurisdiction, instrument, source, freq, period, measure
    from office_counts
    where counts and source <> '_Z'
),

-- Only sums of parts have rows of their own.
territories_of_parts as (
    select distinct territory
    from jurisdictions
    where not is_whole and is_part_of_total
),

additive as (
    select territory_counts.territory, territory_counts.freq, territory_counts.period, territory_counts.count_type_id
    from territory_counts
    inner join territories_of_parts on territory_counts.territory = territories_of_parts.territory
    where territory_counts.is_additive
),

statements as (
    select
        territory,
        'block|' || {{ joined_by_bar(block_columns) }}
        || '|' || cast(accepted_at as string) || '|' || coalesce(cast(superseded_at as string), '')
        || '|' || cast(is_nil as string) || '|' || cast(is_provisional as string) as statement
    from blocks
    where territory is not null and source is not null
    union all
    select
        territory,
        'counting|' || {{ joined_by_bar(['jurisdiction', 'instrument', 'source', 'freq', 'period', 'measure']) }} as statement
    from counting
    union all
    select
        territory,
        'additive|' || {{ joined_by_bar(['freq', 'period', 'count_type_id']) }} as statement
    from additive
    union all
    select
        territory,
        'jurisdiction|' || {{ joined_by_bar(['territory', 'jurisdiction']) }}
        || '|' || cast(is_whole as string) || '|' || cast(is_part_of_total as string) as statement
    from jurisdictions
),

digests as (
    select
        territory,
        md5(statement) as statement_digest
    from statements
),

final as (
    select
        territory,
        md5({{ join_values('statement_digest', order_by='statement_digest') }}) as inputs_digest
    from digests
    group by territory
)

select * from final
