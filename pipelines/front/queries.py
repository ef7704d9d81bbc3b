"""Read the released tables that the static pages show: one statement for each table, for all pages and languages.

Statements select rows of the published programme and never add any up, except to count changed totals.
"""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any, Final

from pipelines.core.codes import CELL_KEY
from pipelines.core.duckdb_files import open_duckdb
from pipelines.words import UNNAMED, Row

BEFORE_COURT: Final = ("reported", "investigated", "indicted")
STAGES: Final[Mapping[str, tuple[str, ...]]] = {
    "first": (*BEFORE_COURT, "adjudicated_first", "convicted_first", "sentenced_first"),
    "final": (*BEFORE_COURT, "adjudicated_final", "convicted_final", "sentenced_final"),
}
"""Stages shown side by side. First-instance and final decisions are never in one row."""
CRIMES: Final = ("TIP", "SOM")
"""Offence groups to choose between. They are never shown together and never added."""
BREAKDOWN_TABLES: Final[Mapping[str, str]] = {
    "sex": "territory_year_sex",
    "age": "territory_year_age",
    "offence": "territory_year_offence",
    "sentence_type": "area_year_sentence_type",
    "sentence_band": "area_year_sentence_band",
}
"""Table of the programme for each breakdown of the stages of proceedings."""
BREAK_NOTES: Final = ("law", "counting", "source")
"""Kinds of notes after which figures are not comparable with those before. A new layout alone is not one of them."""
VICTIM_TABLES: Final[Mapping[str, str]] = {
    "exploitation": "victims_year_form",
    "age": "victims_year_age",
    "sex": "victims_year_sex",
}
"""Table of the programme for each breakdown of victims."""
VICTIMS: Final = "victims_detected"
"""Measure of the victims that the authorities have registered."""
RETURNS: Final = ("justice", "register", "victims")
"""Instruments whose returns the reporting board shows."""

UNNAMED_CELLS: Final = f"""
    with named as (
        select * from cell
        where table_id in ('{BREAKDOWN_TABLES["sentence_type"]}', '{BREAKDOWN_TABLES["sentence_band"]}')
            and area_kind = 'territory' and freq = 'A'
    ),
    recorded as (
        select table_id, area, measure, count_unit, sentence_type, sentence_band, min(period) as since
        from named where obs_status <> 'L'
        group by all
    ),
    of_year as (
        select *, bool_or(value is not null or conf_status <> 'F') over same_year as is_received from named
        window same_year as (partition by table_id, area, measure, count_unit, offence_group, period)
        qualify row_number() over (same_year order by is_total desc, cell_id) = 1
    )
    select of_year.* exclude (is_received) replace (
        recorded.sentence_type as sentence_type, recorded.sentence_band as sentence_band,
        cast(null as double) as value, cast(null as varchar) as cell_id, false as is_total, 'F' as conf_status,
        case when is_received then 'O' else obs_status end as obs_status,
        case when is_received then '{UNNAMED}' else flags end as flags
    )
    from of_year
    inner join recorded using (table_id, area, measure, count_unit)
    where recorded.since <= of_year.period and not exists (
        select 1 from named
        where named.table_id = of_year.table_id and named.area = of_year.area and named.measure = of_year.measure
            and named.count_unit = of_year.count_unit and named.offence_group = of_year.offence_group
            and named.period = of_year.period and named.sentence_type = recorded.sentence_type
            and named.sentence_band = recorded.sentence_band
    )
"""
"""Cells that a territory records, and that its data of a year and crime do not name.

A register names only the sanctions and lengths that it has, so that the release has no cell of another one, as of one
that nobody collects. Data of the same year on another crime, or of an earlier year, show which ones it records. Where
nothing of the year was received, these cells have the status of the others.
"""
NEWER_TABLES: Final = (
    "area_map", "change", "change_count", "cooperation", "cooperation_basis", "cooperation_channel",
    "cooperation_outcome", "cooperation_quarter", "cooperation_return", "cooperation_type", "corrective_measure",
    "informal_exchange", "joint_team", "legal_assessment", "mirror", "monitoring", "practice_label", "practice_result",
    "schema_change", "treaty_element", "treaty_event",
)  # fmt: skip
"""Tables that a release of earlier software lacks. Its briefs are made without them."""

