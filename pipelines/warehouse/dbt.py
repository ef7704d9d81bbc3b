"""Runs the dbt project: one warm dbt in this process, one parse, one invocation a phase.

A build writes aside and is renamed when it is whole, under a name that never comes again, so that a reader never sees
half of one and never has to wait. A build of the counts begins with a copy of the one before it: the facts in it are
insert-only, so only the files of newly accepted submissions are read.
"""

from __future__ import annotations

import hashlib
import json
import os
import re
import shutil
import sys
import tempfile
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from functools import cache
from pathlib import Path
from typing import Any, Literal

from pipelines.core import clock, codes
from pipelines.core.home import Home, open_home
from pipelines.warehouse import build_cache, dbt_cache, exported_tables

PROJECT = Path(__file__).resolve().parents[2] / "dbt_project"
KEPT_BUILDS = 3
"""Newest builds of the counts that stay: readers of an earlier one may still hold it open."""
LAST_TIMES = "seconds.json"
"""In `restricted/dbt`: seconds of each model, seed and test of the last invocation, of whichever phase."""
_FACTS = ("observation", "case_event")
_BUILDING = ".building"
_SELECTION = ("--indirect-selection", "buildable")
"""Run a test only in the phase that builds all it reads, or reads it from the phase before."""
_NAME = re.compile(r"counts-(\d{6})\.duckdb")


class WarehouseError(Exception):
    """A build that failed. The text names each model or test, what dbt said, and what to look at."""


@dataclass(frozen=True)
class NodeTime:
    """How long one model, seed or test took, in seconds."""

    name: str
    kind: str
    seconds: float


@cache
def manifest() -> Path:
    """Return the file of the project's manifest, which the orchestration reads; parses only a project that is new."""
    found = dbt_cache.find_manifest(PROJECT, _variables({})[1])
    if found is None:
        parse()
        found = dbt_cache.find_manifest(PROJECT, _variables({})[1])
    if found is None:
        raise WarehouseError(f"the manifest of the dbt project could not be kept in {dbt_cache.cache_folder()}")
    return found


@cache
def parse() -> Any:
    """Parse the project once in this process; returns dbt's manifest. Raises WarehouseError."""
    with dbt_cache.parse_target(PROJECT, _variables({})[1]) as target:
        result = _runner(None).invoke(["parse", *_paths(target), *_variables({})])
        if not result.success:
            raise WarehouseError(f"the dbt project cannot be parsed: {result.exception}")
    return result.result


def build_counts(home: Home, *, as_of: datetime | None = None, full_refresh: bool = False) -> Path:
    """Build the count marts from the facts of all accepted submissions.

    `as_of` gives what was known at that moment, into a file of its own that is never `latest_counts`. `full_refresh`
    reads all facts again; so does a change of the dbt project itself. A damaged build is set aside and not built upon.
    Returns the DuckDB file; next to it is a folder of the same name with the tables of `warehouse_tables.COUNTS` as
    Parquet. Raises WarehouseError.
    """
    if not (home.gathered / "block.parquet").is_file():
        raise WarehouseError(f"nothing is gathered in {home.gathered}; gather the ledger and the registry first")
    home.warehouse.mkdir(parents=True, exist_ok=True)
    number = max((int(m[1]) for p in home.warehouse.iterdir() if (m := _NAME.fullmatch(p.name))), default=0) + 1
    before = latest_counts(home)
    while before is not None and not is_whole(before):
        set_aside(home, before)
        before = latest_counts(home)
    digest = project_digest()
    warm = before is not None and not full_refresh and _note(before).get("project") == digest
    final = home.warehouse / (
        f"counts-{number:06d}.duckdb" if as_of is None else f"counts-as-of-{_compact(as_of)}.duckdb"
    )
    aside = _new_building(home.warehouse, final.stem)
    database = aside / "counts.duckdb"
    if warm and before is not None:
        shutil.copyfile(before, database)
    variables = {
        "path": str(database),
        "files": {**fact_files(home, database if warm else None), **gathered_files(home)},
        "as_of": (as_of or clock.now()).strftime("%Y-%m-%d %H:%M:%S"),
    }
    # Seeds are part of the project, and where that is as it was they are in the copy.
    arguments = ["--selector", "counts_again" if warm else "counts", "--exclude-resource-type", "unit_test"]
    try:
        times = _build(home, variables, arguments)
        (aside / "tables").mkdir()
        exported_tables.export_tables(database, exported_tables.COUNTS, aside / "tables")
    except BaseException:
        _remove(aside)
        raise
    seconds = {t.name: t.seconds for t in times}
    files = {path.name: _sha256(path) for path in (database, *sorted((aside / "tables").glob("*.parquet")))}
    note = {"project": digest, "as_of": variables["as_of"], "warm": warm, "seconds": seconds, "files": files}
    folder = tables(final)
    _remove(folder)
    (aside / "tables" / "build.json").write_text(json.dumps(note, indent=1, sort_keys=True), encoding="utf-8")
    (aside / "tables").replace(folder)
    database.replace(final)  # last: a file of this name has its folder
    _remove(aside)
    if as_of is None:
        _prune(home)
    return final


