{{ config(materialized='view') }}

with

source as (select * from {{ from_source('dimensions', 'dim_metric') }}),

final as (
    select
        metric, position, name, definition, formula, kind, unit_measure, unit_of_pools, per, input, denominator_of,
        times, is_nested, interval_method, minimum_events, count_units, freqs, dimensions, model, source, caveats,
        sdmx_concept
    from source
)

select * from final
