"""Run the dbt project inside this process: one parse, then one invocation for each phase.

A build is written to a temporary folder and renamed when it is complete, under a name that is never reused, so that a
reader never sees a partial build and never has to wait. A build of the counts starts from a copy of the previous one:
its facts are insert-only, so only the files of newly accepted submissions are read.
"""

from __future__ import annotations

import hashlib
import json
import os
import re
import shutil
import sys
import tempfile
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import asdict, dataclass
from datetime import datetime
from functools import cache
from pathlib import Path
from typing import Any, Literal

from pipelines.core import clock, codes
from pipelines.core.home import Home, open_home
from pipelines.statistics.thresholds import (
    DEFAULT_DISPERSION,
    ENOUGH_EVENTS,
    FEWEST_TERRITORIES_IN_RANGE,
    FEWEST_TERRITORIES_IN_REGION,
)
from pipelines.warehouse import build_cache, dbt_cache, exported_tables

PROJECT = Path(__file__).resolve().parents[2] / "dbt_project"
KEPT_BUILDS = 3
"""How many of the newest builds of the counts are kept; readers may still have an earlier one open."""
LAST_TIMES = "seconds.json"
"""In `restricted/dbt`: seconds of each model, seed and test of the last invocation, in either phase."""
_FACTS = ("observation", "case_event")
_BUILDING = ".building"
_SELECTION = ("--indirect-selection", "buildable")
"""Run a test only in a phase in which all its inputs are built or come from the previous phase."""
_FAILED = {"error", "fail", "runtime error"}
_NAME = re.compile(r"counts-(\d{6})\.duckdb")


@dataclass(frozen=True)
class NodeResult:
    """Result of one model, seed or test that dbt ran.

    `status` is dbt's: success, pass, warn, fail, error or skipped. `failures` counts the rows that failed a test.
    """

    name: str
    kind: str
    seconds: float
    status: str = "success"
    failures: int = 0
    message: str = ""


class WarehouseError(Exception):
    """A build failed. The text names each failed model or test, dbt's message and where to look.

    `tests` are the results of the tests that ran before or with the failure.
    """

    def __init__(self, message: str, tests: Sequence[NodeResult] = ()) -> None:
        super().__init__(message)
        self.tests = tuple(tests)


@cache
def prepare_manifest() -> Path:
    """Return the path of the dbt manifest for Dagster. Parse the project only if it has changed."""
    path = dbt_cache.find_manifest(PROJECT, _variable_arguments({})[1])
    if path is None:
        parse_project()
        path = dbt_cache.find_manifest(PROJECT, _variable_arguments({})[1])
    if path is None:
        raise WarehouseError(f"the manifest of the dbt project could not be kept in {dbt_cache.cache_folder()}")
    return path


@cache
def parse_project() -> Any:
    """Parse the project, once in each process, and return dbt's manifest. Raises WarehouseError."""
    with dbt_cache.parse_target(PROJECT, _variable_arguments({})[1]) as target:
        result = _create_runner(None).invoke(["parse", *_path_arguments(target), *_variable_arguments({})])
        if not result.success:
            raise WarehouseError(f"the dbt project cannot be parsed: {result.exception}")
    return result.result