def build_indicators(
    home: Home,
    *,
    input: Literal["restricted", "protected"],
    source: Path,
    target: Path,
    dimensions: Path | None = None,
    records: Path | None = None,
) -> Path:
    """Build the indicators from one Parquet file of counts (`mart_count` and `conf_status`) into the file `target`.

    The same SQL for restricted and protected counts. `dimensions` is the folder of the dimensions' Parquet files, by
    default that of the newest counts; `records` that of the figures from case records, by default none. Raises
    WarehouseError; `target` is then left as it was.
    """
    if dimensions is None:
        newest = latest_counts(home)
        if newest is None:
            raise WarehouseError("there are no counts yet; build them first")
        dimensions = tables(newest)
    if not source.is_file():
        raise WarehouseError(f"there are no counts to make indicators of: {source} is missing")
    target.parent.mkdir(parents=True, exist_ok=True)
    aside = _new_building(target.parent, target.stem)
    database = aside / target.name
    variables = {
        "path": str(database),
        "input": input,
        "files": indicator_files(source, dimensions, records or no_records(home)),
        "as_of": clock.now().strftime("%Y-%m-%d %H:%M:%S"),
    }
    try:
        _build(home, variables, ["--selector", "indicators", "--exclude-resource-type", "unit_test"])
        database.replace(target)
    finally:
        _remove(aside)
    return target


def latest_counts(home: Home) -> Path | None:
    """The newest whole build of the counts, None where there is none."""
    found = sorted(p for p in home.warehouse.glob("counts-*.duckdb") if _NAME.fullmatch(p.name))
    return found[-1] if found else None


def is_whole(counts: Path) -> bool:
    """Return True if a build of the counts and its tables are byte for byte those that were built.

    A build of an earlier version has no digests; it is whole if DuckDB can read each of its tables.
    """
    try:
        files = _note(counts).get("files")
        if files is not None:
            paths = {name: counts if name == "counts.duckdb" else tables(counts) / name for name in files}
            return all(path.is_file() and _sha256(path) == files[name] for name, path in paths.items())
        return _can_be_read(counts)
    except ValueError:
        return False  # its note was cut short


def _can_be_read(counts: Path) -> bool:
    import duckdb

    try:
        with duckdb.connect(str(counts), read_only=True) as connection:
            query = "select table_name from duckdb_tables() where not internal"
            for (name,) in connection.execute(query).fetchall():
                connection.execute(f'select sum(hash(t)::hugeint) from "{name}" t').fetchone()
            for table in exported_tables.COUNTS:
                path = str(tables(counts) / f"{table.name}.parquet").replace("'", "''")
                connection.execute(f"select sum(hash(t)::hugeint) from read_parquet('{path}') t").fetchone()
    except duckdb.Error:
        return False
    return True


def set_aside(home: Home, counts: Path) -> None:
    """Rename a damaged build and its tables, so that the next build begins afresh. Only the last one is kept."""
    for path in (counts, tables(counts)):
        target = home.warehouse / f".damaged-{path.name}"
        _remove(target)
        if path.exists():
            path.rename(target)


def tables(counts: Path) -> Path:
    """The folder of Parquet files that belongs to a build of the counts."""
    return counts.with_suffix("")


def node_times(counts: Path) -> dict[str, float]:
    """Seconds of each model, seed and test of a build, slowest first."""
    seconds: dict[str, float] = _note(counts).get("seconds", {})
    return dict(sorted(seconds.items(), key=lambda item: -item[1]))


def run_tests(home: Home, counts: Path, select: Sequence[str], *, indicators: Path | None = None) -> int:
    """Run dbt tests (unit tests too) against a copy of a build; returns how many ran. Raises WarehouseError.

    `select` is dbt's syntax. Tests of the second phase need the file of the `indicators` made of those counts.
    """
    aside = _new_building(home.warehouse, counts.stem)
    database = aside / "tested.duckdb"
    shutil.copyfile(indicators or counts, database)
    variables = {"path": str(database)}  # the copy has the views of the files that it was built from
    try:
        return len(_invoke(home, variables, "test", ["--select", *select]))
    finally:
        _remove(aside)


