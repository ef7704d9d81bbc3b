"""Statements on counts: the protected cells of the programme, with rates and shares beside them.

Belongs here: what changes with the tables `cell` and `indicator`, and the names of the programme's tables.  Does not
belong here: ratios and what follows from them (`indicators.py`), figures of records (`records.py`).
"""

from __future__ import annotations

from collections.abc import Mapping

BEFORE_COURT = ("reported", "investigated", "indicted")
STAGES: Mapping[str, tuple[str, ...]] = {
    "first": (*BEFORE_COURT, "adjudicated_first", "convicted_first", "sentenced_first"),
    "final": (*BEFORE_COURT, "adjudicated_final", "convicted_final", "sentenced_final"),
}
"""Stages shown side by side. First-instance and final decisions never stand in one row."""
MAIN_STAGES: Mapping[str, tuple[str, ...]] = {
    track: tuple(stage for stage in stages if not stage.startswith(("reported", "adjudicated")))
    for track, stages in STAGES.items()
}
BREAKDOWN_TABLES: Mapping[str, str] = {
    "sex": "territory_year_sex",
    "age": "territory_year_age",
    "offence": "territory_year_offence",
    "sentence_type": "area_year_sentence_type",
    "sentence_band": "area_year_sentence_band",
}
"""Which table of the programme holds a breakdown of the stages of proceedings."""
VICTIM_TABLES: Mapping[str, str] = {
    "sex": "victims_year_sex",
    "age": "victims_year_age",
    "exploitation": "victims_year_form",
}
STAGE_TABLES = ("area_quarter", "area_year", "area_pool")

KEY = (
    "area_kind", "area", "freq", "period", "measure", "level", "count_unit", "statistic", "offence_group", "offence",
    "person_type", "victim_status", "sex", "age", "exploitation", "citizenship", "sentence_type", "sentence_band",
)  # fmt: skip
"""Columns that name one cell of the programme."""
_DIMENSIONS = KEY[KEY.index("offence") :]

# A total over all ages, or where an office counts adults only, that of adults, which the screen says. The same rule as
# in the mart `mart_pipeline`; a test holds the two together.
_TOTALS = """
    cell.statistic = 'count'
    and cell.offence = '_T'
    and cell.age in ('_T', '_Z', 'Y_GE18')
    and cell.sex in ('_T', '_Z') and cell.exploitation in ('_T', '_Z') and cell.citizenship in ('_T', '_Z')
    and cell.sentence_type in ('_T', '_Z') and cell.sentence_band in ('_T', '_Z')
"""
_RANKED = f"""
    select
        cell.*,
        row_number() over (
            partition by cell.area, cell.freq, cell.period, cell.measure, cell.count_unit
            order by
                case when cell.value is not null or cell.conf_status <> 'F' then 0 else 1 end,
                case when cell.age = 'Y_GE18' then 1 else 0 end,
                case cell.person_type when '_T' then 0 when 'natural' then 1 else 2 end,
                cell.person_type, cell.age, programme.position
        ) as rank_of_total
    from cell
    inner join programme on cell.table_id = programme.table_id
    where {_TOTALS}
"""
_RATE_OF = " and ".join(f"rate.{name} = total.{name}" for name in KEY)
_NUMBER_OF = " and ".join(f"number.{name} = total.{name}" for name in KEY)