def build_counts(home: Home, *, as_of: datetime | None = None, full_refresh: bool = False) -> Path:
    """Build the count marts from the facts of all accepted submissions.

    `as_of` builds the state known at that moment, into a separate file that `latest_counts` never returns.
    `full_refresh` reads all facts again, as does a change of the dbt project. A damaged build is set aside and is not
    used as the starting point. Returns the DuckDB file; next to it is a folder of the same name with the tables of
    `exported_tables.COUNTS` as Parquet. Raises WarehouseError.
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
    warm = before is not None and not full_refresh and _read_build_note(before).get("project") == digest
    final = home.warehouse / (
        f"counts-{number:06d}.duckdb" if as_of is None else f"counts-as-of-{_format_compact(as_of)}.duckdb"
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
    # Seeds are part of the project digest, so in a copy of a build with the same digest they are already present.
    arguments = ["--selector", "counts_again" if warm else "counts", "--exclude-resource-type", "unit_test"]
    try:
        results = _build(home, variables, arguments)
        (aside / "tables").mkdir()
        exported_tables.export_tables(database, exported_tables.COUNTS, aside / "tables")
    except BaseException:
        _remove(aside)
        raise
    seconds = {result.name: result.seconds for result in results}
    # A build on a copy does not repeat the tests of the code lists; those of the copied build still hold.
    tests = ({t.name: t for t in test_results(before)} if warm and before is not None else {}) | {
        t.name: t for t in _select_tests(results)
    }
    files = {path.name: _sha256(path) for path in (database, *sorted((aside / "tables").glob("*.parquet")))}
    note = {
        "project": digest,
        "as_of": variables["as_of"],
        "warm": warm,
        "seconds": seconds,
        "files": files,
        "tests": [asdict(test) for test in tests.values()],
    }
    folder = tables_folder(final)
    _remove(folder)
    (aside / "tables" / "build.json").write_text(json.dumps(note, indent=1, sort_keys=True), encoding="utf-8")
    (aside / "tables").replace(folder)
    database.replace(final)  # last, so that a DuckDB file with a final name always has its folder
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
    on_tests: Callable[[tuple[NodeResult, ...]], None] | None = None,
) -> Path:
    """Build the indicators from one Parquet file of counts (`mart_count` and `conf_status`) into the file `target`.

    The SQL is the same for restricted and protected counts. `dimensions` is the folder of the dimensions' Parquet
    files, by default that of the newest counts; `records` is the folder of the figures from case records, by default
    none. `on_tests` is called with the results of the tests of a successful build. Raises WarehouseError and then
    leaves `target` unchanged.
    """
    if dimensions is None:
        newest = latest_counts(home)
        if newest is None:
            raise WarehouseError("there are no counts yet; build them first")
        dimensions = tables_folder(newest)
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
        results = _build(home, variables, ["--selector", "indicators", "--exclude-resource-type", "unit_test"])
        database.replace(target)
    finally:
        _remove(aside)
    if on_tests is not None:
        on_tests(_select_tests(results))
    return target


def latest_counts(home: Home) -> Path | None:
    """Return the DuckDB file of the newest complete build of the counts, or None."""
    builds = sorted(p for p in home.warehouse.glob("counts-*.duckdb") if _NAME.fullmatch(p.name))
    return builds[-1] if builds else None


def is_whole(counts: Path) -> bool:
    """Return True if a build of the counts and its tables are byte for byte as they were written.

    Builds of earlier versions have no digests; they count as whole if DuckDB can read each of their tables.
    """
    try:
        files = _read_build_note(counts).get("files")
        if files is not None:
            paths = {name: counts if name == "counts.duckdb" else tables_folder(counts) / name for name in files}
            return all(path.is_file() and _sha256(path) == files[name] for name, path in paths.items())
        return _can_be_read(counts)
    except ValueError:
        return False  # build.json is truncated


def _can_be_read(counts: Path) -> bool:
    import duckdb

    try:
        with duckdb.connect(str(counts), read_only=True) as connection:
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
        _remove(target)
        if path.exists():
            path.rename(target)


def tables_folder(counts: Path) -> Path:
    """Return the folder of the Parquet files of a build of the counts."""
    return counts.with_suffix("")


def node_times(counts: Path) -> dict[str, float]:
    """Return the seconds that each model, seed and test of a build took, slowest first."""
    seconds: dict[str, float] = _read_build_note(counts).get("seconds", {})
    return dict(sorted(seconds.items(), key=lambda item: -item[1]))


def test_results(counts: Path) -> tuple[NodeResult, ...]:
    """Return the results of the tests of a build of the counts; none for builds of earlier versions."""
    return tuple(NodeResult(**test) for test in _read_build_note(counts).get("tests", []))


def _select_tests(results: Iterable[NodeResult]) -> tuple[NodeResult, ...]:
    return tuple(result for result in results if result.kind == "test")


def run_tests(home: Home, counts: Path, select: Sequence[str], *, indicators: Path | None = None) -> int:
    """Run dbt tests (unit tests too) against a copy of a build. Return how many ran. Raises WarehouseError.

    `select` is in dbt's selection syntax. Tests of the second phase need `indicators`, the file built from them.
    """
    aside = _new_building(home.warehouse, counts.stem)
    database = aside / "tested.duckdb"
    shutil.copyfile(indicators or counts, database)
    variables = {"path": str(database)}  # the copy contains the views over the files that it was built from
    try:
        return len(_invoke(home, variables, "test", ["--select", *select]))
    finally:
        _remove(aside)


@cache
def project_digest() -> str:
    """Return the SHA-256 over every file of the dbt project that affects a build."""
    digest = hashlib.sha256()
    for folder in ("models", "macros", "seeds"):
        for path in sorted((PROJECT / folder).rglob("*")):
            if path.suffix in {".sql", ".csv", ".yml"} and path.stem != "codelist_labels":
                digest.update(str(path.relative_to(PROJECT)).encode() + b"\0" + path.read_bytes())
    digest.update((PROJECT / "dbt_project.yml").read_bytes())
    digest.update(_variable_arguments({})[1].encode())
    return digest.hexdigest()


@cache
def indicators_digest() -> str:
    """Return the SHA-256 over the dbt project and the Python functions that its SQL calls."""
    return build_cache.digest_parts(
        project_digest(),
        build_cache.code_digest("statistics", "warehouse/metrics/udf.py", "warehouse/metrics/pair_udf.py"),
    )


def fact_files(home: Home, built: Path | None) -> dict[str, list[str]]:
    """Return the facts files of the accepted submissions that the build `built` lacks, or of all if it is None."""
    import polars as pl

    accepted = (
        pl.read_parquet(home.gathered / "block.parquet", columns=["submission_id", "accepted_at"])
        .drop_nulls("accepted_at")
        .get_column("submission_id")
        .unique()
    )
    built_ids: set[str] = set()
    if built is not None:
        import duckdb

        with duckdb.connect(str(built), read_only=True) as connection:
            built_ids = {row[0] for row in connection.execute("select submission_id from fct_submission").fetchall()}
    missing_ids = sorted(set(accepted) - built_ids)
    files: dict[str, list[str]] = {}
    for name in _FACTS:
        folder = home.facts / name
        present = {p.stem for p in folder.glob("*.parquet")} if folder.is_dir() else set()
        # An empty file provides the columns if there are no new submissions.
        files[f"facts.{name}"] = [
            str(_empty_facts_file(home.warehouse, name)),
            *(str(folder / f"{s}.parquet") for s in missing_ids if s in present),
        ]
    return files


def gathered_files(home: Home) -> dict[str, list[str]]:
    """Return the files of the gathered tables, by relation."""
    return {f"gathered.{path.stem}": [str(path)] for path in sorted(home.gathered.glob("*.parquet"))}


def indicator_files(counts: Path, dimensions: Path, records: Path) -> dict[str, list[str]]:
    """Return the files of the second phase, by relation: tables of the first phase and figures from case records."""
    written = [table.name for table in exported_tables.COUNTS if table.shapes_indicators]
    return {
        "main.mart_count": [str(counts)],
        **{f"main.{name}": [str(dimensions / f"{name}.parquet")] for name in written},
        **{f"records.{path.stem}": [str(path)] for path in sorted(records.glob("*.parquet"))},
    }


def _empty_facts_file(folder: Path, name: str) -> Path:
    from pipelines.model import long_tables

    path = folder / f".empty-{name}.parquet"
    if not path.exists():
        long_tables.empty_table(
            long_tables.OBSERVATION if name == "observation" else long_tables.CASE_EVENT
        ).write_parquet(path)
    return path


def no_records(home: Home) -> Path:
    """Return a folder with the tables of figures from case records, all of them empty."""
    from pipelines.warehouse.records import schema

    return schema.empty_folder(home.warehouse / ".empty-records")


def _build(home: Home, variables: Mapping[str, Any], arguments: Sequence[str]) -> list[NodeResult]:
    return _invoke(home, variables, "build", arguments)


def _invoke(home: Home, variables: Mapping[str, Any], command: str, arguments: Sequence[str]) -> list[NodeResult]:
    manifest = parse_project()
    scratch = home.restricted / "dbt"
    # Without --no-write-json dbt writes its manifest again for each build: half a second for a file that exists.
    result = _create_runner(manifest).invoke(
        [
            command,
            *arguments,
            *_SELECTION,
            "--no-write-json",
            *_path_arguments(scratch),
            *_variable_arguments(variables),
        ]
    )
    _close_database()
    if result.exception is not None:
        raise WarehouseError(f"dbt could not run: {type(result.exception).__name__}: {result.exception}".rstrip(": "))
    failed = [r for r in result.result.results if str(r.status) in _FAILED]
    results = [_make_result(r) for r in result.result.results if str(r.node.resource_type) != "operation"]
    if failed or not result.success:
        raise WarehouseError(_describe_failures(failed, scratch), _select_tests(results))
    written = json.dumps({result.name: result.seconds for result in results}, indent=1)
    (scratch / LAST_TIMES).write_text(written, encoding="utf-8")
    return results


def _make_result(result: Any) -> NodeResult:
    return NodeResult(
        result.node.name,
        str(result.node.resource_type),
        round(result.execution_time, 3),
        str(result.status),
        int(result.failures or 0),
        " ".join(str(result.message or "").split()) if str(result.status) in _FAILED else "",
    )


def _describe_failures(failed: Sequence[Any], scratch: Path) -> str:
    lines = [f"{len(failed)} of the warehouse's models or tests failed:"]
    for result in failed:
        node = result.node
        words = " ".join(str(result.message or "").split())
        lines.append(f"- {node.resource_type} {node.name} ({node.original_file_path}): {words}")
    lines.append(f"The SQL that ran is in {scratch / 'compiled'}; a failed test counts rows that should not be.")
    return "\n".join(lines)


def _create_runner(manifest: Any) -> Any:
    # dbt sends usage statistics unless this is disabled; the project disables it, and these settings do so before the
    # import of dbt.
    os.environ["DBT_SEND_ANONYMOUS_USAGE_STATS"] = "false"
    os.environ["DO_NOT_TRACK"] = "1"
    from dbt.cli.main import dbtRunner

    from pipelines.warehouse.dbt_overhead import remove_needless_work

    remove_needless_work()
    return dbtRunner(manifest=manifest)


def _close_database() -> None:
    """Close the DuckDB file, so that it can be renamed and opened elsewhere in this process."""
    from dbt.adapters.duckdb.connections import DuckDBConnectionManager
    from dbt.adapters.factory import reset_adapters

    DuckDBConnectionManager.close_all_connections()  # type: ignore[no-untyped-call]
    reset_adapters()  # type: ignore[no-untyped-call]


def _path_arguments(target: Path) -> list[str]:
    # dbt prepares a line for each of its 2,500 events of a build even if none is shown. Errors are in its result.
    return [
        "--project-dir", str(PROJECT), "--profiles-dir", str(PROJECT), "--target-path", str(target),
        "--log-path", str(target), "--log-level-file", "none", "--log-level", "none", "--no-use-colors",
    ]  # fmt: skip


def _sha256(path: Path) -> str:
    with path.open("rb") as handle:
        return hashlib.file_digest(handle, "sha256").hexdigest()


def _variable_arguments(run_variables: Mapping[str, Any]) -> list[str]:
    """Return dbt's command line arguments for the variables of one run and those that are the same for every run."""
    declared = {
        "region": codes.REGION,
        "count_type_columns": codes.COUNT_TYPE,
        "enough_events": ENOUGH_EVENTS,
        "fewest_in_range": FEWEST_TERRITORIES_IN_RANGE,
        "fewest_in_region": FEWEST_TERRITORIES_IN_REGION,
        "default_dispersion": DEFAULT_DISPERSION,
    }
    return ["--vars", json.dumps({**declared, **run_variables})]


