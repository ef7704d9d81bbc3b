"""Bytes of a release: Parquet, CSV and one read-only DuckDB file, the same for the same tables."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping
from pathlib import Path

import polars as pl

_DANGEROUS = ("=", "+", "-", "@", "\t", "\r")


def write_parquet(table: pl.DataFrame, path: Path) -> None:
    """One Parquet file, byte for byte the same for the same table."""
    table.write_parquet(path, compression="zstd", statistics=True)


def write_csv(table: pl.DataFrame, path: Path) -> None:
    """One CSV file with comma, point and UTF-8 with a byte order mark, as spreadsheets read it.

    A text that a spreadsheet would take for a formula is led by an apostrophe; numbers are never touched.
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
    path.write_bytes(b"\xef\xbb\xbf" + text.encode())


def write_duckdb(tables: Mapping[str, pl.DataFrame], parquet: Path, path: Path) -> None:
    """All tables in one DuckDB file, read from the Parquet files beside it so that both hold the same rows."""
    import duckdb

    with duckdb.connect(str(path)) as connection:
        for name in tables:
            connection.execute(
                f'create table "{name}" as select * from read_parquet(?)', [str(parquet / f"{name}.parquet")]
            )
        connection.execute("checkpoint")
    path.chmod(0o444)


def sha256(path: Path) -> str:
    """SHA-256 of a file, in hex."""
    with path.open("rb") as handle:
        return hashlib.file_digest(handle, "sha256").hexdigest()
