"""Columns and keys of the tables of figures from case records, and empty tables for homes without records.

`dbt_project/models/indicators/sources_records.yml` declares them. Restricted and public tables have the same columns.
"""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Final

from pipelines.warehouse.contracts import read_source_contracts

if TYPE_CHECKING:
    import polars as pl

AREA = ("area_kind", "area", "territory", "source", "offence_group")
"""Columns that identify a register and an offence group; `source` is the office that keeps the register."""
TABLES: Final = tuple(read_source_contracts("records"))
ALL = "_T"
"""`freq` and `entered` of a duration over all persons in the records, whatever the date of entry."""


def table_schema(table: str) -> dict[str, pl.DataType]:
    """Return the polars columns of a table. Raises KeyError for an unknown table."""
    return read_source_contracts("records")[table].columns


def table_key(table: str) -> tuple[str, ...]:
    """Return the columns that identify a row of a table. Raises KeyError for an unknown table."""
    return read_source_contracts("records")[table].key


def shape_table(table: str, rows: pl.DataFrame) -> pl.DataFrame:
    """Select, cast and sort rows into the layout of a table. Raises polars' errors for a missing or mistyped column."""
    import polars as pl

    schema = table_schema(table)
    return rows.select(list(schema)).cast(pl.Schema(schema)).sort(table_key(table))


def empty_folder(folder: Path) -> Path:
    """Write every table without rows into the folder and return it; phase 2 reads it if there are no records."""
    import polars as pl

    folder.mkdir(parents=True, exist_ok=True)
    for table in TABLES:
        pl.DataFrame(schema=table_schema(table)).write_parquet(folder / f"{table}.parquet")
    return folder
