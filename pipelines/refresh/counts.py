"""Build the count marts, the figures from case records and the indicators, restricted or protected."""

from __future__ import annotations

import shutil
from dataclasses import asdict
from datetime import date
from pathlib import Path
from typing import Final

from pipelines.core import clock
from pipelines.core.home import Home
from pipelines.refresh.integrity import require_intact_inputs
from pipelines.refresh.publication import complete_publication
from pipelines.refresh.results import Log, RefreshError, Step, WorkDueError, ignore_log
from pipelines.submissions import law_export
from pipelines.warehouse import build_cache, exported_tables
from pipelines.warehouse.targets import IndicatorInputs, IndicatorPart

NOT_COUNTED: Final = (*law_export.TABLES, "practice_result", "practice_label", "corrective_measure")
"""Gathered tables that become tables of a release without being counted."""


def build_counts(
    home: Home,
    *,
    log: Log = ignore_log,
    only_look: bool = False,
    are_facts_checked: bool = False,
    with_tests: bool = True,
) -> Step:
    """Build the count marts, unless they were built from the same returns, declarations and dbt project.

    They are built again when a deadline has passed, or figures have become final, since: counts say what is due.

    With `only_look`, this and the other steps that build something raise WorkDueError where they would build.
    With `are_facts_checked`, the facts are not compared with the ledger: a scratch home has the facts of another home,
    which the caller has compared, and no ledger. `with_tests` runs the tests of the data too.
    """
    from pipelines.warehouse import count_builds, dbt, dbt_runner

    key = build_cache.digest_parts(_gathered_key(home), dbt_runner.project_digest(), _find_last_turn(home))
    cached = build_cache.find_outcome(home, "counts", key)
    # The folder of the home, and not the recorded one: a home may have been copied or moved.
    built = home.warehouse / Path(cached["path"]).name if cached is not None else None
    if built is not None and built.exists():
        if count_builds.is_whole(built):
            log("counts: nothing new")
            return Step(new=False, path=built, tests=count_builds.test_results(built))
        if not only_look:
            log(f"counts: {built.name} is damaged; it is set aside and built again")
    if only_look:
        raise WorkDueError("counts")
    extends_last_build = dbt.extends_last_build(home)
    if not are_facts_checked and not extends_last_build:
        require_intact_inputs(home)  # all facts are read; gathering has compared only files that have changed
    path = dbt.build_counts(home, with_tests=with_tests, is_start_whole=extends_last_build)
    build_cache.store_outcome(home, "counts", key, {"path": str(path)})
    seconds = count_builds.node_times(path)
    tests = count_builds.test_results(path)
    log(f"counts built into {path.name}; {len(tests)} tests run")
    return Step(new=True, path=path, seconds=seconds, tests=tests)