SQL: Mapping[str, str] = {
    "periods": """
        select freq, period from cell
        where table_id in (select unnest(?)) and area_kind = 'region' and offence_group = ?
        group by freq, period order by freq, period desc
    """,
    "stages": f"""
        with total as (
            {_RANKED}
            and cell.freq = ? and cell.period = ? and cell.offence_group = ? and cell.count_unit = ?
            and cell.measure in (select unnest(?)) and cell.area_kind in (select unnest(?))
        ),
        rate as (select * from indicator where metric = 'rate')
        select
            total.* exclude (rank_of_total),
            rate.value as rate, rate.obs_status as rate_obs_status, rate.conf_status as rate_conf_status,
            rate.denominator as population, rate.flags as rate_flags, rate.low as rate_low, rate.high as rate_high,
            rate.interval_basis as rate_basis
        from total
        left join rate on {_RATE_OF}
        where total.rank_of_total = 1
        order by total.area, total.measure
    """,
    "units": """
        select distinct count_unit from cell
        where table_id in (select unnest(?)) and offence_group = ? and measure in (select unnest(?))
        order by case count_unit when 'person' then 0 else 1 end, count_unit
    """,
    "other_units": f"""
        with total as ({_RANKED} and cell.freq = ? and cell.period = ? and cell.offence_group = ?)
        select area, measure, count_unit from total
        where rank_of_total = 1 and area_kind = 'territory' and count_unit <> ? and measure in (select unnest(?))
            and (value is not null or conf_status <> 'F')
        order by area, measure, count_unit
    """,
    "series": f"""
        with total as (
            {_RANKED}
            and cell.area = ? and cell.freq in (select unnest(?)) and cell.offence_group = ? and cell.count_unit = ?
            and cell.measure in (select unnest(?))
        ),
        number as (select * from indicator where metric = 'count')
        select
            total.* exclude (rank_of_total),
            number.low, number.high, number.interval_basis, number.state
        from total
        left join number on {_NUMBER_OF}
        where total.rank_of_total = 1
        order by total.measure, total.freq, total.period
    """,
    "breakdown": """
        select
            cell.*,
            share.value as share_value, share.low as share_low, share.high as share_high, share.state as share_state,
            share.interval_basis as share_interval_basis, share.obs_status as share_obs_status,
            share.conf_status as share_conf_status, share.flags as share_flags
        from cell
        left join indicator as share
            on share.metric = 'share' and share.dimension = $dimension
            and share.area_kind = cell.area_kind and share.area = cell.area
            and share.freq = cell.freq and share.period = cell.period
            and share.measure = cell.measure and share.level = cell.level and share.count_unit = cell.count_unit
            and share.statistic = cell.statistic and share.offence_group = cell.offence_group
            and share.offence = cell.offence and share.person_type = cell.person_type
            and share.victim_status = cell.victim_status and share.sex = cell.sex and share.age = cell.age
            and share.exploitation = cell.exploitation and share.citizenship = cell.citizenship
            and share.sentence_type = cell.sentence_type and share.sentence_band = cell.sentence_band
        where cell.table_id = $table_id and cell.area = $area and cell.freq = 'A' and cell.period = $period
            and cell.offence_group = $offence_group and cell.count_unit = $count_unit
            and cell.measure in (select unnest($measures))
        order by cell.measure, cell.cell_id
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
        where cell.table_id = 'area_year_movement' and cell.area = ? and cell.offence_group = ? and cell.count_unit = ?
            and cell.person_type in ('_T', '_Z')
        order by codelist.position, cell.level, cell.statistic desc, cell.period
    """,
    "crossed": """
        select * from cell
        where table_id = ? and area = ? and freq = 'A' and period = ? and offence_group = ? and count_unit = ?
            and person_type in ('_T', '_Z')
        order by cell_id
    """,
    "victims": """
        select
            cell.*, rate.value as rate, rate.obs_status as rate_obs_status, rate.conf_status as rate_conf_status,
            rate.flags as rate_flags, rate.denominator as population, rate.low as rate_low, rate.high as rate_high,
            rate.interval_basis as rate_basis
        from cell
        left join indicator as rate
            on rate.metric = 'rate' and rate.area = cell.area and rate.freq = cell.freq
            and rate.period = cell.period and rate.measure = cell.measure and rate.count_unit = cell.count_unit
            and rate.offence_group = cell.offence_group and rate.victim_status = cell.victim_status
            and rate.statistic = cell.statistic and rate.level = cell.level and rate.person_type = cell.person_type
        where cell.table_id in ('victims_quarter', 'victims_year') and cell.freq = ? and cell.period = ?
            and cell.offence_group = ? and cell.count_unit = ?
        order by cell.area, cell.victim_status
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


def cells_of(table: str | None, terms: Mapping[str, str]) -> tuple[str, list[str]]:
    """Statement and parameters of the cells of an id; a dimension that it leaves out stands at its total."""
    conditions, values = ["true"], []
    if table:
        conditions.append("table_id = ?")
        values.append(table)
    for name in KEY:
        if name in terms:
            conditions.append(f"{name} = ?")
            values.append(terms[name])
        elif name in _DIMENSIONS:
            conditions.append(f"({name} in ('_T', '_Z') or {name} is null)")
    return f"select * from cell where {' and '.join(conditions)} order by cell_id limit 20", values