QUALITY: Final = """
    select * from quality
    where instrument = '_T'
        and case when indicator = 'COMPAR_LENGTH' then period <> '_T' else period = '_T' end
    qualify period = max(period) over (partition by territory, indicator, freq)
    order by territory, indicator, freq desc
"""
"""Quality over all periods, and the lengths without gap up to the newest quarter and the newest year. Earlier releases
have one length over all periods as well, which compares quarters with years."""

Tables = Mapping[str, tuple[Row, ...]]

_SHARE_COLUMNS = ", ".join(
    f"share.{name} as share_{name}"
    for name in ("value", "low", "high", "state", "obs_status", "conf_status", "interval_basis", "flags")
)
"""Columns of the share of a cell, next to those of the cell itself."""
_SAME_CELL = " and ".join(f"revision.{name} is not distinct from cell.{name}" for name in CELL_KEY)
SQL: Final[Mapping[str, str]] = {
    "release": "select * from release",
    "area": "select * from area where kind = 'national' order by sort, area_kind, area",
    "area_name": "select * from area_name order by area, language",
    "area_map": "select * from area_map order by area",
    "codelist": "select * from codelist order by codelist, position",
    # A cell may be in several tables of the programme; only one of its rows is read.
    "total": """
        select
            cell.*, number.low, number.high, number.interval_basis, number.dispersion, number.state,
            rate.value as rate, rate.obs_status as rate_obs_status, rate.conf_status as rate_conf_status,
            rate.flags as rate_flags, rate.low as rate_low, rate.high as rate_high, rate.interval_basis as rate_basis,
            rate.numerator as rate_numerator, rate.denominator as rate_denominator
        from cell
        inner join programme on cell.table_id = programme.table_id
        left join indicator as number on number.metric = 'count' and number.cell_id = cell.cell_id
        left join indicator as rate on rate.metric = 'rate' and rate.cell_id = cell.cell_id
        where cell.is_total and cell.statistic = 'count' and cell.freq in ('Q', 'A') and cell.count_unit = 'person'
            and cell.area_kind in ('region', 'territory') and cell.offence_group in (select unnest($crimes))
            and cell.measure in (select unnest($measures))
        qualify row_number() over (partition by cell.cell_id order by programme.position) = 1
        order by cell.area, cell.period
    """,
    "breakdown": f"""
        select
            cell.*, {_SHARE_COLUMNS}
        from cell
        left join indicator as share
            on share.metric = 'share' and share.cell_id = cell.cell_id
            and share.dimension = case cell.table_id when $sex then 'sex' else 'age' end
        where cell.table_id in ($sex, $age) and cell.freq = 'A' and cell.count_unit = 'person'
            and cell.area_kind = 'territory' and cell.offence_group in (select unnest($crimes))
            and cell.measure = 'convicted_first'
        order by cell.area, cell.period
    """,
    "sanction": f"""
        select cell.* from (select * from cell union all ({UNNAMED_CELLS})) as cell
        where cell.table_id = $sentence_type and cell.freq = 'A' and cell.count_unit = 'person'
            and cell.area_kind in ('region', 'territory') and cell.offence_group in (select unnest($crimes))
            and cell.measure in ('sentenced_first', 'sentenced_final')
        order by cell.area, cell.period
    """,
    "victim": """
        select cell.*, number.low, number.high, number.interval_basis, number.state
        from cell
        left join indicator as number on number.metric = 'count' and number.cell_id = cell.cell_id
        where cell.table_id = 'victims_year' and cell.freq = 'A' and cell.count_unit = 'victim'
            and cell.area_kind in ('region', 'territory') and cell.offence_group in (select unnest($crimes))
        order by cell.area, cell.period, cell.victim_status
    """,
    "victim_part": f"""
        select cell.*, {_SHARE_COLUMNS}
        from cell
        left join indicator as share
            on share.metric = 'share' and share.cell_id = cell.cell_id
            and share.dimension
            = case cell.table_id when $victims_sex then 'sex' when $victims_age then 'age' else 'exploitation' end
        where cell.table_id in ($victims_sex, $victims_age, $victims_exploitation) and cell.freq = 'A'
            and cell.count_unit = 'victim' and cell.victim_status = '_T'
            and cell.area_kind in ('region', 'territory') and cell.offence_group in (select unnest($crimes))
        order by cell.area, cell.period
    """,
    "victim_crossed": f"""
        select cell.*, {_SHARE_COLUMNS}
        from cell
        left join indicator as share
            on share.metric = 'share' and share.cell_id = cell.cell_id
            and share.dimension = case cell.sex when '_T' then 'age' else 'sex' end
        where cell.table_id = 'victims_region_sex_age' and cell.freq = 'A' and cell.count_unit = 'victim'
            and cell.victim_status = '_T' and cell.area_kind = 'region'
            and cell.offence_group in (select unnest($crimes))
        order by cell.period
    """,
    "sentence": """
        select * from sentence
        where freq = 'A' and sentence_band = '_T' and sentence_type in ('_T', 'prison')
            and offence_group in (select unnest($crimes))
        order by area, source, period, statistic
    """,
    "stage_ratio": """
        select * from stage_ratio
        where count_unit = 'person' and offence_group in (select unnest($crimes)) and freq in ('A', 'P3', 'P5')
            and area_kind in ('region', 'territory')
        order by area, period, version
    """,
    "clearance": """
        select * from clearance
        where unit_measure = 'PC' and count_unit = 'person' and freq = 'A'
            and offence_group in (select unnest($crimes)) and area_kind in ('region', 'territory')
        order by area, period
    """,
    "window": """
        select * from "window"
        where count_unit = 'person' and offence_group in (select unnest($crimes)) and metric <> 'share'
        order by measure, freq
    """,
    "pair": """
        select pair.* from pair
        inner join "window" on pair.metric = "window".metric and pair.period = "window".period
            and pair.freq = "window".freq and pair.offence_group = "window".offence_group
            and pair.count_unit = "window".count_unit and ("window".is_default or pair.freq <> 'Q')
        where pair.count_unit = 'person' and pair.offence_group in (select unnest($crimes))
            and pair.metric not in ('share', 'rate') and "window".metric not in ('share', 'rate')
        order by pair.metric, area_a, area_b
    """,
    "metric": "select * from metric order by position",
    "metric_operand": "select * from metric_operand order by metric, side desc, position",
    "coverage": """
        select territory, jurisdiction, instrument, freq, period, deadline, is_due, is_reported, is_on_time
        from coverage where instrument in (select unnest($returns))
        order by territory, jurisdiction, instrument, source, period
    """,
    "break": """
        select *, (select bool_or(demonstration) from release) as is_demonstration
        from "break" where offence_group in ('', '_T') or offence_group in (select unnest($crimes))
        order by area, first_day, code, measure
    """,
    "note": "select * from note where kind in (select unnest($notes)) order by area, note_id",
    "counting_rule": "select * from counting_rule order by jurisdiction, level",
    "exit": """
        select exit.* from exit
        left join codelist as level on level.codelist = 'level' and level.code = exit.level
        left join codelist as measure on measure.codelist = 'measure' and measure.code = exit.measure
        where exit.count_unit = 'person' and exit.freq = 'A' and exit.metric = 'exit'
            and exit.area_kind = 'territory' and exit.offence_group in (select unnest($crimes))
        order by exit.area, exit.period, level.position, exit.measure = 'requalified_out', measure.position
    """,
    "duration": """
        select * from duration
        where freq = '_T' and entered = '_T' and statistic in ('median', 'p75', 'p90')
            and offence_group in (select unnest($crimes))
        order by area, source, statistic
    """,
    "stock": """
        select * from cell
        where cell.table_id = 'area_year_pending' and cell.statistic = 'end' and cell.count_unit = 'person'
            and cell.is_total and cell.area_kind = 'territory' and cell.offence_group in (select unnest($crimes))
        order by cell.area, cell.level, cell.period
    """,
    "pending": """
        select * from pending where offence_group in (select unnest($crimes)) order by area, source, statistic
    """,
    "quality": QUALITY,
    "quality_quarter": """
        select territory, period, indicator, value, reason from quality
        where instrument = '_T' and freq = 'Q' and period <> '_T'
            and indicator in ('COMPLETENESS_RATE', 'PUNCTUALITY_RATE')
        order by territory, period, indicator
    """,
    "revised": """
        select area, sum(periods)::int as periods, sum(revised)::int as revised from revision_summary
        where area_kind = 'territory' group by area order by area
    """,
    "edition": "select release, vintage, count(*)::int as totals from revision group by all order by vintage desc",
    # The newest earlier release that had another figure.
    "earlier": f"""
        select cell.cell_id, revision.value, revision.release
        from revision
        inner join cell on {_SAME_CELL}
        where revision.value <> cell.value and revision.release <> (select edition.release from release as edition)
            and cell.is_total and cell.freq = 'A' and cell.count_unit in ('person', 'victim')
            and cell.area_kind in ('region', 'territory') and cell.offence_group in (select unnest($crimes))
        qualify row_number() over (partition by cell.cell_id order by revision.vintage desc) = 1
        order by cell.cell_id
    """,
    "change_count": """
        select change, offence_group, count(*)::int as figures from change group by all order by change, offence_group
    """,
    "change": """
        select * from change
        where change = 'revised' and is_total and count_unit = 'person' and area_kind in ('region', 'territory')
            and offence_group in (select unnest($crimes))
        order by period desc, area, offence_group, measure, count_unit, level
    """,
    "cooperation": """
        select * from cooperation
        where measure = 'requests_registered' and offence_group in (select unnest($crimes))
        order by territory, year, direction, partner
    """,
    "cooperation_outcome": """
        select * from cooperation_outcome where offence_group in (select unnest($crimes))
        order by territory, year, direction
    """,
    "cooperation_quarter": "select * from cooperation_quarter order by territory, year, quarter, direction, measure",
    "cooperation_basis": "select * from cooperation_basis order by territory, year, direction, legal_basis",
    "cooperation_channel": "select * from cooperation_channel order by territory, year, direction, channel",
    "cooperation_type": "select * from cooperation_type order by territory, year, direction, assistance",
    "informal_exchange": "select * from informal_exchange order by territory, year, direction, channel, measure",
    "joint_team": "select * from joint_team order by territory, since, year, measure, legal_basis, partner",
    "cooperation_return": "select * from cooperation_return order by territory, year",
    "mirror": """
        select mirror.* from mirror
        inner join area as senders on mirror.sent_by = senders.area and senders.area_kind = 'territory'
        inner join area as receivers on mirror.received_by = receivers.area and receivers.area_kind = 'territory'
        where offence_group in (select unnest($crimes))
        order by year, senders.sort, receivers.sort
    """,
    "legal_assessment": """
        select * from legal_assessment order by jurisdiction, element, treaty, applies_from, approved_at, assessment_id
    """,
    "treaty_event": "select * from treaty_event order by territory, treaty, date, event",
    "treaty_element": "select * from treaty_element order by treaty, element",
    "practice_result": """
        select * from (
            select *, lag("count") over line as before_count, lag(n) over line as before_n,
                lag(period) over line as before_period
            from practice_result
            window line as (partition by series, dimension, "group", code order by position)
        ) where position = (select max(position) from practice_result)
        order by question_position, series, dimension, "group", code_position
    """,
    "practice_label": "select * from practice_label order by kind, code, language",
    "monitoring": "select * from monitoring order by theme_position, area, position",
    "corrective_measure": "select * from corrective_measure order by theme, area, deadline, status, changed_on",
    "schema_change": 'select * from schema_change order by "table", change, name',
    "agreement": """
        select world, verdict, left_source, right_source from coherence order by world desc, verdict
    """,
    "programme": "select * from programme where table_id in (select table_id from cell) order by position",
    "submission": "select * from submission order by accepted_at desc, submission_id",
    "population": "select * from population order by area, year desc",
}
"""One statement for each table; `read_tables` passes each the parameters that it names."""


