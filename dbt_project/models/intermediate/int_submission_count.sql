{{ config(materialized='incremental', incremental_strategy='append', on_schema_change='fail') }}

{%- set bits = var('dimension_bits') -%}
{%- set parts = var('exclusive_parts') %}

with

coded_rows as (
    select *
    from {{ ref('int_coded_row') }}
    {% if is_incremental() %}
    where {{ is_new('submission_id') }}
    {% endif %}
),

breakdowns as (select * from {{ ref('breakdown') }}),

-- A code that all rows of a table share describes the whole table (adults only, prison only) and is not a breakdown.
-- Records are different: five convicts in a quarter who are all women do not make it a table of women.
-- The total of a dimension keeps the code that the table uses: one office also prints, for its cases, cells by sex that
-- do not apply, and their sum would become a second total (_T) in addition to the number of cases (_Z).
table_scopes as (
    select
        {{ tables() }}
        {%- for dimension in bits %},
        min({{ dimension }}) <> max({{ dimension }}) as is_varied_{{ dimension }},
        count(case when {{ dimension }} not in ('_T', '_Z') then 1 end) > 0 as is_coded_{{ dimension }},
        coalesce(min(case when {{ dimension }} in ('_T', '_Z') then {{ dimension }} end), '_T') as total_{{ dimension }}
        {%- endfor %}
    from coded_rows
    group by {{ tables() }}
),

masked as (
    select
        coded_rows.*,
        {%- for dimension in bits %}
        scopes.total_{{ dimension }},
        {%- endfor %}
        0
        {%- for dimension, bit in bits.items() %}
        + case
            when coded_rows.basis = 'records' then case when scopes.is_coded_{{ dimension }} then {{ bit }} else 0 end
            when coded_rows.{{ dimension }} in ('_T', '_Z') then 0
            {%- if dimension != 'offence' %}
            when not scopes.is_varied_{{ dimension }} then 0
            {%- endif %}
            else {{ bit }}
        end
        {%- endfor %} as row_mask
    from coded_rows
    inner join table_scopes as scopes on {{ tables_match('coded_rows', 'scopes') }}
),

-- Each row counts towards every cell that contains it. Sentence lengths are summed only in records, which are complete,
-- and only by kind of sentence, because a suspended sentence is not served.
spread as (
    select
        {{ tables('masked.') }},
        {%- for dimension, bit in bits.items() %}
        case when (masked.row_mask & {{ bit }}) > 0 and (breakdowns.mask & {{ bit }}) = 0 then masked.total_{{ dimension }} else masked.{{ dimension }} end as {{ dimension }},
        masked.{{ dimension }} as part_{{ dimension }},
        {%- endfor %}
        masked.row_mask,
        masked.row_mask - breakdowns.mask as summed_mask,
        masked.value,
        masked.obs_status,
        masked.n_rows,
        masked.flags,
        masked.fact_ids
    from masked
    inner join breakdowns on (masked.row_mask & breakdowns.mask) = breakdowns.mask
    where
        (masked.basis = 'records' and (breakdowns.mask & {{ bits['sentence_type'] + bits['sentence_band'] }}) <> {{ bits['sentence_band'] }})
        or (masked.basis <> 'records' and ((masked.row_mask - breakdowns.mask) & {{ bits['sentence_band'] }}) = 0)
),

candidates as (
    select
        {{ tables() }},
        {{ bits | join(', ') }},
        row_mask,
        summed_mask,
        {{ sum_value() }} as value,
        {{ sum_status() }} as obs_status,
        sum(n_rows) as n_rows,
        max(flags) as flags,
        {{ merge_lists('fact_ids') }} as fact_ids,
        basis = 'records' or (
            true
            {%- for dimension, codes in parts.items() %}
            and ((summed_mask & {{ bits[dimension] }}) = 0
                or 0 {%- for code in codes %} + max(case when part_{{ dimension }} = '{{ code }}' then 1 else 0 end) {%- endfor %} = {{ codes | length }})
            {%- endfor %}
        ) as is_complete
    from spread
    group by {{ tables() }}, {{ bits | join(', ') }}, row_mask, summed_mask
),

-- The office's own figure first, then the sum over the fewest dimensions.
ranked as (
    select
        *,
        row_number() over (
            partition by {{ tables() }}, {{ bits | join(', ') }}
            order by
                0 {%- for bit in bits.values() %} + case when (summed_mask & {{ bit }}) > 0 then 1 else 0 end {%- endfor %},
                summed_mask,
                row_mask
        ) as rank_of_cell
    from candidates
    where is_complete
),

final as (
    select
        submission_id, territory, jurisdiction, instrument, source, form, freq, period, accumulation,
        {{ count_type_id() }} as count_type_id,
        {{ count_type() }},
        value,
        obs_status,
        case
            when basis = 'records' then 'records'
            when n_rows > 1 then 'derived_parts'
            else 'reported'
        end as basis,
        flags,
        {{ block_id() }} as block_id,
        fact_ids
    from ranked
    where rank_of_cell = 1
)

select * from final