def _read_build_note(counts: Path) -> dict[str, Any]:
    path = tables_folder(counts) / "build.json"
    return json.loads(path.read_text(encoding="utf-8")) if path.is_file() else {}


def _format_compact(moment: datetime) -> str:
    return re.sub(r"[-:]", "", clock.format_timestamp(moment))


def _prune(home: Home) -> None:
    builds = sorted(p for p in home.warehouse.glob("counts-*.duckdb") if _NAME.fullmatch(p.name))
    for path in builds[:-KEPT_BUILDS]:
        _remove(path)
        _remove(tables_folder(path))


def _new_building(folder: Path, name: str) -> Path:
    """Create a folder for one build, under a name that no other process uses."""
    return Path(tempfile.mkdtemp(prefix=f".{name}.{os.getpid()}.", suffix=_BUILDING, dir=folder))


def remove_unfinished_builds(home: Home) -> list[Path]:
    """Remove and return the folders that killed builds left behind. Call this only while holding the home's lock."""
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
    """Write dbt's documentation with lineage into `dbt_project/target`: `python -m pipelines.warehouse.dbt docs`."""
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
        result = _create_runner(parse_project()).invoke(
            [
                "docs",
                "generate",
                "--static",
                "--no-compile",
                *_path_arguments(PROJECT / "target"),
                *_variable_arguments(variables),
            ]
        )
        _close_database()
    finally:
        _remove(aside)
    if not result.success:
        raise WarehouseError(f"the documentation could not be made: {result.exception}")
    print(PROJECT / "target" / "static_index.html")
    return 0


if __name__ == "__main__":
    raise SystemExit(main(sys.argv[1:]))