@cache
def project_digest() -> str:
    """SHA-256 over every file of the project that shapes what is built."""
    digest = hashlib.sha256()
    for folder in ("models", "macros", "seeds"):
        for path in sorted((PROJECT / folder).rglob("*")):
            if path.suffix in {".sql", ".csv", ".yml"} and path.stem != "codelist_labels":
                digest.update(str(path.relative_to(PROJECT)).encode() + b"\0" + path.read_bytes())
    digest.update((PROJECT / "dbt_project.yml").read_bytes())
    digest.update(_variables({})[1].encode())
    return digest.hexdigest()


@cache
def indicators_digest() -> str:
    """SHA-256 over all that shapes an indicator: the project, and the functions that its SQL calls."""
    return build_cache.digest(
        project_digest(), build_cache.code("statistics", "warehouse/metrics/udf.py", "warehouse/metrics/pair_udf.py")
    )


def fact_files(home: Home, built: Path | None) -> dict[str, list[str]]:
    """Files to read: of the accepted submissions that the build `built` does not hold yet; all where it is None."""
    import polars as pl

    accepted = (
        pl.read_parquet(home.gathered / "block.parquet", columns=["submission_id", "accepted_at"])
        .drop_nulls("accepted_at")
        .get_column("submission_id")
        .unique()
    )
    held: set[str] = set()
    if built is not None:
        import duckdb

        with duckdb.connect(str(built), read_only=True) as connection:
            held = {row[0] for row in connection.execute("select submission_id from fct_submission").fetchall()}
    wanted = sorted(set(accepted) - held)
    files: dict[str, list[str]] = {}
    for name in _FACTS:
        folder = home.facts / name
        present = {p.stem for p in folder.glob("*.parquet")} if folder.is_dir() else set()
        # The empty file gives the columns where there is nothing new.
        files[f"facts.{name}"] = [
            str(_empty(home.warehouse, name)),
            *(str(folder / f"{s}.parquet") for s in wanted if s in present),
        ]
    return files


def gathered_files(home: Home) -> dict[str, list[str]]:
    return {f"gathered.{path.stem}": [str(path)] for path in sorted(home.gathered.glob("*.parquet"))}


def indicator_files(counts: Path, dimensions: Path, records: Path) -> dict[str, list[str]]:
    """Return the relations that the second phase reads: what the first one wrote, and the figures from case records."""
    written = [table.name for table in exported_tables.COUNTS if table.shapes_indicators]
    return {
        "main.mart_count": [str(counts)],
        **{f"main.{name}": [str(dimensions / f"{name}.parquet")] for name in written},
        **{f"records.{path.stem}": [str(path)] for path in sorted(records.glob("*.parquet"))},
    }


def _empty(folder: Path, name: str) -> Path:
    from pipelines.model import long_tables

    path = folder / f".empty-{name}.parquet"
    if not path.exists():
        long_tables.empty(long_tables.OBSERVATION if name == "observation" else long_tables.CASE_EVENT).write_parquet(
            path
        )
    return path


def no_records(home: Home) -> Path:
    """A folder with the tables of figures from case records, all empty."""
    from pipelines.warehouse.records import schema

    return schema.empty_folder(home.warehouse / ".empty-records")


def _build(home: Home, variables: Mapping[str, Any], arguments: Sequence[str]) -> list[NodeTime]:
    return _invoke(home, variables, "build", arguments)


def _invoke(home: Home, variables: Mapping[str, Any], command: str, arguments: Sequence[str]) -> list[NodeTime]:
    manifest = parse()
    scratch = home.restricted / "dbt"
    # dbt would write its manifest anew beside each build, half a second for what `parse` wrote already.
    result = _runner(manifest).invoke(
        [command, *arguments, *_SELECTION, "--no-write-json", *_paths(scratch), *_variables(variables)]
    )
    _release()
    if result.exception is not None:
        raise WarehouseError(f"dbt could not run: {type(result.exception).__name__}: {result.exception}".rstrip(": "))
    failed = [r for r in result.result.results if str(r.status) in {"error", "fail", "runtime error"}]
    if failed or not result.success:
        raise WarehouseError(_explain(failed, scratch))
    made = [r for r in result.result.results if str(r.node.resource_type) != "operation"]
    times = [NodeTime(r.node.name, str(r.node.resource_type), round(r.execution_time, 3)) for r in made]
    written = json.dumps({time.name: time.seconds for time in times}, indent=1)
    (scratch / LAST_TIMES).write_text(written, encoding="utf-8")
    return times


