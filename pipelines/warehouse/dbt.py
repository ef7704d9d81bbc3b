"""Build the two phases of the dbt project: the counts from all facts, the indicators from one file of counts.

A build of the counts starts from a copy of the previous one: its facts are insert-only, so only the files of newly
accepted submissions are read.
"""

from __future__ import annotations

import json
import shutil
import sys
from collections.abc import Callable, Mapping, Sequence
from dataclasses import asdict
from datetime import datetime
from pathlib import Path
from typing import Any, Literal

from pipelines.core import clock
from pipelines.core.duckdb_files import open_duckdb
from pipelines.core.home import Home, open_home
from pipelines.warehouse import exported_tables, fact_batches
from pipelines.warehouse.contracts import read_source_contracts
from pipelines.warehouse.count_builds import (
    create_building,
    digest_file,
    is_whole,
    latest_counts,
    name_next_build,
    read_build_note,
    remove_old_counts,
    remove_path,
    set_aside,
    tables_folder,
    test_results,
)
from pipelines.warehouse.dbt_runner import (
    PROJECT,
    NodeResult,
    WarehouseError,
    project_digest,
    run_dbt,
    select_tests,
    write_documentation,
)

FACTS = ("observation", "case_event")
"""The long tables of facts, each with one file for each submission."""


def build_counts(
    home: Home,
    *,
    as_of: datetime | None = None,
    full_refresh: bool = False,
    with_tests: bool = True,
    is_start_whole: bool = False,
) -> Path:
    """Build the count marts from the facts of all accepted submissions.

    `as_of` builds the state known at that moment, into a separate file that `latest_counts` never returns.
    `full_refresh` reads all facts again, as does a change of the dbt project. A damaged build is set aside and is not
    used as the starting point; with `is_start_whole` the caller has just found the last build whole, which reads all of
    it. `with_tests` runs the tests of the data too. Facts of many submissions are inserted in batches
    (`fact_batches.py`). Returns the DuckDB file; next to it is a folder of the same name with the tables of
    `exported_tables.COUNTS` as Parquet. Raises WarehouseError.
    """
    require_gathered(home)
    home.warehouse.mkdir(parents=True, exist_ok=True)
    final = name_next_build(home, as_of)
    before = latest_counts(home)
    while before is not None and not is_start_whole and not is_whole(before):
        set_aside(home, before)
        before = latest_counts(home)
    digest = project_digest()
    warm = before is not None and not full_refresh and _can_extend(before)
    aside = create_building(home.warehouse, final.stem)
    database = aside / "counts.duckdb"
    if warm and before is not None:
        shutil.copyfile(before, database)
    facts = fact_files(home, database if warm else None)
    *earlier_batches, last_batch = fact_batches.split_files(home, facts)
    gathered = gathered_files(home)
    variables = {
        "path": str(database),
        **_choose_inputs(last_batch, gathered),
        "batches": fact_batches.count_batches(home),
        "as_of": (as_of or clock.now()).strftime("%Y-%m-%d %H:%M:%S"),
        # Rows that a copied build had already are not tested again: that took as long as the history is.
        "inserted_submissions": fact_batches.list_submissions(facts) if warm else None,
    }
    # Seeds are part of the project digest, so in a copy of a build with the same digest they are already present.
    selectors = ["counts_again"] if warm else ["code_lists", "counts_again"] if earlier_batches else ["counts"]
    results: list[NodeResult] = []
    try:
        for selector in selectors[:-1]:
            results += _build(home, variables, ["--selector", selector, *_exclude_tests(with_tests)])
        for batch in earlier_batches:
            inputs = _choose_inputs(batch, gathered)
            results += run_dbt(home, {**variables, **inputs}, "run", ["--selector", "insertions"])
        results += _build(home, variables, ["--selector", selectors[-1], *_exclude_tests(with_tests)])
        (aside / "tables").mkdir()
        exported_tables.export_tables(database, exported_tables.COUNTS, aside / "tables")
    except BaseException:
        remove_path(aside)
        raise
    seconds: dict[str, float] = {}
    for result in results:
        seconds[result.name] = round(seconds.get(result.name, 0) + result.seconds, 3)
    # A build on a copy does not repeat the tests of the code lists; those of the copied build still hold.
    tests = ({t.name: t for t in test_results(before)} if warm and before is not None else {}) | {
        t.name: t for t in select_tests(results)
    }
    digests = {path.name: digest_file(path) for path in (database, *sorted((aside / "tables").glob("*.parquet")))}
    note = {
        "project": digest,
        "as_of": variables["as_of"],
        "warm": warm,
        "seconds": seconds,
        "files": digests,
        "tests": [asdict(test) for test in tests.values()],
    }
    folder = tables_folder(final)
    remove_path(folder)
    (aside / "tables" / "build.json").write_text(json.dumps(note, indent=1, sort_keys=True), encoding="utf-8")
    (aside / "tables").replace(folder)
    database.replace(final)  # last, so that a DuckDB file with a final name always has its folder
    remove_path(aside)
    if as_of is None:
        remove_old_counts(home)
    return final


