"""Compare a release with one that was built again: files byte for byte, and the database row for row."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from pipelines.core.duckdb_files import open_duckdb
from pipelines.publication.releases import formats, signature
from pipelines.publication.releases.manifest import DATABASE, UNLISTED, VERSIONS, read_manifest

_IGNORED = ("commit", "files")
"""Entries of the manifest that need not be equal: the commit may differ without a change of code, and the files are
compared themselves."""


@dataclass(frozen=True, slots=True)
class Difference:
    """A file that differs between a release and the one that was built again."""

    file: str
    problem: str

    def __str__(self) -> str:
        return f"{self.file} {self.problem}"


def find_other_versions(release: Path, rebuilt: Path) -> list[str]:
    """Return the names of `VERSIONS` that differ, which explain different bytes."""
    before, after = read_manifest(release), read_manifest(rebuilt)
    return [name for name in VERSIONS if before.get(name) != after.get(name)]


def compare_releases(release: Path, rebuilt: Path) -> list[Difference]:
    """Return the differences between two folders of one release, by file."""
    return [*_compare_files(release, rebuilt), *_compare_manifests(release, rebuilt), *_compare_rows(release, rebuilt)]


def _compare_files(release: Path, rebuilt: Path) -> Iterator[Difference]:
    before, after = (
        {path.relative_to(folder).as_posix() for path in folder.rglob("*") if path.is_file()} - UNLISTED
        for folder in (release, rebuilt)
    )
    for name in sorted(before | after):
        if name not in after:
            yield Difference(name, "was not built again")
        elif name not in before:
            yield Difference(name, "is not in the release")
        elif formats.hash_file(release / name) != formats.hash_file(rebuilt / name):
            yield Difference(name, "has other bytes")


def _compare_manifests(release: Path, rebuilt: Path) -> Iterator[Difference]:
    before, after = read_manifest(release), read_manifest(rebuilt)
    for name in sorted((before.keys() | after.keys()) - set(_IGNORED)):
        if before.get(name) != after.get(name):
            yield Difference(signature.MANIFEST, f"has another entry `{name}`")


def _compare_rows(release: Path, rebuilt: Path) -> Iterator[Difference]:
    """Compare the tables of the two databases in both directions, with the number of equal rows."""
    query = "select table_name from duckdb_tables() where database_name = ? order by 1"
    with open_duckdb() as connection:
        for name, folder in (("before", release), ("after", rebuilt)):
            path = str(folder / DATABASE).replace("'", "''")
            connection.execute(f"attach '{path}' as {name} (read_only)")
        tables = {
            name: [row[0] for row in connection.execute(query, [name]).fetchall()] for name in ("before", "after")
        }
        if tables["before"] != tables["after"]:
            yield Difference(DATABASE, "has other tables")
            return
        for table in tables["before"]:
            if _columns(connection, "before", table) != _columns(connection, "after", table):
                yield Difference(DATABASE, f"has other columns in table {table}")
                continue
            rows = [
                _count(connection, f'select * from {base}."{table}" except all select * from {compared}."{table}"')
                for base, compared in (("before", "after"), ("after", "before"))
            ]
            if any(rows):
                yield Difference(DATABASE, f"has {max(rows)} other rows in table {table}")


def _columns(connection: Any, database: str, table: str) -> list[tuple[Any, ...]]:
    query = "select column_name, data_type from duckdb_columns() where database_name = ? and table_name = ? order by 1"
    columns: list[tuple[Any, ...]] = connection.execute(query, [database, table]).fetchall()
    return columns


def _count(connection: Any, query: str) -> int:
    return int(connection.execute(f"select count(*) from ({query})").fetchone()[0])
