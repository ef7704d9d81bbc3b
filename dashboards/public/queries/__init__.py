"""Hold every SQL statement of the public dashboard, and the one module that opens a release.

Statements select rows of the published programme and never add any up. This module has the small queries that several
pages share.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from dashboards.public.queries.counts import (
    ALL_STAGES,
    BEFORE_COURT,
    BREAKDOWN_TABLES,
    MAIN_STAGES,
    STAGE_TABLES,
    STAGES,
    VICTIM_TABLES,
    cells_statement,
)
from dashboards.public.queries.editions import (
    OpenedRelease,
    UnknownReleaseError,
    find_next_release,
    is_published,
    open_release,
)
from dashboards.public.queries.indicators import INDICATOR_KEYS, RECORD_TABLES, indicator_statement
from dashboards.public.queries.opening import (
    SQL,
    DamagedReleaseError,
    NoReleaseError,
    OutdatedReleaseError,
    Row,
    Rows,
    current_release,
    downloadable_files,
    has_table,
    is_outdated,
    read_rows,
    run_statement,
)
from pipelines.front.queries import BREAK_NOTES as BREAKS
from pipelines.words import areas
from pipelines.words.language import find_label

__all__ = [
    "BEFORE_COURT",
    "BREAKDOWN_TABLES",
    "BREAKS",
    "INDICATOR_KEYS",
    "MAIN_STAGES",
    "RECORD_TABLES",
    "SQL",
    "STAGES",
    "STAGE_TABLES",
    "VICTIM_TABLES",
    "DamagedReleaseError",
    "NoReleaseError",
    "OpenedRelease",
    "OutdatedReleaseError",
    "Row",
    "Rows",
    "UnknownReleaseError",
    "area_names",
    "clearance_periods",
    "current_release",
    "downloadable_files",
    "find_breaks",
    "find_cells",
    "find_indicator",
    "find_next_release",
    "has_table",
    "is_outdated",
    "is_published",
    "list_periods",
    "open_release",
    "ratio_periods",
    "read_labels",
    "read_rows",
    "read_series",
    "read_stages",
]  # fmt: skip


def find_cells(path: str, table: str | None, terms: Mapping[str, str]) -> Rows:
    """Return the cells that match the terms of an id (`pipelines.publication.provenance.figure_ids.parse_id`), in order
    of tables.

    A dimension that the terms leave out is at its total or does not apply.
    """
    return run_statement(path, *cells_statement(table, terms))


def find_unnamed(path: str, dimension: str, measures: Sequence[str], crime: str, unit: str) -> Rows:
    """Return the cells of sanctions, or of their lengths, that the data of a territory and year do not name.

    Those of the release are read at once, since they are few and the release never changes.
    """
    table = BREAKDOWN_TABLES.get(dimension)
    return tuple(
        row
        for row in read_rows(path, "unnamed_cells")
        if (row["table_id"], row["offence_group"], row["count_unit"]) == (table, crime, unit)
        and row["measure"] in measures
    )


def find_indicator(path: str, table: str, values: Mapping[str, str]) -> Row | None:
    """Return the row of an indicator by the values of its key (`INDICATOR_KEYS`); None if the release has no such row,
    or no such table."""
    if table not in INDICATOR_KEYS or not has_table(path, table):
        return None
    return next(iter(run_statement(path, *indicator_statement(table, values))), None)


def find_breaks(path: str, areas: Sequence[str], offence_group: str) -> Rows:
    """Return the breaks of law, counting, recording and source of some areas; none if the release predates them."""
    if not has_table(path, "break"):
        return ()
    # Those of all areas are read at once: they are few, and a page needs them for several areas.
    all_areas = tuple(row["area"] for row in read_rows(path, "areas"))
    return tuple(row for row in read_rows(path, "breaks", all_areas, offence_group) if row["area"] in areas)


def read_stages(path: str, freq: str, period: str, crime: str, unit: str, measures: Sequence[str]) -> Rows:
    """Return the totals of some stages in one period, for the region and its territories.

    All stages are read at once, since other choices of a reader concern the same period.
    """
    rows = read_rows(path, "stages", freq, period, crime, unit, ALL_STAGES, ("region", "territory"))
    return tuple(row for row in rows if row["measure"] in measures)


def read_series(path: str, area: str, freq: str, crime: str, unit: str, measures: Sequence[str]) -> Rows:
    """Return the totals of some stages of one area in all quarters or years, read at once as by `read_stages`."""
    rows = read_rows(path, "series", area, ("Q", "A"), crime, unit, ALL_STAGES)
    return tuple(row for row in rows if row["freq"] == freq and row["measure"] in measures)


def area_names(path: str) -> dict[str, Row]:
    """Return the areas by code, in display order; `name` and `footnote` are in the reader's language."""
    names = read_rows(path, "area_names") if has_table(path, "area_name") else ()
    return areas.name_areas(read_rows(path, "areas"), names)


def read_labels(path: str, codelist: str) -> dict[str, str]:
    """Return the labels of one code list by code, in its order, in the reader's language."""
    return {
        row["code"]: find_label(codelist, row["code"], row["label"]) for row in read_rows(path, "codelist", codelist)
    }


def list_periods(path: str, offence_group: str, tables: Sequence[str] = STAGE_TABLES) -> dict[str, list[str]]:
    """Return the periods of the programme, newest first, by frequency."""
    return _group_by_freq(read_rows(path, "periods", tuple(tables), offence_group), ("Q", "A", "P3", "P5"))


def ratio_periods(path: str, metric: str, offence_group: str) -> dict[str, list[str]]:
    """Return the periods of one ratio, newest first, by frequency."""
    return _group_by_freq(read_rows(path, "ratio_periods", metric, offence_group), ("A", "Q", "P3", "P5"))


def clearance_periods(path: str, offence_group: str, level: str, unit: str) -> dict[str, list[str]]:
    """Return the periods with a clearance rate or a disposition time, newest first, by frequency."""
    return _group_by_freq(read_rows(path, "clearance_periods", offence_group, level, unit), ("A", "Q"))


def _group_by_freq(rows: Rows, order: Sequence[str]) -> dict[str, list[str]]:
    periods_by_freq: dict[str, list[str]] = {}
    for row in rows:
        periods_by_freq.setdefault(row["freq"], []).append(row["period"])
    return {freq: periods_by_freq[freq] for freq in order if freq in periods_by_freq}