def extends_last_build(home: Home) -> bool:
    """Return True if the next build of the counts copies the last one and reads only facts that it lacks."""
    newest = latest_counts(home)
    return newest is not None and is_whole(newest) and _can_extend(newest)


def _can_extend(counts: Path) -> bool:
    return bool(read_build_note(counts).get("project") == project_digest())


def build_indicators(
    home: Home,
    *,
    input: Literal["restricted", "protected"],
    source: Path,
    target: Path,
    dimensions: Path | None = None,
    records: Path | None = None,
    on_tests: Callable[[tuple[NodeResult, ...]], None] | None = None,
    with_tests: bool = True,
) -> Path:
    """Build the indicators from one Parquet file of counts (`mart_count` and `conf_status`) into the file `target`.

    The SQL is the same for restricted and protected counts. `dimensions` is the folder of the dimensions' Parquet
    files, by default that of the newest counts; `records` is the folder of the figures from case records, by default
    none. `on_tests` is called with the results of the tests of a successful build; without `with_tests` none run.
    Raises WarehouseError and then leaves `target` unchanged.
    """
    if dimensions is None:
        newest = latest_counts(home)
        if newest is None:
            raise WarehouseError("there are no counts yet; build them first")
        dimensions = tables_folder(newest)
    if not source.is_file():
        raise WarehouseError(f"there are no counts to make indicators of: {source} is missing")
    target.parent.mkdir(parents=True, exist_ok=True)
    aside = create_building(target.parent, target.stem)
    database = aside / target.name
    variables = {
        "path": str(database),
        "input": input,
        "batches": fact_batches.count_batches(home),
        "files": indicator_files(source, dimensions, records or no_records(home)),
        "as_of": clock.now().strftime("%Y-%m-%d %H:%M:%S"),
    }
    try:
        results = _build(home, variables, ["--selector", "indicators", *_exclude_tests(with_tests)])
        database.replace(target)
    finally:
        remove_path(aside)
    if on_tests is not None:
        on_tests(select_tests(results))
    return target


def _exclude_tests(with_tests: bool) -> list[str]:
    """Return dbt's arguments to leave out unit tests, and the tests of the data too unless they are wanted."""
    names = ("unit_test",) if with_tests else ("unit_test", "test")
    return [argument for name in names for argument in ("--exclude-resource-type", name)]


def run_tests(home: Home, counts: Path, select: Sequence[str], *, indicators: Path | None = None) -> int:
    """Run dbt tests (unit tests too) against a copy of a build. Return how many ran. Raises WarehouseError.

    `select` is in dbt's selection syntax. Tests of the second phase need `indicators`, the file built from them.
    """
    aside = create_building(home.warehouse, counts.stem)
    database = aside / "tested.duckdb"
    shutil.copyfile(indicators or counts, database)
    variables = {"path": str(database)}  # the copy contains the views over the files that it was built from
    try:
        return len(run_dbt(home, variables, "test", ["--select", *select]))
    finally:
        remove_path(aside)


def accepted_submissions(home: Home) -> set[str]:
    """Return the submissions of which a block was accepted at any time."""
    import polars as pl

    blocks = pl.read_parquet(home.gathered / "block.parquet", columns=["submission_id", "accepted_at"])
    return set(blocks.drop_nulls("accepted_at").get_column("submission_id"))


