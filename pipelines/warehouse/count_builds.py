"""Builds of the counts on disk: their names, whether they are undamaged, and what is removed.

A build is written to a temporary folder and renamed when it is complete, under a name that is never reused, so that a
reader never sees a partial build and never has to wait.
"""

from __future__ import annotations

import hashlib
import json
import os
import re
import secrets
import shutil
from datetime import datetime
from pathlib import Path
from typing import Any

from pipelines.core import clock
from pipelines.core.duckdb_files import open_duckdb
from pipelines.core.home import Home
from pipelines.warehouse import exported_tables
from pipelines.warehouse.dbt_runner import NodeResult

KEPT_BUILDS = 3
"""How many of the newest builds of the counts are kept; readers may still have an earlier one open."""
_BUILDING = ".building"
_NAME = re.compile(r"counts-(\d{6})\.duckdb")


def latest_counts(home: Home) -> Path | None:
    """Return the DuckDB file of the newest complete build of the counts, or None."""
    builds = sorted(p for p in home.warehouse.glob("counts-*.duckdb") if _NAME.fullmatch(p.name))
    return builds[-1] if builds else None


def name_next_build(home: Home, as_of: datetime | None) -> Path:
    """Return the name of the next build: a number, or the moment of which it shows what was known."""
    if as_of is not None:
        return home.warehouse / f"counts-as-of-{_format_compact(as_of)}.duckdb"
    number = max((int(m[1]) for p in home.warehouse.iterdir() if (m := _NAME.fullmatch(p.name))), default=0) + 1
    return home.warehouse / f"counts-{number:06d}.duckdb"


def is_whole(counts: Path) -> bool:
    """Return True if a build of the counts and its tables are byte for byte as they were written.

    Builds of earlier versions have no digests; they count as whole if DuckDB can read each of their tables.
    """
    try:
        files = read_build_note(counts).get("files")
        if files is not None:
            paths = {name: counts if name == "counts.duckdb" else tables_folder(counts) / name for name in files}
            return all(path.is_file() and digest_file(path) == files[name] for name, path in paths.items())
        return _can_be_read(counts)
    except ValueError:
        return False  # build.json is truncated


def _can_be_read(counts: Path) -> bool:
    import duckdb

    try:
        with open_duckdb(counts, read_only=True) as connection:
            query = "select table_name from duckdb_tables() where not internal"
            for (name,) in connection.execute(query).fetchall():
                connection.execute(f'select sum(hash(t)::hugeint) from "{name}" t').fetchone()
            for table in exported_tables.COUNTS:
                path = str(tables_folder(counts) / f"{table.name}.parquet").replace("'", "''")
                connection.execute(f"select sum(hash(t)::hugeint) from read_parquet('{path}') t").fetchone()
    except duckdb.Error:
        return False
    return True


def set_aside(home: Home, counts: Path) -> None:
    """Rename a damaged build and its tables, so that the next build starts from nothing. Only the latest is kept."""
    for path in (counts, tables_folder(counts)):
        target = home.warehouse / f".damaged-{path.name}"
        remove_path(target)
        if path.exists():
            path.rename(target)


def tables_folder(counts: Path) -> Path:
    """Return the folder of the Parquet files of a build of the counts."""
    return counts.with_suffix("")


def read_build_note(counts: Path) -> dict[str, Any]:
    """Return what `build.json` says about a build; nothing for builds that have none."""
    path = tables_folder(counts) / "build.json"
    return json.loads(path.read_text(encoding="utf-8")) if path.is_file() else {}


def node_times(counts: Path) -> dict[str, float]:
    """Return the seconds that each model, seed and test of a build took, slowest first."""
    seconds: dict[str, float] = read_build_note(counts).get("seconds", {})
    return dict(sorted(seconds.items(), key=lambda item: -item[1]))


def test_results(counts: Path) -> tuple[NodeResult, ...]:
    """Return the results of the tests of a build of the counts; none for builds of earlier versions."""
    return tuple(NodeResult(**test) for test in read_build_note(counts).get("tests", []))


def remove_old_counts(home: Home) -> None:
    """Remove all builds of the counts but the newest ones."""
    builds = sorted(p for p in home.warehouse.glob("counts-*.duckdb") if _NAME.fullmatch(p.name))
    for path in builds[:-KEPT_BUILDS]:
        remove_path(path)
        remove_path(tables_folder(path))


def create_building(folder: Path, name: str) -> Path:
    """Create a folder for one build, under a name that no other process uses."""
    building = folder / f".{name}.{os.getpid()}.{secrets.token_hex(6)}{_BUILDING}"
    building.mkdir()
    return building


def remove_unfinished_builds(home: Home) -> list[Path]:
    """Remove and return the folders that killed builds left behind. Call this only while holding the home's lock."""
    folders = [home.warehouse, *(path for path in home.protected.glob("*") if path.is_dir())]
    unfinished = sorted(path for folder in folders for path in folder.glob(f".*{_BUILDING}"))
    for path in unfinished:
        remove_path(path)
    return unfinished


def remove_path(path: Path) -> None:
    """Remove a file or a folder, if it exists."""
    if path.is_dir():
        shutil.rmtree(path)
    else:
        path.unlink(missing_ok=True)


def digest_file(path: Path) -> str:
    """Return the SHA-256 of a file."""
    with path.open("rb") as handle:
        return hashlib.file_digest(handle, "sha256").hexdigest()


def _format_compact(moment: datetime) -> str:
    return re.sub(r"[-:]", "", clock.format_timestamp(moment))
