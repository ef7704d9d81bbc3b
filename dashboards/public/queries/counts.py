"""Hold the statements on counts: the protected cells of the programme, with their rates and shares."""

from __future__ import annotations

from collections.abc import Mapping

from pipelines.core import codes
from pipelines.front.queries import BEFORE_COURT as BEFORE_COURT
from pipelines.front.queries import BREAKDOWN_TABLES as BREAKDOWN_TABLES
from pipelines.front.queries import STAGES as STAGES
from pipelines.front.queries import UNNAMED_CELLS
from pipelines.front.queries import VICTIM_TABLES as VICTIM_TABLES

MAIN_STAGES: Mapping[str, tuple[str, ...]] = {
    track: tuple(stage for stage in stages if not stage.startswith(("reported", "adjudicated")))
    for track, stages in STAGES.items()
}
ALL_STAGES: tuple[str, ...] = tuple(dict.fromkeys(stage for stages in STAGES.values() for stage in stages))
STAGE_TABLES = ("area_quarter", "area_year", "area_pool")

_IN_ORDER = ", ".join(f"cell.{name}" for name in codes.CELL_KEY)
# The release marks the total of each measure (`is_total`). A cell may be in several tables; only one of its rows is
# read.
TOTALS = """
    select cell.*
    from cell
    inner join programme on cell.table_id = programme.table_id
    where cell.is_total and cell.statistic = 'count'
"""
ONCE = "qualify row_number() over (partition by cell.cell_id order by programme.position) = 1"

