{%- set shares = ['offence', 'sex', 'age', 'exploitation', 'citizenship', 'sentence_type', 'sentence_band'] %}
with

counts as (select * from {{ ref('cell') }}),

periods as (select * from {{ ref('input_period') }}),

populations as (select * from {{ ref('input_population') }}),

measures as (select * from {{ ref('input_measure') }}),

flows as (
    select counts.*
    from counts
    inner join measures on counts.measure = measures.code
    where counts.statistic = 'count' and measures.kind = 'flow'
),

-- Rates: of those who are in the count, and of no one else. The region's are by the population of the territories whose
-- figures are in its sum.
totals as (
    select
        flows.*,
        periods.last_year
    from flows
    inner join periods on flows.freq = periods.freq and flows.period = periods.period
    where
        flows.freq in ('Q', 'A')
        and flows.offence = '_T'
        {%- for dimension in ['sex', 'age', 'exploitation', 'citizenship', 'sentence_type', 'sentence_band'] %}
        and flows.{{ dimension }} in ('_T', '_Z')
        {%- endfor %}
),

populations_of_regions as (
    select
        reporters.reporters,
        reporters.last_year,
        sum(populations.population) as population,
        max(case when populations.is_carried_forward then 1 else 0 end) = 1 as is_carried_forward,
        count(*) = max(reporters.n_reported) as is_complete
    from (select distinct reporters, last_year, n_reported from totals where area_kind = 'region') as reporters
    inner join populations
        on populations.year = reporters.last_year
        and populations.area = populations.territory
        and (',' || reporters.reporters || ',') like ('%,' || populations.area || ',%')
    group by reporters.reporters, reporters.last_year
),

with_population as (
    select
        totals.*,
        case when totals.area_kind = 'region' then case when regions.is_complete then regions.population end else populations.population end as population,
        coalesce(case when totals.area_kind = 'region' then regions.is_carried_forward else populations.is_carried_forward end, false) as is_carried_forward
    from totals
    left join populations
        on totals.area_kind <> 'region'
        and totals.area = populations.area
        and totals.last_year = populations.year
    left join populations_of_regions as regions
        on totals.area_kind = 'region'
        and totals.reporters = regions.reporters
        and totals.last_year = regions.last_year
),

rates as (
    select
        area_kind, area, territory, freq, period, 'rate' as indicator, '_Z' as dimension,
        {{ cells() }},
        value * 100000.0 / population as value,
        value as numerator,
        case when value is not null then cast(population as double) end as denominator,
        'P_HTHAB' as unit_measure,
        obs_status, conf_status, n_reported, n_expected, reporters,
        case when is_carried_forward then {{ join_lists(['flags', "'population_carried_forward'"]) }} else flags end as flags
    from with_population
    where population is not null
),

-- Shares: of a cell in the total of the same table. Both are read from the input, so that of two published figures a
-- third is made and nothing more.
shares as (
    {%- for dimension in shares %}
    select
        parts.area_kind, parts.area, parts.territory, parts.freq, parts.period, 'share' as indicator, '{{ dimension }}' as dimension,
        {{ cells('parts.') }},
        parts.value as part_value,
        wholes.value as whole_value,
        parts.obs_status as part_status,
        wholes.obs_status as whole_status,
        parts.conf_status as part_conf,
        wholes.conf_status as whole_conf,
        parts.reporters = wholes.reporters as is_same_reporters,
        parts.n_reported, parts.n_expected, parts.reporters, parts.flags
    from flows as parts
    inner join flows as wholes
        on parts.area_kind = wholes.area_kind
        and parts.area = wholes.area
        and parts.freq = wholes.freq
        and parts.period = wholes.period
        {%- for column in cell_columns() %}
        {%- if column == dimension %}
        and wholes.{{ column }} = '_T'
        {%- else %}
        and parts.{{ column }} = wholes.{{ column }}
        {%- endif %}
        {%- endfor %}
    where parts.{{ dimension }} not in ('_T', '_Z')
    {%- if not loop.last %}
    union all
    {%- endif %}
    {%- endfor %}
),

judged as (
    select
        *,
        case
            when part_conf not in ('F') or whole_conf not in ('F') then 'Q'
            when part_value is null then part_status
            when whole_value is null then whole_status
            when not is_same_reporters then 'O'
            when whole_value = 0 then 'M'
            when part_status <> 'A' then part_status
            else whole_status
        end as share_status
    from shares
),

final as (
    select
        area_kind, area, territory, freq, period, indicator, dimension,
        {{ cells() }},
        value, numerator, denominator, unit_measure, obs_status, conf_status,
        n_reported, n_expected, reporters, flags
    from rates
    union all
    select
        area_kind, area, territory, freq, period, indicator, dimension,
        {{ cells() }},
        case when share_status not in ('Q', 'O', 'L', 'M') then part_value * 100.0 / whole_value end as value,
        part_value as numerator,
        whole_value as denominator,
        'PC' as unit_measure,
        share_status as obs_status,
        case when part_conf = 'F' then whole_conf else part_conf end as conf_status,
        n_reported, n_expected, reporters, flags
    from judged
)

select * from final
