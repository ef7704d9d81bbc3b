"""Write the files of a release: Parquet, CSV and one read-only DuckDB file, all reproducible from the same tables."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping
from pathlib import Path

import polars as pl

from pipelines.core.duckdb_files import open_duckdb

_DANGEROUS = ("=", "+", "-", "@", "\t", "\r")


def write_parquet(table: pl.DataFrame, path: Path) -> None:
    """Write a Parquet file; the same table gives the same bytes."""
    table.write_parquet(path, compression="zstd", statistics=True)


def write_csv(table: pl.DataFrame, path: Path) -> None:
    """Write a CSV file for spreadsheets (`format_csv`)."""
    path.write_bytes(format_csv(table))


def format_csv(table: pl.DataFrame) -> bytes:
    """Return a table as CSV for spreadsheets: comma-separated, decimal point, UTF-8 with a byte order mark.

    Text that a spreadsheet would read as a formula gets a leading apostrophe; numbers are never changed.
    """
    guarded = [
        pl.when(pl.col(name).str.starts_with(_DANGEROUS[0]) | pl.col(name).str.contains(r"^[+\-@\t\r]"))
        .then(pl.concat_str(pl.lit("'"), pl.col(name)))
        .otherwise(pl.col(name))
        .alias(name)
        for name, dtype in table.schema.items()
        if dtype == pl.String
    ]
    text = table.with_columns(guarded).write_csv(null_value="", line_terminator="\r\n")
    return b"\xef\xbb\xbf" + text.encode()


def write_duckdb(tables: Mapping[str, pl.DataFrame], parquet: Path, path: Path) -> None:
    """Write all tables to one DuckDB file, read from the Parquet files so that both have the same rows."""
    with open_duckdb(path) as connection:
        # DuckDB waits for the disk at the end of each transaction, and of each statement without one.
        connection.begin()
        for name in tables:
            connection.execute(
                f'create table "{name}" as select * from read_parquet(?)', [str(parquet / f"{name}.parquet")]
            )
        connection.commit()
        connection.execute("checkpoint")
    path.chmod(0o444)


def hash_file(path: Path) -> str:
    """Return the SHA-256 of a file, in hex."""
    with path.open("rb") as handle:
        return hashlib.file_digest(handle, "sha256").hexdigest()
