"""The steps towards the public: cells are protected, a draft is made, and it is published as an act of its own.

Does not belong here: how cells are hidden (`pipelines/disclosure/`) and files are written (`pipelines/releases/`).
"""

from __future__ import annotations

import shutil
from collections.abc import Callable, Collection
from pathlib import Path

from pipelines import codes, steps
from pipelines.home import Home
from pipelines.refresh.counts import latest_counts, protected_folder, records_folder
from pipelines.refresh.results import Log, Step, quiet
from pipelines.warehouse_tables import COUNTS


def protect(home: Home, *, log: Log = quiet) -> Step:
    """Protect the programme's cells and lay beside them the tables that hold no count."""
    import polars as pl

    from pipelines import warehouse
    from pipelines.disclosure import programme
    from pipelines.disclosure.protect import protect as hide

    tables = warehouse.tables(latest_counts(home))
    public_tables = [table.name for table in COUNTS if table.is_public]
    inputs = [tables / f"{name}.parquet" for name in ("mart_count", *public_tables)]
    key = steps.digest(steps.code("disclosure"), str(codes.measure_parts()), *inputs)
    known = steps.remembered(home, "protect", key)
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
    steps.remember(home, "protect", key, {"path": str(folder), "audit": audit})
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
    from pipelines.releases.build import build_draft
    from pipelines.returns.registry import load

    folder = protected_folder(home)
    indicators = folder / "indicators"
    key = steps.digest(
        steps.code("releases", "indicators", "reference"), load().digest, home.kind, folder / "cells.parquet",
        indicators,
        *(folder / f"{table.name}.parquet" for table in COUNTS if table.is_public and table.name != "mart_return"),
        home.gathered / "reference.parquet",
    )  # fmt: skip
    known = steps.remembered(home, "draft", key)
    if known is not None and any((place / known["release"]).exists() for place in (home.drafts, home.releases)):
        log(f"release {known['release']}: nothing new")
        return Step(new=False, release=known["release"])
    made = build_draft(home, folder, indicators, load().national())
    for old in home.drafts.iterdir():
        if old != made.folder:
            shutil.rmtree(old)
    steps.remember(home, "draft", key, {"release": made.release, "records": records_folder(home).name})
    log(f"draft {made.release} is ready: {sum(made.rows.values())} rows in {len(made.rows)} tables")
    return Step(new=True, path=made.folder, rows=made.rows, release=made.release)


def publish(home: Home, name: str | None = None) -> str:
    """Publish a draft and say so in the ledger, for every return in it. Returns the release's id."""
    import polars as pl

    from pipelines.indicators import from_records
    from pipelines.intake import audit, ledger, queries
    from pipelines.releases.publish import publish as switch

    folder = switch(home, name)
    drafted = steps.last(home, "draft") or {}
    if drafted.get("release") == folder.name and "records" in drafted:
        from_records.release(home, from_records.folder(home) / drafted["records"])
    engine = ledger.open_ledger(home)
    released = set(pl.read_parquet(folder / "data" / "cell_submission.parquet")["submission_id"])
    released |= behind_records(folder / "data", queries.accepted_blocks(engine).values())
    accepted = {s.submission_id for s in queries.submissions(engine, states=["approved", "published"])}
    ledger.publish(engine, sorted(released & accepted), folder.name)
    audit.checkpoint(home, engine)
    return folder.name


def behind_records(data: Path, current: Collection[str]) -> set[str]:
    """The returns behind a release's figures from records: the current ones of each register of which it shows a value.

    A cell names its returns; a figure from records is made of all records of an office at once. `data` is the
    release's folder of Parquet files, `current` the returns whose block is the newest accepted one of its key; what
    came after the draft is not in the release's own list, and left out.
    """
    import polars as pl

    from pipelines.indicators.record_schema import COLUMNS

    who = ["territory", "source"]
    tables = [name.removeprefix("record_") for name, columns in COLUMNS.items() if "value" in columns]
    shown = pl.concat(
        pl.read_parquet(data / f"{table}.parquet").filter(pl.col("value").is_not_null()).select(who) for table in tables
    ).unique()
    registers = pl.read_parquet(data / "submission.parquet").filter(pl.col("instrument") == "register")
    return set(registers.join(shown, on=who, how="semi")["submission_id"]) & set(current)