SQL: Mapping[str, str] = {
    "periods": """
        select freq, period from cell
        where table_id in (select unnest(?)) and area_kind = 'region' and offence_group = ?
        group by freq, period order by freq, period desc
    """,
    "stages": f"""
        with total as (
            {TOTALS}
            and cell.freq = ? and cell.period = ? and cell.offence_group = ? and cell.count_unit = ?
            and cell.measure in (select unnest(?)) and cell.area_kind in (select unnest(?))
            {ONCE}
        ),
        -- Earlier releases have no dispersion.
        number as (
            select cast(null as double) as dispersion where false
            union all by name
            select * from indicator where metric = 'count'
        ),
        rate as (select * from indicator where metric = 'rate')
        select
            total.*,
            number.low, number.high, number.interval_basis, number.dispersion,
            rate.value as rate, rate.obs_status as rate_obs_status, rate.conf_status as rate_conf_status,
            rate.denominator as population, rate.flags as rate_flags, rate.low as rate_low, rate.high as rate_high,
            rate.interval_basis as rate_basis
        from total
        left join number on number.cell_id = total.cell_id
        left join rate on rate.cell_id = total.cell_id
        order by total.area, total.measure
    """,
    "own_cells": """
        select * from cell
        where measure = ? and period = ? and offence_group = ? and count_unit = ?
            and area_kind = 'territory' and statistic = 'count'
        order by area, cell_id, table_id
    """,
    "unnamed_cells": f"{UNNAMED_CELLS} order by {', '.join(f'of_year.{name}' for name in codes.CELL_KEY)}",
    "units": """
        select distinct count_unit from cell
        where table_id in (select unnest(?)) and offence_group = ? and measure in (select unnest(?))
        order by case count_unit when 'person' then 0 else 1 end, count_unit
    """,
    "other_units": f"""
        with total as ({TOTALS} and cell.freq = ? and cell.period = ? and cell.offence_group = ?)
        select distinct area, measure, count_unit from total
        where area_kind = 'territory' and count_unit <> ? and measure in (select unnest(?))
            and (value is not null or conf_status <> 'F')
        order by area, measure, count_unit
    """,
    "series": f"""
        with total as (
            {TOTALS}
            and cell.area = ? and cell.freq in (select unnest(?)) and cell.offence_group = ? and cell.count_unit = ?
            and cell.measure in (select unnest(?))
            {ONCE}
        ),
        number as (select * from indicator where metric = 'count')
        select
            total.*,
            number.low, number.high, number.interval_basis, number.state
        from total
        left join number on number.cell_id = total.cell_id
        order by total.measure, total.freq, total.period
    """,
    "breakdown": f"""
        select
            cell.*,
            share.value as share_value, share.low as share_low, share.high as share_high, share.state as share_state,
            share.interval_basis as share_interval_basis, share.obs_status as share_obs_status,
            share.conf_status as share_conf_status, share.flags as share_flags
        from cell
        left join indicator as share
            on share.metric = 'share' and share.dimension = $dimension
            and share.cell_id = cell.cell_id
        where cell.table_id = $table_id and cell.area = $area and cell.freq = 'A' and cell.period = $period
            and cell.offence_group = $offence_group and cell.count_unit = $count_unit
            and cell.measure in (select unnest($measures))
        order by cell.measure, {_IN_ORDER}
    """,
    "operands": f"""
        {TOTALS}
        and cell.area in (select unnest(?)) and cell.period in (select unnest(?)) and cell.offence_group = ?
        and cell.count_unit = ? and cell.measure in (select unnest(?)) and cell.level in (select unnest(?))
        {ONCE}
    """,
    "cell_indicator": """
        select * from indicator where cell_id = ? and metric = ? and dimension = ?
    """,
    "years": """
        select period from cell
        where freq = 'A' and area = ? and offence_group = ? and table_id in (select unnest(?))
        group by period order by period desc
    """,
    "jurisdictions": """
        select * from cell
        where table_id = 'jurisdiction_year' and territory = ? and period = ? and offence_group = ? and count_unit = ?
            and measure in (select unnest(?)) and person_type in ('_T', '_Z') and statistic = 'count'
        order by area, measure
    """,
    "movements": """
        select cell.* from cell
        inner join codelist on codelist.codelist = 'measure' and codelist.code = cell.measure
        where cell.table_id in ('area_year_movement', 'area_year_pending') and cell.area = ?
            and cell.offence_group = ? and cell.count_unit = ? and cell.person_type in ('_T', '_Z')
        order by codelist.position, cell.level, cell.statistic desc, cell.period
    """,
    "stocks_of_area": """
        select * from cell
        where table_id = 'area_year_pending' and statistic = 'end' and is_total
            and area = ? and offence_group = ? and count_unit = ? and period = ?
    """,
    "crossed": f"""
        select * from cell
        where table_id = ? and area = ? and freq = 'A' and period = ? and offence_group = ? and count_unit = ?
            and person_type in ('_T', '_Z')
        order by {_IN_ORDER}
    """,
    "victims": """
        select
            cell.*, rate.value as rate, rate.obs_status as rate_obs_status, rate.conf_status as rate_conf_status,
            rate.flags as rate_flags, rate.denominator as population, rate.low as rate_low, rate.high as rate_high,
            rate.interval_basis as rate_basis, number.low, number.high
        from cell
        left join indicator as rate
            on rate.metric = 'rate' and rate.cell_id = cell.cell_id
        left join indicator as number
            on number.metric = 'count' and number.cell_id = cell.cell_id
        where cell.table_id in ('victims_quarter', 'victims_year') and cell.freq = ? and cell.period = ?
            and cell.offence_group = ? and cell.count_unit = ?
        order by cell.area, cell.victim_status
    """,
    "victim_forms": """
        select share.*, cell.table_id
        from indicator as share
        inner join cell on cell.cell_id = share.cell_id
        where share.metric = 'share' and share.dimension = 'exploitation' and share.measure = 'victims_detected'
            and share.freq = 'A' and share.period = ? and share.offence_group = ? and share.count_unit = ?
            and share.victim_status = '_T' and share.area_kind = 'territory'
        qualify row_number() over (partition by share.cell_id order by cell.table_id) = 1
        order by share.area, share.exploitation
    """,
    "victim_units": """
        select distinct count_unit from cell
        where table_id in ('victims_quarter', 'victims_year') and offence_group = ?
        order by case count_unit when 'victim' then 0 else 1 end, count_unit
    """,
    "victim_groups": """
        select distinct offence_group from cell where table_id in ('victims_quarter', 'victims_year') order by 1 desc
    """,
}


def cells_statement(table: str | None, terms: Mapping[str, str]) -> tuple[str, list[str]]:
    """Return statement and parameters for the cells of an id; a dimension that the id leaves out is at its total."""
    conditions, values = ["true"], []
    if table:
        conditions.append("table_id = ?")
        values.append(table)
    for name in codes.CELL_KEY:
        if name in terms:
            conditions.append(f"{name} = ?")
            values.append(terms[name])
        elif name in codes.BREAKDOWNS:
            conditions.append(f"({name} in ('_T', '_Z') or {name} is null)")
    return f"select * from cell where {' and '.join(conditions)} order by table_id, {_IN_ORDER} limit 20", values
