"""Open DuckDB databases without a progress bar.

DuckDB's Python package writes a progress bar to the standard output once a statement takes two seconds, even where that
is a file or a pipe. There it would be in the middle of a command's JSON or of a service's log.
"""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    import duckdb


def open_duckdb(
    path: Path | str | None = None, *, read_only: bool = False, options: Mapping[str, str] | None = None
) -> duckdb.DuckDBPyConnection:
    """Return a connection to a database file, which the caller closes; without a path, to a database in memory.

    `options` are those of DuckDB that must be known when it is opened. Raises duckdb.Error.
    """
    import duckdb

    connection = duckdb.connect(  # noqa: TID251
        ":memory:" if path is None else str(path), read_only=read_only, config=dict(options or {})
    )
    connection.execute("set enable_progress_bar = false")
    return connection


def open_for_build(path: Path, *, read_only: bool = False) -> duckdb.DuckDBPyConnection:
    """Return a connection for work on whole tables, which may use as much memory as a build.

    Raises duckdb.Error, SettingsError.
    """
    return open_duckdb(path, read_only=read_only, options={"memory_limit": choose_memory_limit()})


def choose_memory_limit() -> str:
    """Return the memory that DuckDB may use for a build: that of the settings, or half of DuckDB's own limit.

    DuckDB's own limit is 80 % of the memory of the machine or of the container. It covers only a part of what the
    process uses. Raises SettingsError.
    """
    from pipelines.core.settings import BuildSettings, read_settings

    chosen = read_settings(BuildSettings).build_memory
    if chosen is not None:
        return chosen
    with open_duckdb() as connection:
        row = connection.execute("select current_setting('memory_limit')").fetchone()
    assert row is not None
    amount, unit = str(row[0]).split()
    return f"{float(amount) / 2:.2f}{unit}"