def _explain(failed: Sequence[Any], scratch: Path) -> str:
    lines = [f"{len(failed)} of the warehouse's models or tests failed:"]
    for result in failed:
        node = result.node
        words = " ".join(str(result.message or "").split())
        lines.append(f"- {node.resource_type} {node.name} ({node.original_file_path}): {words}")
    lines.append(f"The SQL that ran is in {scratch / 'compiled'}; a failed test counts rows that should not be.")
    return "\n".join(lines)


def _runner(manifest: Any) -> Any:
    # dbt reports use only where its settings allow it; the project forbids it and so do these, before dbt is imported.
    os.environ["DBT_SEND_ANONYMOUS_USAGE_STATS"] = "false"
    os.environ["DO_NOT_TRACK"] = "1"
    from dbt.cli.main import dbtRunner

    return dbtRunner(manifest=manifest)


def _release() -> None:
    """Let go of the DuckDB file, so that it can be renamed and opened by others in this process."""
    from dbt.adapters.duckdb.connections import DuckDBConnectionManager
    from dbt.adapters.factory import reset_adapters

    DuckDBConnectionManager.close_all_connections()  # type: ignore[no-untyped-call]
    reset_adapters()  # type: ignore[no-untyped-call]


def _paths(target: Path) -> list[str]:
    return [
        "--project-dir", str(PROJECT), "--profiles-dir", str(PROJECT), "--target-path", str(target),
        "--log-path", str(target), "--log-level-file", "none", "--quiet", "--no-use-colors",
    ]  # fmt: skip


def _sha256(path: Path) -> str:
    with path.open("rb") as handle:
        return hashlib.file_digest(handle, "sha256").hexdigest()


def _variables(given: Mapping[str, Any]) -> list[str]:
    """Return dbt's arguments for its variables: those of a run, and those that Python states for the whole project."""
    declared = {"region": codes.REGION, "count_type_columns": codes.COUNT_TYPE}
    return ["--vars", json.dumps({**declared, **given})]


def _note(counts: Path) -> dict[str, Any]:
    path = tables(counts) / "build.json"
    return json.loads(path.read_text(encoding="utf-8")) if path.is_file() else {}


def _compact(moment: datetime) -> str:
    return re.sub(r"[-:]", "", clock.stamp(moment))


def _prune(home: Home) -> None:
    found = sorted(p for p in home.warehouse.glob("counts-*.duckdb") if _NAME.fullmatch(p.name))
    for path in found[:-KEPT_BUILDS]:
        _remove(path)
        _remove(tables(path))


def _new_building(folder: Path, name: str) -> Path:
    """Make a folder for one build, under a name that no other process has."""
    return Path(tempfile.mkdtemp(prefix=f".{name}.{os.getpid()}.", suffix=_BUILDING, dir=folder))


def remove_unfinished_builds(home: Home) -> list[Path]:
    """Remove and return what killed builds have left; only for the holder of the home's lock."""
    folders = [home.warehouse, *(path for path in home.protected.glob("*") if path.is_dir())]
    unfinished = sorted(path for folder in folders for path in folder.glob(f".*{_BUILDING}"))
    for path in unfinished:
        _remove(path)
    return unfinished


def _remove(path: Path) -> None:
    if path.is_dir():
        shutil.rmtree(path)
    else:
        path.unlink(missing_ok=True)


def main(arguments: Sequence[str]) -> int:
    """`python -m pipelines.warehouse.dbt docs`: dbt's documentation, with its lineage, into `dbt_project/target`."""
    if list(arguments) != ["docs"]:
        print("usage: python -m pipelines.warehouse.dbt docs", file=sys.stderr)
        return 3
    home = open_home()
    counts = latest_counts(home)
    if counts is None:
        raise WarehouseError("there are no counts yet; run `rti refresh` first")
    aside = _new_building(home.warehouse, "docs")
    database = aside / "documented.duckdb"
    shutil.copyfile(counts, database)
    variables = {"path": str(database)}
    try:
        result = _runner(parse()).invoke(
            [
                "docs",
                "generate",
                "--static",
                "--no-compile",
                *_paths(PROJECT / "target"),
                *_variables(variables),
            ]
        )
        _release()
    finally:
        _remove(aside)
    if not result.success:
        raise WarehouseError(f"the documentation could not be made: {result.exception}")
    print(PROJECT / "target" / "static_index.html")
    return 0


if __name__ == "__main__":
    raise SystemExit(main(sys.argv[1:]))
