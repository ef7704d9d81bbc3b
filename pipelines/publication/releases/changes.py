"""Compare two releases: which figures were added, revised, withdrawn, hidden or shown, and what changed in the tables.

Only the public files of the two releases are compared, so the list says nothing that a reader of both does not know. A
figure that is withheld in one of them is listed without any value.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final, Literal

import polars as pl

from pipelines.core import codes
from pipelines.warehouse.records.schema import table_key

Change = Literal["added", "revised", "withdrawn", "newly_hidden", "newly_shown"]
CHANGES: Final[tuple[Change, ...]] = ("added", "revised", "withdrawn", "newly_hidden", "newly_shown")
SchemaChange = Literal[
    "table_added", "table_removed", "column_added", "column_removed", "type_changed", "code_added", "code_removed",
    "definition_changed",
]  # fmt: skip
_RECORDS: Final = ("duration", "pending", "cohort", "sentence")
TERMS: Final = tuple(
    dict.fromkeys(
        [*codes.CELL_KEY, *(name for table in _RECORDS for name in table_key(f"record_{table}") if name != "source")]
    )
)
"""Columns that say what a figure is of. A table that lacks one of them has it empty."""
COLUMNS: Final = ("table", "change", "metric", *TERMS, "is_total", "before", "after", "difference")
SCHEMA_COLUMNS: Final = ("change", "table", "name", "before", "after")
OWN_TABLES: Final = ("change", "schema_change")
"""Tables of a release that hold the comparison with the release before it."""
_DEFINITIONS: Final[Mapping[str, tuple[tuple[str, ...], tuple[str, ...]]]] = {
    "codelist": (("codelist", "code"), ("definition",)),
    "metric": (("metric",), ("definition", "formula", "unit_measure", "per")),
    "programme": (("table_id",), ("areas", "freqs", "dimensions")),
    "counting_card": (("card_id",), ("definitions",)),
}
"""Tables of definitions: their key, and the columns whose change is a change of definition."""
_FIRST_VERSION: Final = "1.0.0"

Tables = Mapping[str, pl.LazyFrame]
"""The tables of a release by name. Only what is compared of each is read."""


@dataclass(frozen=True)
class ReleaseComparison:
    """The differences between two releases: rows of `COLUMNS` and of `SCHEMA_COLUMNS`, and the size of the step."""

    figures: pl.DataFrame
    schema: pl.DataFrame
    step: Literal["major", "minor", "patch"]

    def count_changes(self) -> dict[str, int]:
        """Return the number of figures by kind of change, and of changes of tables and definitions."""
        counts = dict(self.figures["change"].value_counts().iter_rows())
        return {name: int(counts.get(name, 0)) for name in CHANGES} | {"schema": self.schema.height}

    def as_json(self) -> dict[str, Any]:
        """Return the comparison as plain values; each figure has only the terms that apply to it."""
        figures = [
            {name: value for name, value in row.items() if value not in (None, "", "_T", "_Z")}
            for row in self.figures.iter_rows(named=True)
        ]
        return {"step": self.step, "counts": self.count_changes(), "figures": figures, "schema": self.schema.to_dicts()}


def compare_folders(older: Path, newer: Path) -> ReleaseComparison:
    """Compare two releases by the Parquet files of their folders."""
    return compare_tables(scan_folder(older), scan_folder(newer))


def scan_folder(folder: Path) -> dict[str, pl.LazyFrame]:
    """Return the tables of a release by name, from its Parquet files."""
    return {path.stem: pl.scan_parquet(path) for path in sorted((folder / "data").glob("*.parquet"))}


def compare_tables(older: Tables, newer: Tables) -> ReleaseComparison:
    """Compare the tables of two releases."""
    figures = pl.concat([_compare_figures(name, older.get(name), newer.get(name)) for name in ("cell", *_RECORDS)])
    schema = _compare_schemas(older, newer)
    kinds = set(schema["change"])
    if kinds - {"code_added"}:
        return ReleaseComparison(figures, schema, "major")
    return ReleaseComparison(figures, schema, "minor" if kinds or _has_new_place_or_period(older, newer) else "patch")


def empty_comparison() -> ReleaseComparison:
    """Return the comparison of the first release, which has none before it."""
    return ReleaseComparison(
        _shape(pl.DataFrame()), pl.DataFrame(schema=dict.fromkeys(SCHEMA_COLUMNS, pl.String())), "major"
    )


def next_version(previous: str | None, step: str) -> str:
    """Return the version of a release from that of the one before it, `None` if that had no version.

    Major: a table, a column or a definition changed. Minor: a period, a territory or a code was added. Patch: figures
    were corrected.
    """
    if previous is None:
        return _FIRST_VERSION
    major, minor, patch = (int(part) for part in previous.split("."))
    if step == "major":
        return f"{major + 1}.0.0"
    return f"{major}.{minor + 1}.0" if step == "minor" else f"{major}.{minor}.{patch + 1}"


# -- Figures


def _compare_figures(table: str, older: pl.LazyFrame | None, newer: pl.LazyFrame | None) -> pl.DataFrame:
    present = newer if newer is not None else older
    if present is None:
        return _shape(pl.DataFrame())
    empty = pl.LazyFrame(schema=present.collect_schema())
    before, after = (_read_figures(table, empty if frame is None else frame) for frame in (older, newer))
    key = [name for name in ("metric", *TERMS) if name in before.columns and name in after.columns]
    joined = before.join(after, on=key, how="full", coalesce=True, nulls_equal=True, suffix="_after").with_columns(
        pl.col("state", "state_after").fill_null("missing")
    )
    was, now = pl.col("state"), pl.col("state_after")
    change = (
        pl.when((was == "shown") & (now == "shown") & (pl.col("value") != pl.col("value_after")))
        .then(pl.lit("revised"))
        .when((was == "hidden") & (now == "shown"))
        .then(pl.lit("newly_shown"))
        .when((was != "hidden") & (now == "hidden"))
        .then(pl.lit("newly_hidden"))
        .when((was == "missing") & (now == "shown"))
        .then(pl.lit("added"))
        .when((was != "missing") & (now == "missing"))
        .then(pl.lit("withdrawn"))
    )
    rows = joined.with_columns(change=change, table=pl.lit(table)).filter(pl.col("change").is_not_null())
    # A figure that is withheld in one of the two releases is listed without its value in the other.
    is_open = (was != "hidden") & (now != "hidden")
    return _shape(
        rows.with_columns(
            before=pl.when(is_open).then(pl.col("value")),
            after=pl.when(is_open).then(pl.col("value_after")),
            is_total=pl.col("is_total_after").fill_null(pl.col("is_total")).fill_null(False),
        ).with_columns(difference=pl.col("after") - pl.col("before"))
    )


def _read_figures(table: str, frame: pl.LazyFrame) -> pl.DataFrame:
    """Return the key, the value and the state (shown, hidden, missing) of each figure of a table."""
    columns = frame.collect_schema().names()
    key = [name for name in ("metric", *TERMS) if name in columns and (name != "metric" or table != "cell")]
    state = (
        pl.when(pl.col("conf_status") == "C")
        .then(pl.lit("hidden"))
        .when(pl.col("value").is_not_null())
        .then(pl.lit("shown"))
        .otherwise(pl.lit("missing"))
    )
    is_total = pl.col("is_total") if "is_total" in columns else pl.lit(False)
    texts, value = [pl.col(name).cast(pl.String) for name in key], pl.col("value").cast(pl.Float64)
    rows = frame.select(*texts, value, is_total=is_total, state=state)
    return rows.unique(key, keep="first", maintain_order=True).collect()


def _shape(rows: pl.DataFrame) -> pl.DataFrame:
    """Return rows in the columns of the table `change`, in a fixed order."""
    numbers = dict.fromkeys(("before", "after", "difference"), pl.Float64())
    types = {name: numbers.get(name, pl.Boolean() if name == "is_total" else pl.String()) for name in COLUMNS}
    complete = rows.with_columns(pl.lit(None).alias(name) for name in COLUMNS if name not in rows.columns)
    if rows.is_empty():
        return pl.DataFrame(schema=types)
    shaped = complete.select(pl.col(name).cast(kind) for name, kind in types.items())
    return shaped.with_columns(pl.col("metric", *TERMS).fill_null("")).sort("table", "change", "metric", *TERMS)


# -- Tables and definitions


def _compare_schemas(older: Tables, newer: Tables) -> pl.DataFrame:
    rows: list[tuple[SchemaChange, str, str, str, str]] = []
    before, after = older.keys() - set(OWN_TABLES), newer.keys() - set(OWN_TABLES)
    rows += [("table_added", name, "", "", "") for name in sorted(after - before)]
    rows += [("table_removed", name, "", "", "") for name in sorted(before - after)]
    for table in sorted(before & after):
        was, now = older[table].collect_schema(), newer[table].collect_schema()
        rows += [("column_added", table, name, "", str(now[name])) for name in now if name not in was]
        rows += [("column_removed", table, name, str(was[name]), "") for name in was if name not in now]
        rows += [
            ("type_changed", table, name, str(was[name]), str(now[name]))
            for name in was
            if name in now and was[name] != now[name]
        ]
        if table in _DEFINITIONS:
            rows += _compare_definitions(table, older[table], newer[table])
    return pl.DataFrame(rows, schema=dict.fromkeys(SCHEMA_COLUMNS, pl.String()), orient="row")


def _compare_definitions(
    table: str, older: pl.LazyFrame, newer: pl.LazyFrame
) -> list[tuple[SchemaChange, str, str, str, str]]:
    key, compared = _DEFINITIONS[table]
    if not {*key, *compared} <= {*older.collect_schema()} & {*newer.collect_schema()}:
        return []  # the change of columns is listed
    before, after = (
        {" ".join(map(str, row[: len(key)])): row[len(key) :] for row in rows.iter_rows()}
        for rows in (frame.select(*key, *compared).collect() for frame in (older, newer))
    )
    rows: list[tuple[SchemaChange, str, str, str, str]] = []
    rows += [("code_added", table, name, "", "") for name in after if name not in before]
    rows += [("code_removed", table, name, "", "") for name in before if name not in after]
    for name, values in before.items():
        rows += [
            ("definition_changed", table, f"{name} {column}", str(was), str(now))
            for column, was, now in zip(compared, values, after.get(name, values), strict=True)
            if was != now
        ]
    return rows


def _has_new_place_or_period(older: Tables, newer: Tables) -> bool:
    for columns in (["freq", "period"], ["area_kind", "area"]):
        before, after = (
            set(tables["cell"].select(columns).unique().collect().iter_rows()) for tables in (older, newer)
        )
        if after - before:
            return True
    return False
