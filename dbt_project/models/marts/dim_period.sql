with

calendar as (select * from {{ ref('stg_calendar') }}),

blocks as (select * from {{ ref('stg_block') }}),

counts as (select * from {{ ref('int_figure') }}),

named as (
    select freq, period from calendar
    union
    select freq, period from blocks
    union
    select freq, period from counts
),

parts as (
    select
        freq,
        period,
        {{ period_year('period') }} as first_year,
        case when freq in ('P3', 'P5') then cast(substring(period, 6, 4) as integer) else {{ period_year('period') }} end as last_year,
        case when freq = 'Q' then {{ period_quarter('period') }} end as quarter
    from named
),

bounds as (
    select
        *,
        case when quarter is null then 1 else 3 * quarter - 2 end as first_month,
        case when quarter is null or quarter = 4 then last_year + 1 else last_year end as year_after,
        case when quarter is null or quarter = 4 then 1 else 3 * quarter + 1 end as month_after
    from parts
),

dated as (
    select
        freq,
        period,
        first_year,
        last_year,
        quarter,
        cast(cast(first_year as string) || '-' || lpad(cast(first_month as string), 2, '0') || '-01' as date) as period_start,
        cast(cast(year_after as string) || '-' || lpad(cast(month_after as string), 2, '0') || '-01' as date) - interval '1' day as day_before
    from bounds
),

final as (
    select freq, period, first_year, last_year, quarter, period_start, cast(day_before as date) as period_end
    from dated
)

select * from final
