"""Hold the statements on one indicator in all areas and periods, for the page that compares territories.

They return rows of one shape: the key of a figure, `value`, `low`, `high`, `state` and the columns that explain it.
"""

from __future__ import annotations

from collections.abc import Mapping

from dashboards.public.queries.counts import ONCE, TOTALS

_AREAS = "('region', 'territory')"
_ALL_VICTIMS = "and cell.victim_status in ('_T', '_Z')"
"""Victims have a total for each status, too; only the total of all is compared."""
_ONE_DIMENSION = "and (dimension = 'sex' or sex in ('_T', '_Z')) and (dimension = 'age' or age in ('_T', '_Z'))"
"""The region also has shares of sex by age and of age by sex."""
_CATEGORY = """
    case dimension
        when 'sex' then sex when 'age' then age when 'offence' then offence when 'exploitation' then exploitation
        when 'sentence_type' then sentence_type when 'sentence_band' then sentence_band
    end
"""

SQL: Mapping[str, str] = {
    "metrics": "select * from metric order by position",
    "compared_measures": f"""
        select total.measure, total.level, total.count_unit
        from (
            {TOTALS} {_ALL_VICTIMS} and cell.offence_group = $offence_group and cell.area_kind = 'territory'
        ) as total
        left join indicator as rate on rate.metric = 'rate' and rate.cell_id = total.cell_id
        left join codelist on codelist.codelist = 'measure' and codelist.code = total.measure
        where ($metric = 'count' and total.value is not null) or ($metric = 'rate' and rate.value is not null)
        group by total.measure, total.level, total.count_unit, codelist.position
        order by
            codelist.position, total.level, case total.count_unit when 'person' then 0 else 1 end, total.count_unit
    """,
    "compared_cells": f"""
        with total as (
            {TOTALS} {_ALL_VICTIMS}
            and cell.measure = $measure and cell.level = $level and cell.offence_group = $offence_group
            and cell.count_unit = $count_unit
            and cell.area_kind in {_AREAS}
            {ONCE}
        ),
        number as (
            select * from indicator
            where metric = $metric and measure = $measure and level = $level and offence_group = $offence_group
                and count_unit = $count_unit
        )
        select
            total.* replace (
                case when $metric = 'count' then total.value else number.value end as value,
                -- A count without a rate has none that could exist, for example one of adults only.
                coalesce(
                    number.obs_status,
                    case when $metric = 'count' or total.value is null then total.obs_status else 'M' end
                ) as obs_status,
                coalesce(number.conf_status, total.conf_status) as conf_status,
                concat_ws(',', nullif(total.flags, ''), nullif(number.flags, '')) as flags
            ),
            number.low, number.high, number.interval_basis, number.state,
            number.numerator, number.denominator
        from total
        left join number on number.cell_id = total.cell_id
        order by total.area, total.period
    """,
    "compared_ratios": f"""
        select * from stage_ratio
        where metric = ? and offence_group = ? and count_unit = ? and area_kind in {_AREAS}
        order by area, period, version
    """,
    "ratios_of_area": """
        select * from stage_ratio
        where area = ? and offence_group = ? and count_unit = ? and freq = ? and period = ?
        order by metric, version
    """,
    "compared_categories": f"""
        with categories as (
            select distinct measure, dimension, {_CATEGORY} as category, count_unit from indicator
            where metric = 'share' and offence_group = ? and area_kind = 'territory' and value is not null
                and victim_status in ('_T', '_Z')
        )
        select categories.* from categories
        left join codelist as measures on measures.codelist = 'measure' and measures.code = categories.measure
        left join codelist as labels on labels.codelist = dimension and labels.code = category
        where category is not null and category not in ('_T', '_Z')
        order by measures.position, dimension, labels.position, count_unit
    """,
    "compared_shares": f"""
        select share.*, cell.table_id
        from (
            select *, {_CATEGORY} as category from indicator
            where metric = 'share' and victim_status in ('_T', '_Z') and area_kind in {_AREAS} {_ONE_DIMENSION}
        ) as share
        inner join cell on share.cell_id = cell.cell_id
        inner join programme on cell.table_id = programme.table_id
        where share.measure = ? and share.dimension = ? and share.category = ? and share.offence_group = ?
            and share.count_unit = ?
        qualify row_number() over (partition by share.cell_id order by programme.position) = 1
        order by share.area, share.period
    """,
    "compared_clearances": """
        select metric.metric, metric.name, clearance.count_unit
        from clearance inner join metric using (metric)
        where clearance.offence_group = ? and clearance.value is not null and clearance.unit_measure in ('PC', 'D')
            and clearance.area_kind = 'territory'
        group by metric.metric, metric.name, metric.position, clearance.count_unit
        order by metric.position, count(*) desc, clearance.count_unit
    """,
    "compared_clearance": f"""
        select * from clearance
        where metric = ? and offence_group = ? and count_unit = ? and area_kind in {_AREAS}
        order by area, period
    """,
}
