with

books as (select * from {{ ref('mart_cooperation_balance') }}),

-- Of the requests closed in the period: an open request may still be executed. A request cannot be half a case, so those
-- executed in part are shown next to those executed in full and not added to them.
closed as (
    select
        {{ cooperation_book() }},
        executed, executed_part, refused, withdrawn,
        executed + executed_part + refused + withdrawn as closed_total,
        cast(null as double) as dispersion,
        'clopper_pearson' as method
    from books
),

limited as (
    {{ with_limits('closed', 'method', 'executed', 'closed_total', 'dispersion') }}
),

shares as (
    select
        {{ cooperation_book() }},
        executed, executed_part, refused, withdrawn, closed_total,
        case when closed_total > 0 then 100.0 * executed / closed_total end as share,
        case when closed_total > 0 then 100.0 * low end as low,
        case when closed_total > 0 then 100.0 * high end as high
    from limited
),

incoming as (select * from shares where direction = 'incoming'),

outgoing as (select * from shares where direction = 'outgoing'),

keys as (
    select distinct territory, freq, period, year, offence_group, partner, assistance
    from shares
),

final as (
    select
        keys.*,
        {% for direction in ['incoming', 'outgoing'] %}
        {% for column in ['closed_total', 'executed', 'executed_part', 'refused', 'withdrawn', 'share', 'low', 'high'] -%}
        {{ direction }}.{{ column }} as {{ direction }}_{{ column }}{{ ',' if not loop.last }}
        {% endfor %}{{ ',' if not loop.last }}
        {% endfor %}
    from keys
    {% for direction in ['incoming', 'outgoing'] -%}
    left join {{ direction }}
        on keys.territory = {{ direction }}.territory
        and keys.freq = {{ direction }}.freq
        and keys.period = {{ direction }}.period
        and keys.offence_group = {{ direction }}.offence_group
        and keys.partner = {{ direction }}.partner
        and keys.assistance = {{ direction }}.assistance
    {% endfor %}
)

select * from final
