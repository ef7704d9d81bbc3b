"""Columns of the tables of figures from case records, and empty tables for homes without records."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    import polars as pl

AREA = ("area_kind", "area", "territory", "source", "offence_group")
"""Columns that identify a register and an offence group; `source` is the office that keeps the register."""
_STATUS = {"obs_status": "text", "conf_status": "text"}
_FIGURE = {"statistic": "text", "unit_measure": "text", "value": "number", "low": "number", "high": "number"}
_AREA = dict.fromkeys(AREA, "text")

COLUMNS: dict[str, dict[str, str]] = {
    "record_lag": _AREA
    | dict.fromkeys(("stage", "denominator", "numerator", "freq"), "text")
    | {"lag_periods": "count", "median_days": "number", "is_public": "flag"},
    "record_dispersion": _AREA | {"phi": "number", "basis": "text", "cases_band": "text", "is_public": "flag"},
    "record_duration": _AREA
    | dict.fromkeys(("stage", "freq", "entered"), "text")
    | _FIGURE
    | {"n_band": "text", "seen_from": "date", "seen_until": "date"}
    | _STATUS,
    "record_pending": _AREA
    | {"stage": "text", "as_at": "date", "seen_from": "date"}
    | _FIGURE
    | {"n_band": "text"}
    | _STATUS,
    "record_cohort": _AREA
    | dict.fromkeys(("stage", "freq", "cohort"), "text")
    | {"quarters": "count", "seen_quarters": "count"}
    | _FIGURE
    | {"n_band": "text"}
    | _STATUS,
    "record_sentence": _AREA
    | dict.fromkeys(("level", "freq", "period", "sentence_type", "sentence_band"), "text")
    | _FIGURE
    | {"statutory_min": "number", "statutory_max": "number", "n_band": "text"}
    | _STATUS,
}
"""Table -> column -> kind. Restricted and public tables have the same columns."""
KEYS: dict[str, tuple[str, ...]] = {
    "record_lag": ("area_kind", "area", "offence_group", "denominator", "numerator", "freq"),
    "record_dispersion": ("area_kind", "area", "offence_group"),
    "record_duration": (*AREA, "stage", "freq", "entered", "statistic"),
    "record_pending": (*AREA, "stage", "statistic"),
    "record_cohort": (*AREA, "stage", "freq", "cohort", "quarters", "statistic"),
    "record_sentence": (*AREA, "level", "freq", "period", "sentence_type", "sentence_band", "statistic"),
}
ALL = "_T"
"""`freq` and `entered` of a duration over all persons in the records, whatever the date of entry."""


def table_schema(table: str) -> dict[str, Any]:
    """Return the polars columns of a table. Raises KeyError for an unknown table."""
    import polars as pl

    types: dict[str, Any] = {
        "text": pl.String(), "number": pl.Float64(), "count": pl.Int64(), "flag": pl.Boolean(), "date": pl.Date(),
    }  # fmt: skip
    return {name: types[kind] for name, kind in COLUMNS[table].items()}


def shape_table(table: str, rows: pl.DataFrame) -> pl.DataFrame:
    """Select, cast and sort rows into the layout of a table. Raises polars' errors for a missing or mistyped column."""
    import polars as pl

    return rows.select(list(COLUMNS[table])).cast(pl.Schema(table_schema(table))).sort(KEYS[table])


def empty_folder(folder: Path) -> Path:
    """Write every table without rows into the folder and return it; phase 2 reads it if there are no records."""
    import polars as pl

    folder.mkdir(parents=True, exist_ok=True)
    for table in COLUMNS:
        pl.DataFrame(schema=table_schema(table)).write_parquet(folder / f"{table}.parquet")
    return folder
