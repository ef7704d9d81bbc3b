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
