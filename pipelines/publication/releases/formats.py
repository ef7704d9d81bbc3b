"""Write the files of a release: Parquet, CSV and one read-only DuckDB file, all reproducible from the same tables."""

from __future__ import annotations

import hashlib
from collections.abc import Iterable, Mapping
from io import BytesIO
from pathlib import Path

import polars as pl

from pipelines.core.duckdb_files import open_for_build

_ROW_GROUP = 122_880
"""Rows of a row group. Without it, a group is a part in which polars worked, and two runs have other parts."""
_DANGEROUS = ("=", "+", "-", "@", "\t", "\r")


def write_parquet(table: pl.DataFrame | pl.LazyFrame, path: Path) -> None:
    """Write a Parquet file; the same table gives the same bytes."""
    table.lazy().sink_parquet(path, compression="zstd", statistics=True, row_group_size=_ROW_GROUP)


def write_csv(table: pl.DataFrame | pl.LazyFrame, path: Path) -> None:
    """Write a CSV file for spreadsheets (`format_csv`)."""
    _sink_csv(table, path)


def format_csv(table: pl.DataFrame) -> bytes:
    """Return a table as CSV for spreadsheets: comma-separated, decimal point, UTF-8 with a byte order mark.

    Text that a spreadsheet would read as a formula gets a leading apostrophe; numbers are never changed.
    """
    content = BytesIO()
    _sink_csv(table, content)
    return content.getvalue()


def _sink_csv(table: pl.DataFrame | pl.LazyFrame, target: Path | BytesIO) -> None:
    guarded = [
        pl.when(pl.col(name).str.starts_with(_DANGEROUS[0]) | pl.col(name).str.contains(r"^[+\-@\t\r]"))
        .then(pl.concat_str(pl.lit("'"), pl.col(name)))
        .otherwise(pl.col(name))
        .alias(name)
        for name, dtype in table.lazy().collect_schema().items()
        if dtype == pl.String
    ]
    table.lazy().with_columns(guarded).sink_csv(target, include_bom=True, line_terminator="\r\n", engine="streaming")


def write_duckdb(names: Iterable[str], parquet: Path, path: Path) -> None:
    """Write tables to one DuckDB file, read from their Parquet files so that both have the same rows."""
    with open_for_build(path) as connection:
        # DuckDB waits for the disk at the end of each transaction, and of each statement without one.
        connection.begin()
        for name in names:
            connection.execute(
                f'create table "{name}" as select * from read_parquet(?)', [str(parquet / f"{name}.parquet")]
            )
        connection.commit()
        connection.execute("checkpoint")
    path.chmod(0o444)


def count_rows(tables: Mapping[str, pl.LazyFrame]) -> dict[str, int]:
    """Return the number of rows of each table."""
    counts = pl.collect_all([table.select(pl.len()) for table in tables.values()])
    return dict(zip(tables, (count.item() for count in counts), strict=True))


def hash_file(path: Path) -> str:
    """Return the SHA-256 of a file, in hex."""
    with path.open("rb") as handle:
        return hashlib.file_digest(handle, "sha256").hexdigest()