def _find_last_turn(home: Home) -> str:
    """Return the last day up to today on which a quarter began, a return became due or figures became final.

    Models compare today with these days only (`as_of()`): with deadlines, with final days, and with the ends of
    periods. Between two of them, the same returns give the same counts. Other comparisons are with times of acts, which
    are all in the past.
    """
    import polars as pl

    today = clock.now().date()
    calendar = pl.read_parquet(home.gathered / "calendar.parquet", columns=["deadline", "final_on"])
    days = pl.concat([calendar[name].rename("day") for name in calendar.columns]).drop_nulls()
    start_of_quarter = date(today.year, 3 * ((today.month - 1) // 3) + 1, 1)
    return str(max([start_of_quarter, *days.filter(days <= today)]))


def _gathered_key(home: Home) -> str:
    """Return the digest of the gathered tables and columns that the counts depend on.

    Left out are columns and tables that change without changing a count, such as publication events and comments.
    """
    import polars as pl

    submission = pl.read_parquet(
        home.gathered / "submission.parquet",
        columns=["submission_id", "received_at", "accepted_at", "corrects_submission_id", "kind"],
    ).sort("submission_id")
    others = [
        path
        for path in sorted(home.gathered.glob("*.parquet"))
        if path.stem not in ("submission", "event", "justification", *NOT_COUNTED)
    ]
    return build_cache.digest_parts(submission.write_csv(), *others)


def build_records(home: Home, *, log: Log = ignore_log, only_look: bool = False) -> Step:
    """Compute the figures from case records, unless records, rules and the previous release are unchanged."""
    from pipelines.warehouse import count_builds
    from pipelines.warehouse.records import build

    complete_publication(home, log=log)
    counts = latest_counts(home)
    tables = count_builds.tables_folder(counts)
    if only_look and not build.locate_records(home, counts, tables).exists():
        raise WorkDueError("records")
    path, new = build.build_records(home, counts, tables)
    build_cache.store_outcome(home, "records", path.name, {"folder": path.name})
    build.remove_other_builds(
        home, {path.name, (build_cache.find_last_outcome(home, "draft") or {}).get("records", "")}
    )
    log("figures of case records made" if new else "figures of case records: nothing new")
    return Step(new=new, path=path)


def records_folder(home: Home) -> Path:
    """Return the folder of the newest figures from case records. Raises RefreshError if there are none."""
    from pipelines.warehouse.records import build

    cached = build_cache.find_last_outcome(home, "records")
    path = build.records_folder(home) / str(cached["folder"]) if cached else None
    if path is None or not path.exists():
        raise RefreshError("the figures of case records are not there; run `rti refresh`")
    return path


def build_indicators(
    home: Home,
    *,
    which: IndicatorPart,
    log: Log = ignore_log,
    only_look: bool = False,
    with_tests: bool = True,
) -> Step:
    """Build the indicators from restricted counts (for offices) or from protected cells (for the public).

    `with_tests` runs the tests of the data too.
    """
    from pipelines.warehouse import dbt, dbt_runner

    inputs = locate_indicator_inputs(home, which)
    if which == "restricted":
        target = home.warehouse / "indicators-restricted.duckdb"
    else:
        target = protected_folder(home) / "indicators.duckdb"
    dimension_paths = [
        inputs.dimensions / f"{table.name}.parquet" for table in exported_tables.COUNTS if table.shapes_indicators
    ]
    key = build_cache.digest_parts(dbt_runner.indicators_digest(), inputs.counts, inputs.records, *dimension_paths)
    step = f"indicators-{which}"
    cached = build_cache.find_outcome(home, step, key)
    if cached is not None and target.exists() and cached.get("sha256") in (None, build_cache.digest_parts(target)):
        log(f"{which} indicators: nothing new")
        earlier_tests = tuple(dbt_runner.NodeResult(**test) for test in cached.get("tests", []))
        return Step(new=False, path=target, tests=earlier_tests)
    if only_look:
        raise WorkDueError(step)
    tests: list[dbt_runner.NodeResult] = []
    dbt.build_indicators(
        home,
        input=which,
        source=inputs.counts,
        target=target,
        dimensions=inputs.dimensions,
        records=inputs.records,
        on_tests=tests.extend,
        with_tests=with_tests,
    )
    if which == "protected":
        exported = protected_folder(home) / "indicators"
        shutil.rmtree(exported, ignore_errors=True)
        exported.mkdir()
        exported_tables.export_tables(target, exported_tables.INDICATORS, exported)
    outcome = {
        "path": str(target),
        "sha256": build_cache.digest_parts(target),
        "tests": [asdict(test) for test in tests],
    }
    build_cache.store_outcome(home, step, key, outcome)
    log(f"{which} indicators built; {len(tests)} tests run")
    return Step(new=True, path=target, tests=tuple(tests))


def locate_indicator_inputs(home: Home, part: IndicatorPart) -> IndicatorInputs:
    """Return the files of the last refresh from which indicators are built. Raises RefreshError if some are missing."""
    from pipelines.warehouse import count_builds

    if part == "restricted":
        tables = count_builds.tables_folder(latest_counts(home))
        return IndicatorInputs(tables / "mart_count.parquet", tables, records_folder(home) / "restricted")
    folder = protected_folder(home)
    return IndicatorInputs(folder / "cells.parquet", folder, records_folder(home) / "public")


def latest_counts(home: Home) -> Path:
    """Return the DuckDB file of the newest counts. Raises RefreshError if there are none."""
    from pipelines.warehouse import count_builds

    counts = count_builds.latest_counts(home)
    if counts is None:
        raise RefreshError("there are no counts yet; run `rti refresh`")
    return counts


def protected_folder(home: Home) -> Path:
    """Return the folder of the protected cells. Raises RefreshError unless there is exactly one."""
    folders = [path for path in home.protected.iterdir() if path.is_dir() and not path.name.startswith(".")]
    if len(folders) != 1:
        raise RefreshError("the protected cells are not there; run `rti refresh`")
    return folders[0]