def read_tables(release: Path) -> Tables:
    """Return the rows of all tables of SQL, read from the database of a release in one pass."""
    parameters: dict[str, Any] = {
        "crimes": list(CRIMES),
        "measures": list(dict.fromkeys(stage for track in STAGES.values() for stage in track)),
        "returns": list(RETURNS),
        "notes": ["territory", "office", "correction", *BREAK_NOTES],
        "sex": BREAKDOWN_TABLES["sex"],
        "age": BREAKDOWN_TABLES["age"],
        "sentence_type": BREAKDOWN_TABLES["sentence_type"],
        **{f"victims_{dimension}": table for dimension, table in VICTIM_TABLES.items()},
    }
    tables: dict[str, tuple[Row, ...]] = dict.fromkeys(NEWER_TABLES, ())
    with open_duckdb(release / "release.duckdb", read_only=True) as connection:
        present = {str(name) for (name,) in connection.sql("select table_name from duckdb_tables()").fetchall()}
        for name, statement in SQL.items():
            if name in NEWER_TABLES and name.removesuffix("_count") not in present:
                continue
            arguments = {key: value for key, value in parameters.items() if f"${key}" in statement}
            cursor = connection.execute(statement, arguments)
            columns = [column[0] for column in cursor.description or ()]
            tables[name] = tuple(dict(zip(columns, row, strict=True)) for row in cursor.fetchall())
    return tables
