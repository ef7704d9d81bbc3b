"""Every SQL statement of the public dashboard, and the one place that opens a release.

Belongs here: statements with parameters, and reading them from `release.duckdb`, read-only.  They select rows of the
published programme and never add any up.  Does not belong here: words, symbols and screens (`words.py`, `tables.py`,
`public_pages/`), and any file but that of a release.

A release never changes, so its resolved path is the whole cache key.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from functools import lru_cache
from pathlib import Path
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    import duckdb

Row = Mapping[str, Any]
Rows = tuple[Row, ...]

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
BREAKS = ("law", "counting", "source")
"""Kinds of notes after which figures are not comparable with those before. A new layout alone is none."""
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

SQL: Mapping[str, str] = {
    "release": "select * from release",
    "areas": "select * from area where kind = 'national' order by sort, area_kind, area",
    "periods": """
        select freq, period from cell
        where table_id in (select unnest(?)) and area_kind = 'region' and offence_group = ?
        group by freq, period order by freq, period desc
    """,
    "codelist": "select code, label, definition from codelist where codelist = ? order by position",
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
            rate.denominator as population, rate.flags as rate_flags
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
        )
        select * exclude (rank_of_total) from total where rank_of_total = 1 order by measure, freq, period
    """,
    "breakdown": """
        select
            cell.*, share.value as share, share.obs_status as share_obs_status, share.conf_status as share_conf_status
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
            rate.flags as rate_flags, rate.denominator as population
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
    "coverage": """
        select * from coverage
        where instrument = ? and freq = ? and period = ?
        order by territory, jurisdiction, source
    """,
    "annual_only": """
        select territory from coverage where instrument = ?
        group by territory having count(case when freq = 'Q' then 1 end) = 0 order by territory
    """,
    "counting_rules": "select * from counting_rule where territory in (select unnest(?)) order by jurisdiction, level",
    "notes": "select * from note where territory = ? and kind in (select unnest(?)) order by area, note_id",
    "breaks": """
        select * from note
        where territory in (select unnest(?)) and kind in (select unnest(?))
            and (offence_group = '' or offence_group = ?) and period_from <> ''
        order by territory, period_from, area, note_id
    """,
    "metadata": "select concept, text, status, source from metadata where territory = ? order by position",
    "population": "select * from population where area = ? order by year desc",
    "submissions": "select * from submission where territory = ? order by accepted_at desc, submission_id",
    "references": """
        select * from reference_figure
        where (? = '' or territory = ?) and (? = '' or offence_group = ? or offence_group is null)
            and kind in (select unnest(?))
        order by territory, offence_group, measure nulls last, measure_words, period, source, breakdown, occurrence
    """,
    "references_beside": """
        select
            reference.territory, reference.period, reference.measure, reference.count_unit, reference.value,
            reference.obs_status, reference.conf_status, reference.kind, reference.source_title, reference.mapping,
            own.cell_id as own_cell_id, own.table_id, own.value as own_value, own.obs_status as own_obs_status,
            own.conf_status as own_conf_status, own.area_kind, own.area, own.freq, own.level, own.statistic,
            own.offence_group, own.offence, own.person_type, own.victim_status, own.sex, own.age, own.exploitation,
            own.citizenship, own.sentence_type, own.sentence_band,
            case when own.value is not null and reference.value is not null
                    and own.conf_status = 'F' and reference.conf_status = 'F'
                then own.value - reference.value end as difference
        from reference_figure as reference
        left join cell as own
            on own.area_kind = 'territory' and own.area = reference.territory and own.freq = reference.freq
            and own.period = reference.period and own.measure = reference.measure
            and own.count_unit = reference.count_unit and own.statistic = reference.statistic
            and own.offence_group = reference.offence_group and own.offence = '_T'
            and own.table_id in ('area_year', 'victims_year')
            and own.person_type in ('_T', '_Z') and own.victim_status = reference.victim_status
        where reference.kind = ? and reference.mapping <> 'none' and reference.measure is not null
            and reference.freq = 'A' and coalesce(reference.breakdown, '') = ''
            and reference.sex in ('_T', '_Z') and reference.age in ('_T', '_Z')
            and (? = '' or reference.territory = ?) and reference.offence_group = ?
        order by reference.territory, reference.measure, reference.period desc
    """,
    "cell_submissions": """
        select submission.* from cell_submission
        inner join submission using (submission_id)
        where cell_submission.cell_id = ? order by submission.jurisdiction, submission.first_period
    """,
    "programme": "select * from programme order by position",
    "ratio_metrics": """
        select metric.* from metric
        where metric.model = 'mart_stage_ratio'
            and metric.metric in (select metric from stage_ratio where offence_group = ? and value is not null)
        order by metric.position
    """,
    "ratio_periods": """
        select freq, period from stage_ratio where metric = ? and offence_group = ?
        group by freq, period order by freq, period desc
    """,
    "ratio_units": """
        select count_unit from stage_ratio where metric = ? and offence_group = ?
        group by count_unit order by case count_unit when 'person' then 0 else 1 end, count_unit
    """,
    "ratios": """
        select * from stage_ratio
        where metric = ? and freq = ? and period = ? and offence_group = ? and count_unit = ?
            and area_kind in ('region', 'territory')
        order by area, version
    """,
    "pairs": """
        select * from pair
        where metric = ? and freq = ? and period = ? and offence_group = ? and count_unit = ?
        order by area_a, area_b
    """,
    "region_range": """
        select * from region where metric = ? and freq = ? and period = ? and offence_group = ? and count_unit = ?
    """,
    "cards_of_metric": """
        select distinct cards.area, cards.level, counting_card.* exclude (level)
        from metric_operand as operand
        inner join codelist on codelist.codelist = 'measure' and codelist.code = operand.measure
        inner join counting_card_of as cards on cards.level = operand.level
        inner join counting_card using (card_id)
        where operand.metric = ? and cards.freq = ? and cards.period = ? and cards.count_unit = ?
            and cards.area in (select unnest(?))
        order by cards.area, cards.level
    """,
    "record_areas": """
        select area from duration union select area from pending union select area from cohort
        union select area from sentence order by area
    """,
    "duration_ways": """
        select distinct duration.stage, metric.* from duration inner join metric using (metric)
        where duration.offence_group = ? order by metric.position
    """,
    "durations": """
        select * from duration where stage = ? and offence_group = ? and freq = '_T' and entered = '_T'
        order by area, source, statistic
    """,
    "pending": "select * from pending where stage = ? and offence_group = ? order by area, source, statistic",
    "cohorts": """
        select * from cohort where stage = ? and offence_group = ? and freq = 'A'
        order by area, source, cohort desc, statistic
    """,
    "sentence_years": """
        select period, count(value) as n from sentence where offence_group = ? and level = ? and freq = 'A'
        group by period order by period desc
    """,
    "sentences": """
        select * from sentence
        where offence_group = ? and level = ? and freq = 'A' and period = ? and sentence_band = '_T'
            and sentence_type in ('_T', 'prison')
        order by area, source, statistic
    """,
    "metric": "select * from metric where metric = ?",
    "clearance_levels": "select distinct level from clearance where offence_group = ? and value is not null",
    "clearance_units": """
        select count_unit from clearance where offence_group = ? and level = ? and value is not null
        group by count_unit order by count(value) desc, count_unit
    """,
    "clearance_periods": """
        select freq, period from clearance
        where offence_group = ? and level = ? and count_unit = ? and value is not null
        group by freq, period order by freq, period desc
    """,
    "clearance": """
        select clearance.* from clearance inner join metric using (metric)
        where clearance.offence_group = ? and clearance.level = ? and clearance.count_unit = ?
            and clearance.freq = ? and clearance.period = ? and clearance.unit_measure in ('PC', 'D')
            and clearance.area_kind in ('region', 'territory')
        order by clearance.area, metric.position
    """,
    "quality": """
        select territory, indicator, value, unit, n, reason from quality where period = '_T' and instrument = '_T'
    """,
    "revised": """
        select area, sum(periods)::int as periods, sum(revised)::int as revised from revision_summary
        where area_kind = 'territory' group by area
    """,
    "coherence": """
        select world, territory, period, left_source, left_words, left_value, right_source, right_words, right_value,
            difference, verdict, reason_text
        from coherence order by world desc, territory, period, measure, left_words
    """,
    "tables": "select table_name from information_schema.tables order by table_name",
}
"""Statements by name. A `?` is a parameter in the order of the arguments of `read`."""


class NoReleaseError(Exception):
    """There is no home, or nothing has been published in it. The text says which command makes one."""


def current_release() -> str:
    """Resolved path of the current release's `release.duckdb`. Raises NoReleaseError.

    The home is that of `RTI_HOME`; of it only `public/current` is followed.
    """
    from pipelines.home import HomeError, open_home
    from pipelines.releases.publish import current

    try:
        folder = current(open_home())
    except HomeError as error:
        # Where on the server the home should lie is nobody's business who reads a public page.
        raise NoReleaseError("there is no home; make one with `rti init` and set RTI_HOME to it") from error
    if folder is None or not (folder / "release.duckdb").is_file():
        raise NoReleaseError("no release has been published yet; make one with `rti refresh --publish`")
    return str(folder / "release.duckdb")


@lru_cache(maxsize=2)
def _connection(path: str) -> duckdb.DuckDBPyConnection:
    import duckdb

    return duckdb.connect(path, read_only=True)


@lru_cache(maxsize=1024)
def _cached(path: str, name: str, parameters: tuple[Any, ...]) -> Rows:
    given: Any = [list(p) if isinstance(p, tuple) else p for p in parameters]
    if parameters and isinstance(parameters[0], _Named):
        given = {p.name: list(p.value) if isinstance(p.value, tuple) else p.value for p in parameters}
    # A cursor of its own: Streamlit answers several readers in several threads.
    cursor = _connection(path).cursor()
    found = cursor.execute(SQL[name], given)
    columns = [column[0] for column in found.description or ()]
    return tuple(dict(zip(columns, row, strict=True)) for row in found.fetchall())


class _Named(tuple[str, Any]):
    """A parameter with its name; a tuple, so that it can be part of a cache key."""

    @property
    def name(self) -> str:
        return str(self[0])

    @property
    def value(self) -> Any:
        return self[1]


def read(path: str, name: str, *parameters: Any, **named: Any) -> Rows:
    """Rows of one statement, as read-only mappings by column. Lists are given as tuples."""
    if named:
        parameters = tuple(_Named((key, value)) for key, value in named.items())
    return _cached(path, name, parameters)


def cells(path: str, table: str | None, terms: Mapping[str, str]) -> Rows:
    """Cells that fit the terms of an id (`pipelines.explain.parse_id`), those of the earliest table first.

    A dimension that the terms leave out stands at its total or does not apply.
    """
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
    cursor = _connection(path).cursor()
    found = cursor.execute(f"select * from cell where {' and '.join(conditions)} order by cell_id limit 20", values)
    columns = [column[0] for column in found.description or ()]
    return tuple(dict(zip(columns, row, strict=True)) for row in found.fetchall())


def area_names(path: str) -> dict[str, Row]:
    """Areas by code, in the order of the screen."""
    return {row["area"]: row for row in read(path, "areas")}


def labels(path: str, codelist: str) -> dict[str, str]:
    """Labels of one code list by code, in its order."""
    return {row["code"]: row["label"] for row in read(path, "codelist", codelist)}


def periods(path: str, offence_group: str, tables: Sequence[str] = STAGE_TABLES) -> dict[str, list[str]]:
    """Periods that the programme has, newest first, by frequency."""
    out: dict[str, list[str]] = {}
    for row in read(path, "periods", tuple(tables), offence_group):
        out.setdefault(row["freq"], []).append(row["period"])
    return {freq: out[freq] for freq in ("Q", "A", "P3", "P5") if freq in out}


def ratio_periods(path: str, metric: str, offence_group: str) -> dict[str, list[str]]:
    """Periods of one ratio, newest first, by frequency."""
    out: dict[str, list[str]] = {}
    for row in read(path, "ratio_periods", metric, offence_group):
        out.setdefault(row["freq"], []).append(row["period"])
    return {freq: out[freq] for freq in ("A", "Q", "P3", "P5") if freq in out}


def clearance_periods(path: str, offence_group: str, level: str, unit: str) -> dict[str, list[str]]:
    """Periods with a clearance rate or a disposition time, newest first, by frequency."""
    out: dict[str, list[str]] = {}
    for row in read(path, "clearance_periods", offence_group, level, unit):
        out.setdefault(row["freq"], []).append(row["period"])
    return {freq: out[freq] for freq in ("A", "Q") if freq in out}


def has(path: str, table: str) -> bool:
    """Whether a release has a table; one that was made by earlier software may lack it."""
    return any(row["table_name"] == table for row in read(path, "tables"))


def files(path: str) -> list[Path]:
    """Files of the release that may be downloaded: CSV, Parquet, the manifest and its text."""
    folder = Path(path).parent
    found = [*sorted(folder.glob("csv/*.csv")), *sorted(folder.glob("data/*.parquet"))]
    return found + [folder / name for name in ("manifest.json", "README.txt") if (folder / name).is_file()]
