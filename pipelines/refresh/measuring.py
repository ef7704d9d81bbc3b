"""Measure the quality of the counts, and rebuild counts and indicators as they were known at an earlier moment."""

from __future__ import annotations

import json
import shutil
from datetime import datetime
from pathlib import Path

from pipelines.core import clock
from pipelines.core.home import Home
from pipelines.core.home_lock import hold_home_lock
from pipelines.publication.releases.publications import journal_path
from pipelines.refresh.results import Log, RefreshError, Step, ignore_log
from pipelines.warehouse import build_cache, exported_tables


class AsOfError(Exception):
    """The state at a moment cannot be rebuilt. The text says why and what to do."""


def measure_quality(home: Home, *, log: Log = ignore_log) -> Step:
    """Measure quality, revisions and coherence of the newest counts, for the offices and the steward.

    Raises RefreshError if there are no counts yet.
    """
    from pipelines.publication import measured_quality
    from pipelines.warehouse import count_builds

    counts = count_builds.latest_counts(home)
    if counts is None:
        raise RefreshError("there are no counts yet; run `rti refresh`")
    tables = count_builds.tables_folder(counts)
    journal = journal_path(home)
    key = build_cache.digest_parts(
        build_cache.code_digest("warehouse", "statistics"), clock.now().date().isoformat(),
        *(tables / f"{name}.parquet" for name in measured_quality.FROM_COUNTS), home.gathered / "reference.parquet",
        *([journal] if journal.exists() else []),
    )  # fmt: skip
    folder = measured_quality.quality_folder(home)
    if build_cache.find_outcome(home, "measure", key) is not None and folder.exists():
        log("quality: nothing new")
        return Step(new=False, path=folder)
    marts = measured_quality.build_internal_tables(home, tables, clock.now())
    measured_quality.write_tables(folder, marts)
    build_cache.store_outcome(home, "measure", key, {"path": str(folder)})
    rows = {name: table.height for name, table in marts.items()}
    log(f"quality measured: {rows['mart_quality']} figures, {rows['mart_coherence']} pairs of sources")
    return Step(new=True, path=folder, rows=rows)


def as_of(home: Home, moment: datetime, out: Path | None = None, *, log: Log = ignore_log) -> Path:
    """Build the counts, the figures from records and the indicators as they were known at a moment; return the folder.

    The folder holds `counts.duckdb`, `indicators.duckdb` and each mart as Parquet. Data that the home shows or
    publishes is not changed. The counts are unprotected, so a folder below `public/` is refused. Declarations are
    today's. Raises AsOfError, HomeBusyError, WarehouseError.
    """
    folder = _choose_folder(home, moment, out)
    with hold_home_lock(home, purpose="as-of"), clock.freeze_time(moment):
        return _build_as_of(home, moment, folder, log)


def _choose_folder(home: Home, moment: datetime, out: Path | None) -> Path:
    if moment > clock.now():
        raise AsOfError(f"{clock.format_timestamp(moment)} has not come yet; name a moment that has")
    folder = (out or home.restricted / "as_of" / moment.strftime("%Y%m%dT%H%M%SZ")).resolve()
    if folder.is_relative_to(home.public.resolve()):
        raise AsOfError(f"{folder} is public, and these counts are not protected; name another folder with --out")
    if folder.exists() and (not folder.is_dir() or any(folder.iterdir())) and not (folder / "as_of.json").is_file():
        raise AsOfError(f"{folder} holds something else; name an empty or a new folder with --out")
    return folder


def _build_as_of(home: Home, moment: datetime, folder: Path, log: Log) -> Path:
    from pipelines.publication import measured_quality
    from pipelines.warehouse import count_builds, dbt
    from pipelines.warehouse.records import build

    aside = folder.with_name(f".{folder.name}.building")
    shutil.rmtree(aside, ignore_errors=True)
    (aside / "tables").mkdir(parents=True)
    counts = dbt.build_counts(home, as_of=moment)
    tables = count_builds.tables_folder(counts)
    log(f"counts known at {clock.format_timestamp(moment)} built")
    try:
        records, is_new = build.build_records(home, counts, tables)
        dbt.build_indicators(
            home,
            input="restricted",
            source=tables / "mart_count.parquet",
            target=aside / "indicators.duckdb",
            dimensions=tables,
            records=records / "restricted",
        )
        for path in sorted((records / "restricted").glob("*.parquet")):
            shutil.copyfile(path, aside / "tables" / path.name)
        measured_quality.write_tables(aside / "tables", measured_quality.build_internal_tables(home, tables, moment))
        for path in sorted(tables.glob("*.parquet")):
            shutil.copyfile(path, aside / "tables" / path.name)
        marts = [table for table in exported_tables.INDICATORS if table.is_public]
        exported_tables.export_tables(aside / "indicators.duckdb", marts, aside / "tables")
        shutil.move(counts, aside / "counts.duckdb")
        metadata = {"as_of": clock.format_timestamp(moment), "home": home.kind}
        (aside / "as_of.json").write_text(json.dumps(metadata, indent=1) + "\n", encoding="utf-8")
        shutil.rmtree(folder, ignore_errors=True)
        aside.replace(folder)
        if is_new:
            shutil.rmtree(records)
    finally:
        shutil.rmtree(tables, ignore_errors=True)
        counts.unlink(missing_ok=True)
        shutil.rmtree(aside, ignore_errors=True)
    log(f"{folder} holds what was known then")
    return folder
