"""The steps towards the public: protect cells, and make the draft of a release.

Publishing it is a separate act (`publication.py`).
"""

from __future__ import annotations

import shutil
from collections.abc import Callable
from pathlib import Path

from pipelines.core import codes
from pipelines.core.home import Home
from pipelines.refresh.counts import latest_counts, protected_folder, records_folder
from pipelines.refresh.due import mark_refreshed
from pipelines.refresh.publication import complete_publication
from pipelines.refresh.results import Log, Step, quiet
from pipelines.warehouse import build_cache
from pipelines.warehouse.exported_tables import COUNTS


def protect(home: Home, *, log: Log = quiet) -> Step:
    """Protect the programme's cells and lay beside them the tables that hold no count."""
    import polars as pl

    from pipelines.publication.disclosure import programme
    from pipelines.publication.disclosure.protect import protect as hide
    from pipelines.warehouse import dbt

    tables = dbt.tables(latest_counts(home))
    public_tables = [table.name for table in COUNTS if table.is_public]
    inputs = [tables / f"{name}.parquet" for name in ("mart_count", *public_tables)]
    key = build_cache.digest(build_cache.code("publication/disclosure"), str(codes.measure_parts()), *inputs)
    known = build_cache.remembered(home, "protect", key)
    if known is not None and Path(known["path"]).exists():
        log("protection: nothing new")
        return Step(new=False, path=Path(known["path"]), audit=known["audit"])
    counts = pl.read_parquet(tables / "mart_count.parquet")
    chosen = programme.select(counts.filter(pl.col("area").is_in(_public_areas(tables))))
    done = hide(chosen, cache=home.restricted / "protection", progress=_by_tenths(log, "blocks of cells protected"))
    folder = home.protected / key[:16]
    aside = home.protected / f".{key[:16]}.new"
    shutil.rmtree(aside, ignore_errors=True)
    aside.mkdir(parents=True)
    public = done.cells.with_columns(
        pl.when(pl.col("conf_status") == "F").then(pl.lit("F")).otherwise(pl.lit("C")).alias("conf_status")
    )
    public.write_parquet(aside / "cells.parquet")
    done.cells.write_parquet(aside / "cells_internal.parquet")
    for name in public_tables:
        shutil.copyfile(tables / f"{name}.parquet", aside / f"{name}.parquet")
    shutil.rmtree(folder, ignore_errors=True)
    aside.rename(folder)
    for old in home.protected.iterdir():
        if old != folder:
            shutil.rmtree(old)
    audit = done.report.totals()
    build_cache.remember(home, "protect", key, {"path": str(folder), "audit": audit})
    log(f"{audit['hidden']} cells hidden, {audit['disclosed']} could be worked out")
    return Step(new=True, path=folder, rows={"cells": public.height}, audit=audit)


def _by_tenths(log: Log, what: str) -> Callable[[int, int], None]:
    """Tell of long work ten times, not at every piece."""

    def progress(done: int, of: int) -> None:
        if done == of or done * 10 // of > (done - 1) * 10 // of:
            log(f"{done} of {of} {what}")

    return progress


def _public_areas(tables: Path) -> list[str]:
    """Areas of the region: a training territory is never part of a release."""
    import polars as pl

    areas = pl.read_parquet(tables / "dim_area.parquet")
    return areas.filter(pl.col("kind") == "national")["area"].to_list()


def draft(home: Home, *, log: Log = quiet) -> Step:
    """Build the draft of the next release, unless the last one was made of the very same things."""
    step = _draft(home, log)
    mark_refreshed(home)
    return step


def _draft(home: Home, log: Log) -> Step:
    from pipelines.declarations.registry import load
    from pipelines.publication.releases.build import build_draft

    complete_publication(home, log=log)
    folder = protected_folder(home)
    indicators = folder / "indicators"
    key = build_cache.digest(
        build_cache.code("publication/releases", "warehouse"), load().digest, home.kind, folder / "cells.parquet",
        indicators,
        *(folder / f"{table.name}.parquet" for table in COUNTS if table.is_public and table.name != "mart_return"),
        home.gathered / "reference.parquet",
    )  # fmt: skip
    known = build_cache.remembered(home, "draft", key)
    if known is not None and any((place / known["release"]).exists() for place in (home.drafts, home.releases)):
        log(f"release {known['release']}: nothing new")
        return Step(new=False, release=known["release"])
    made = build_draft(home, folder, indicators, load().national())
    for old in home.drafts.iterdir():
        if old != made.folder:
            shutil.rmtree(old)
    build_cache.remember(home, "draft", key, {"release": made.release, "records": records_folder(home).name})
    log(f"draft {made.release} is ready: {sum(made.rows.values())} rows in {len(made.rows)} tables")
    return Step(new=True, path=made.folder, rows=made.rows, release=made.release)
