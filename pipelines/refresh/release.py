"""Protect the cells and build the draft of a release.

Publishing the draft is a separate step, taken by a person (`publication.py`).
"""

from __future__ import annotations

import shutil
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

from pipelines.core import codes
from pipelines.core.home import Home
from pipelines.core.processors import count_processes
from pipelines.publication.cooperation.figures import COOPERATION_TABLES
from pipelines.publication.releases.correction_notices import notices_path
from pipelines.refresh.cooperation import protect_cooperation_tables
from pipelines.refresh.counts import NOT_COUNTED, latest_counts, protected_folder, records_folder
from pipelines.refresh.due import mark_refreshed
from pipelines.refresh.embargo import is_waiting
from pipelines.refresh.practice_audit import refuse_exposed_answers
from pipelines.refresh.publication import complete_publication
from pipelines.refresh.released_counts import LOSSES_FILE, keep_counts, list_earlier, write_counts
from pipelines.refresh.results import Log, Step, WorkDueError, ignore_log
from pipelines.refresh.single_cases import list_single_cases
from pipelines.warehouse import build_cache
from pipelines.warehouse.exported_tables import COUNTS

_MEGABYTES_OF_PAGES = 512
"""Memory for a process that writes static pages. Reading the demonstration's release takes half of that."""
_ROWS_FOR_PROCESSES = 20_000
"""Counts of all areas from which several processes solve the problems of a home that has kept no outcome."""


def protect_cells(home: Home, *, log: Log = ignore_log, only_look: bool = False) -> Step:
    """Protect the cells of the publication programme, and put the public tables without counts next to them."""
    from pipelines.publication.disclosure import balances, protecting_code
    from pipelines.warehouse import count_builds

    counts_build = latest_counts(home)
    tables = count_builds.tables_folder(counts_build)
    single_cases = list_single_cases(home, counts_build)
    public_tables = [table.name for table in COUNTS if table.is_public]
    inputs = [tables / f"{name}.parquet" for name in ("mart_count", "mart_cooperation", *public_tables)]
    # Readers compare the figures from case records with the counts, so the counts are protected together with them.
    record_tables = [records_folder(home) / "public" / f"record_{name}.parquet" for name in ("sentence", "pending")]
    inputs_digest = build_cache.digest_parts(
        protecting_code.digest_code(),
        str(codes.measure_parts()),
        str(balances.list_balances()),
        *single_cases,
        *inputs,
        *record_tables,
    )
    releases = list_earlier(home, inputs_digest)
    key = build_cache.digest_parts(inputs_digest, *(release.public for release in releases))
    cached = build_cache.find_outcome(home, "protect", key)
    protected = home.protected / Path(cached["path"]).name if cached is not None else None
    if cached is not None and protected is not None and protected.exists():
        log("protection: nothing new")
        return Step(new=False, path=protected, risk=cached["risk"])
    if only_look:
        raise WorkDueError("protected cells")
    # Imported here because it takes half a second of processor time, which a step without work need not spend.
    import polars as pl

    from pipelines.publication.disclosure.processes import ProblemPool

    folder = home.protected / key[:16]
    temporary = home.protected / f".{key[:16]}.new"
    shutil.rmtree(temporary, ignore_errors=True)
    temporary.mkdir(parents=True)
    counts = tables / "mart_count.parquet"
    cache = home.restricted / "protection"
    # Both at once: the largest problem of either keeps one processor busy for longer than all others of it the other.
    with ProblemPool() as pool, ThreadPoolExecutor(1) as beside:
        n_counts = pl.scan_parquet(counts).select(pl.len()).collect().item()
        if n_counts >= _ROWS_FOR_PROCESSES and not cache.exists():
            pool.start_processes()
        from pipelines.publication.disclosure import earlier, programme, utility
        from pipelines.publication.disclosure.packed import PackedCells
        from pipelines.publication.disclosure.protect import hide_small_counts
        from pipelines.publication.disclosure.record_figures import ReleasedRecordFigures
        from pipelines.publication.releases.utility_targets import ReleaseUtility

        areas = _public_areas(tables)
        of_cooperation = beside.submit(
            protect_cooperation_tables,
            tables,
            temporary,
            areas,
            releases,
            cache=cache,
            progress=_log_tenths(log, "problems of cooperation protected"),
            pool=pool,
        )
        # Cooperation has the largest problems, so processes begin with them while the cells are chosen.
        packed = PackedCells(programme.read_rows(counts, areas))
        protection = hide_small_counts(
            packed,
            earlier=[release.read_cells() for release in releases],
            figures=ReleasedRecordFigures(*map(pl.read_parquet, record_tables)),
            single_cases=single_cases,
            cache=cache,
            progress=_log_tenths(log, "blocks of cells protected"),
            pool=pool,
        )
        cooperation = of_cooperation.result()
    public = protection.cells.with_columns(
        pl.when(pl.col("conf_status") == "F").then(pl.lit("F")).otherwise(pl.lit("C")).alias("conf_status")
    )
    public.write_parquet(temporary / "cells.parquet")
    protection.cells.write_parquet(temporary / "cells_internal.parquet")
    cells = packed.unpack_cells()
    risk = {name: count + cooperation[name] for name, count in protection.report.count_cells().items()}
    write_counts(temporary, earlier.record_release(cells, protection.cells["conf_status"]), inputs_digest, risk)
    losses = utility.measure_losses(cells, protection.cells)
    losses.write_parquet(temporary / LOSSES_FILE)
    for name in public_tables:
        shutil.copyfile(tables / f"{name}.parquet", temporary / f"{name}.parquet")
    shutil.rmtree(folder, ignore_errors=True)
    temporary.rename(folder)
    for old in home.protected.iterdir():
        if old != folder:
            shutil.rmtree(old)
    build_cache.store_outcome(home, "protect", key, {"path": str(folder), "risk": risk})
    log(
        f"{risk['hidden']} cells hidden, {risk['disclosed']} could be worked out by the public, "
        f"{risk['to_insiders']} small ones by an office"
    )
    if risk["revealed_before"]:
        log(f"{risk['revealed_before']} hidden cells can be worked out from earlier releases alone")
    if risk["open_to_guess"]:
        log(f"{risk['open_to_guess']} hidden cells follow from a guess that a correction closes a balance")
    for line in [*ReleaseUtility.read_losses(losses).describe_targets(), *utility.describe_losses(losses)]:
        log(line)
    return Step(new=True, path=folder, rows={"cells": public.height}, risk=risk)


