"""Open and read a release, read-only; no other module does.

A release never changes, so its resolved path is the whole cache key. Readers choose the release, so that what is kept
is bounded for all releases together.
"""

from __future__ import annotations

from collections.abc import Mapping
from functools import lru_cache
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

from dashboards.public.queries import comparisons, counts, indicators, records, sources
from pipelines.core.duckdb_files import open_duckdb
from pipelines.core.result_cache import ResultCache

if TYPE_CHECKING:
    import duckdb

    from pipelines.core.home import Home

Row = Mapping[str, Any]
Rows = tuple[Row, ...]
FAMILIES = (counts, indicators, comparisons, records, sources)
SQL: Mapping[str, str] = {name: text for family in FAMILIES for name, text in family.SQL.items()}
"""Statements by name. Each `?` is a parameter, in the order of the arguments of `read`."""
DATABASE: Final = "release.duckdb"
OPENED: Final = 4
"""Releases that are open at the same time; the one that was read least recently is closed for another."""
_MOST_RESULTS, _MOST_FIELDS = 1024, 2_000_000
"""Most results of statements that are kept, and most fields of all of them together."""


class NoReleaseError(Exception):
    """The home is missing, or nothing has been published in it. The message names the command that publishes."""


class DamagedReleaseError(Exception):
    """A release cannot be read. The message names the release and no path."""


class OutdatedReleaseError(Exception):
    """A release lacks a table or column that these pages show. The message names the release."""


def open_public_home() -> Home:
    """Return the home that `RTI_HOME` names. Raises NoReleaseError if there is none."""
    from pipelines.core.home import HomeError, open_home

    try:
        return open_home()
    except HomeError as error:
        # Readers of a public page must not learn the path of the home on the server.
        raise NoReleaseError("there is no home; make one with `rti init` and set RTI_HOME to it") from error


def find_current_folder(home: Home) -> Path:
    """Return the resolved folder of the current release. Raises NoReleaseError before the first publication."""
    from pipelines.publication.releases.publish import find_current_release

    folder = find_current_release(home)
    if folder is None:
        raise NoReleaseError("no release has been published yet; make one with `rti refresh --publish`")
    return folder


def current_release() -> str:
    """Return the resolved path of the current release's `release.duckdb`.

    The home is that of `RTI_HOME`; only `public/current` in it is followed. Raises NoReleaseError or
    DamagedReleaseError.
    """
    folder = find_current_folder(open_public_home())
    if not (folder / DATABASE).is_file():
        raise DamagedReleaseError(folder.name)
    return str(folder / DATABASE)


@lru_cache(maxsize=OPENED)
def _connection(path: str) -> duckdb.DuckDBPyConnection:
    # A release that is dropped here is closed when the last cursor of a running statement is gone.
    return open_duckdb(path, read_only=True)


def _count_fields(rows: Rows) -> int:
    return sum(map(len, rows))


_results: Final = ResultCache[Rows](_MOST_RESULTS, _count_fields, _MOST_FIELDS)


def run_statement(path: str, statement: str, arguments: Any) -> Rows:
    """Return the rows of a statement of this package, as mappings by column.

    Raises DamagedReleaseError, or OutdatedReleaseError where the release was made by older software.
    """
    # A cursor per call, because Streamlit serves several readers in several threads.
    import duckdb

    damage = (duckdb.IOException, duckdb.SerializationException, duckdb.FatalException, duckdb.InternalException)
    outdated = (duckdb.BinderException, duckdb.CatalogException)
    try:
        cursor = _connection(path).cursor().execute(statement, arguments)
        columns = [column[0] for column in cursor.description or ()]
        return tuple(dict(zip(columns, row, strict=True)) for row in cursor.fetchall())
    except damage as error:
        # The next page opens the file again, since it may have been restored.
        _connection.cache_clear()
        raise DamagedReleaseError(Path(path).parent.name) from error
    except outdated as error:
        raise OutdatedReleaseError(Path(path).parent.name) from error


class _Named(tuple[str, Any]):
    """A parameter with its name; a tuple, so that it can be part of a cache key."""

    @property
    def name(self) -> str:
        return str(self[0])

    @property
    def value(self) -> Any:
        return self[1]


def read_rows(path: str, name: str, *parameters: Any, **named: Any) -> Rows:
    """Return the rows of a named statement, as read-only mappings by column. Pass lists as tuples."""
    if named:
        parameters = tuple(_Named((key, value)) for key, value in named.items())

    def run_named() -> Rows:
        arguments: Any = [list(p) if isinstance(p, tuple) else p for p in parameters]
        if named:
            arguments = {p.name: list(p.value) if isinstance(p.value, tuple) else p.value for p in parameters}
        return run_statement(path, SQL[name], arguments)

    return _results.get_or_make((path, name, parameters), run_named)


@lru_cache(maxsize=64)
def is_outdated(path: str) -> bool:
    """Return True if a release lacks a table or a column that a statement of these pages reads.

    All statements are prepared, which takes 70 ms, so that what a page leaves out without a word is found as well.
    """
    try:
        for statement in SQL.values():
            run_statement(path, f"prepare needed as {statement}", [])
    except OutdatedReleaseError:
        return True
    return False


def has_table(path: str, table: str) -> bool:
    """Return True if a release has a table; a release made by earlier software may lack it."""
    return any(row["table_name"] == table for row in read_rows(path, "tables"))


def downloadable_files(path: str) -> list[Path]:
    """Return the files of the release that may be downloaded: CSV, Parquet, changes, and the signed manifest."""
    folder = Path(path).parent
    paths = [*sorted(folder.glob("csv/*.csv")), *sorted(folder.glob("data/*.parquet"))]
    others = ("manifest.json", "manifest.sig", "changes.json", "README.txt")
    return paths + [folder / name for name in others if (folder / name).is_file()]