def require_gathered(home: Home) -> None:
    """Raise WarehouseError if nothing was gathered for a build of the counts."""
    if not (home.gathered / "block.parquet").is_file():
        raise WarehouseError(f"nothing is gathered in {home.gathered}; gather the ledger and the registry first")


def _choose_inputs(batch: fact_batches.Files, gathered: fact_batches.Files) -> dict[str, Any]:
    """Return the variables of a run that inserts a batch: its files, and the range of its submissions."""
    return {
        "files": {**batch, **gathered},
        "inserted_range": fact_batches.find_range(fact_batches.list_submissions(batch)),
    }


def fact_files(home: Home, built: Path | None) -> dict[str, list[str]]:
    """Return the facts files of the accepted submissions that the build `built` lacks, or of all if it is None."""
    built_ids: set[str] = set()
    if built is not None:
        with open_duckdb(built, read_only=True) as connection:
            built_ids = {row[0] for row in connection.execute("select submission_id from fct_submission").fetchall()}
    missing_ids = sorted(accepted_submissions(home) - built_ids)
    files: dict[str, list[str]] = {}
    for name in FACTS:
        folder = home.facts / name
        present = {p.stem for p in folder.glob("*.parquet")} if folder.is_dir() else set()
        # An empty file provides the columns without new submissions.
        files[f"facts.{name}"] = [
            str(_empty_facts_file(home.warehouse, name)),
            *(str(folder / f"{s}.parquet") for s in missing_ids if s in present),
        ]
    return files


def gathered_files(home: Home) -> dict[str, list[str]]:
    """Return the files of the gathered tables, by relation; those that both phases read as they are, are `declared`."""
    declared = read_source_contracts("declared")
    return {
        f"{'declared' if path.stem in declared else 'gathered'}.{path.stem}": [str(path)]
        for path in sorted(home.gathered.glob("*.parquet"))
    }


def indicator_files(counts: Path, dimensions: Path, records: Path) -> dict[str, list[str]]:
    """Return the files of the second phase, by relation: tables of the first phase and figures from case records."""
    written = [table for table in exported_tables.COUNTS if table.shapes_indicators]
    return {
        "main.mart_count": [str(counts)],
        **{f"{table.schema}.{table.name}": [str(dimensions / f"{table.name}.parquet")] for table in written},
        **{f"records.{path.stem}": [str(path)] for path in sorted(records.glob("*.parquet"))},
    }


def _empty_facts_file(folder: Path, name: str) -> Path:
    import polars as pl

    from pipelines.model import long_tables

    schema = long_tables.FACT_SCHEMAS[name]
    path = folder / f".empty-{name}.parquet"
    if not path.exists() or list(pl.read_parquet_schema(path)) != list(schema):
        long_tables.empty_table(schema).write_parquet(path)
    return path


def no_records(home: Home) -> Path:
    """Return a folder with the tables of figures from case records, all of them empty."""
    from pipelines.warehouse.records import schema

    return schema.empty_folder(home.warehouse / ".empty-records")


def _build(home: Home, variables: Mapping[str, Any], arguments: Sequence[str]) -> list[NodeResult]:
    return run_dbt(home, variables, "build", arguments)


def main(arguments: Sequence[str]) -> int:
    """Write dbt's documentation with lineage into `dbt_project/target`: `python -m pipelines.warehouse.dbt docs`."""
    if list(arguments) != ["docs"]:
        print("usage: python -m pipelines.warehouse.dbt docs", file=sys.stderr)
        return 3
    home = open_home()
    counts = latest_counts(home)
    if counts is None:
        raise WarehouseError("there are no counts yet; run `rti refresh` first")
    aside = create_building(home.warehouse, "docs")
    database = aside / "documented.duckdb"
    shutil.copyfile(counts, database)
    try:
        write_documentation(database, PROJECT / "target")
    finally:
        remove_path(aside)
    print(PROJECT / "target" / "static_index.html")
    return 0


if __name__ == "__main__":
    raise SystemExit(main(sys.argv[1:]))