def _log_tenths(log: Log, what: str) -> Callable[[int, int], None]:
    """Return a progress callback that logs about ten times in all, not for every item."""

    def log_progress(done: int, total: int) -> None:
        if done == total or done * 10 // total > (done - 1) * 10 // total:
            log(f"{done} of {total} {what}")

    return log_progress


def _public_areas(tables: Path) -> list[str]:
    """Return the areas of the region, without training territories, which are never part of a release."""
    import polars as pl

    areas = pl.read_parquet(tables / "dim_area.parquet")
    return areas.filter(pl.col("kind") == "national")["area"].to_list()


def draft_release(home: Home, *, log: Log = ignore_log, only_look: bool = False) -> Step:
    """Build the draft of the next release, unless the last one was built from the same inputs."""
    step = _build_draft(home, log, only_look=only_look)
    if is_waiting(home) is None:
        mark_refreshed(home)
    return step


def _build_draft(home: Home, log: Log, *, only_look: bool) -> Step:
    from pipelines.declarations.registry import load
    from pipelines.publication.releases.manifest_writing import digest_code

    complete_publication(home, log=log)
    if (approved := is_waiting(home)) is not None:
        log(f"draft {approved} is approved for its announced minute and is not replaced")
        return Step(new=False, release=approved)
    folder = protected_folder(home)
    indicators = folder / "indicators"
    key = build_cache.digest_parts(
        digest_code(),
        load().digest,
        home.kind,
        folder / "cells.parquet",
        *(folder / f"{name}.parquet" for name in COOPERATION_TABLES),
        indicators,
        *(folder / f"{table.name}.parquet" for table in COUNTS if table.is_public and table.name != "mart_return"),
        home.gathered / "reference.parquet",
        *(path for name in NOT_COUNTED if (path := home.gathered / f"{name}.parquet").exists()),
        *([notices_path(home)] if notices_path(home).exists() else []),
    )  # fmt: skip
    cached = build_cache.find_outcome(home, "draft", key)
    if cached is not None and any((place / cached["release"]).exists() for place in (home.drafts, home.releases)):
        log(f"release {cached['release']}: nothing new")
        return Step(new=False, release=cached["release"])
    if only_look:
        raise WorkDueError("draft")
    from pipelines.front.build import FOLDER, build_front
    from pipelines.publication.releases.build import build_draft, remove_draft

    refuse_exposed_answers(home, home.gathered / "practice_result.parquet")

    def add_pages(path: Path) -> int:
        return build_front(path, path / FOLDER, processes=count_processes(_MEGABYTES_OF_PAGES))

    draft = build_draft(home, folder, indicators, load().without_training(), add_pages=add_pages)
    keep_counts(home, folder, draft.release)
    for previous in [path for path in home.drafts.iterdir() if path != draft.folder]:
        remove_draft(previous)
    build_cache.store_outcome(home, "draft", key, {"release": draft.release, "records": records_folder(home).name})
    log(f"draft {draft.release} is ready: {sum(draft.rows.values())} rows in {len(draft.rows)} tables")
    return Step(new=True, path=draft.folder, rows=draft.rows, release=draft.release)
