"""The stages of the sweep, each in a process of its own: `python -m benchmarks.sweep_stages STAGE FOLDER TIMES`.

FOLDER is the folder of one size (`sweep.py`). A stage first removes what an interrupted run of it has left, and
prints the sizes of its work as one line of JSON.
"""

from __future__ import annotations

import json
import os
import shutil
import sys
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import TYPE_CHECKING

from benchmarks import history, plain
from benchmarks.measuring import ROOT
from pipelines.core.home import Home, initialise_home, open_home

if TYPE_CHECKING:
    import polars as pl

    from expectations.judge import History
    from pipelines.submissions.arrivals import ListedArrival

Sizes = dict[str, int]
SAMPLES = ROOT / "raw_samples"
HOME_SIZES = "home.json"
"""File with the sizes of a history. The sweep keeps the figures of each stage in a file of the stage's name."""


def _list_files() -> list[tuple[ListedArrival, bytes]]:
    """Return the demonstration's returns in the order of their arrival, with their bytes."""
    from pipelines.submissions import arrivals

    return [(arrival, (SAMPLES / arrival.file).read_bytes()) for arrival in arrivals.read_list(SAMPLES)]


def read_files(_folder: Path, times: int) -> Sizes:
    """Read every return so many times, by the reading processes of the service."""
    from pipelines.declarations.registry import load
    from pipelines.submissions.checking.check import OFFLINE_ID
    from pipelines.submissions.checking.read_task import ReadResult, Task
    from pipelines.submissions.checking.shared_pool import SHARED

    registry, files = load(), _list_files()
    sizes = {"returns": 0, "bytes": 0, "observations": 0, "events": 0}

    def list_tasks() -> Iterator[tuple[int, Task]]:
        for number in range(times):
            for place, (arrival, data) in enumerate(files):
                yield number * len(files) + place, Task(data, arrival.filename, OFFLINE_ID, registry.digest)
                sizes["bytes"] += len(data)

    with SHARED.borrow_pool(registry.digest) as pool:
        for _, result in pool.map_jobs(list_tasks(), None):
            sizes["returns"] += 1
            if isinstance(result, ReadResult) and result.reading is not None:
                sizes["observations"] += result.reading.observations.height
                sizes["events"] += result.reading.events.height
    return sizes


def check_files(folder: Path, times: int) -> Sizes:
    """Check every return so many times, with the newest accepted return of each period as history.

    The history of an office is as long at every size, as it is after further editions of the same periods.
    """
    from pipelines.declarations.registry import load
    from pipelines.submissions.checking.check import CheckJob, check_many

    registry, files, accepted = load(), _list_files(), _read_history(folder.parent / "read")
    sizes = {"returns": 0, "observations": 0, "findings": 0}
    for _ in range(times):
        jobs = [
            CheckJob(arrival.file, data, arrival.filename, kind=arrival.kind, received=arrival.received_at)
            for arrival, data in files
        ]
        reports = check_many(jobs, registry=registry, history=accepted)
        readings = [report.reading for report in reports.values() if report.reading is not None]
        sizes["returns"] += len(reports)
        sizes["observations"] += sum(reading.observations.height for reading in readings)
        sizes["findings"] += sum(len(report.findings) for report in reports.values())
    return sizes


def _read_history(read: Path) -> History:
    """Return the rows of the newest block of each period, of the returns that were read for the histories."""
    import polars as pl

    from expectations.judge import History
    from pipelines.core import clock
    from pipelines.ledger import facts
    from pipelines.model import long_tables

    names = ["submission_id", "jurisdiction", "form", "freq", "period"]
    newest = pl.read_parquet(read / "gathered" / "block.parquet").filter(pl.col("superseded_at").is_null())

    def read_table(table: str, schema: dict[str, pl.DataType]) -> pl.DataFrame:
        rows = facts.read_rows(sorted((read / "facts" / table).glob("*.parquet")), schema)
        return rows.join(newest.select(names), on=names, how="semi")

    observations = read_table("observation", long_tables.OBSERVATION)
    return History(observations, read_table("case_event", long_tables.CASE_EVENT), clock.now())


def build_marts(folder: Path, times: int) -> Sizes:
    """Build the marts of the counts, the figures from records, the restricted indicators and the quality."""
    import polars as pl

    from pipelines import refresh
    from pipelines.refresh import measuring as quality
    from pipelines.warehouse import count_builds

    home = open_home(folder / "home")
    for path in (home.warehouse, home.restricted / "records", home.restricted / "steps.json"):
        _empty(path)
    counts = refresh.build_counts(home, are_facts_checked=True).path
    refresh.build_records(home)
    refresh.build_indicators(home, which="restricted")
    quality.measure_quality(home)
    assert counts is not None
    rows = pl.scan_parquet(count_builds.tables_folder(counts) / "mart_count.parquet").select(pl.len()).collect().item()
    sizes: Sizes = json.loads((folder / HOME_SIZES).read_text(encoding="utf-8"))
    return {**sizes, "counts": int(rows), "years": history.CYCLE * times}


def protect_counts(folder: Path, _times: int) -> Sizes:
    """Protect the cells of a release, with nothing kept of an earlier protection."""
    from pipelines import refresh

    home = open_home(folder / "home")
    _empty(home.protected)
    shutil.rmtree(home.restricted / "protection", ignore_errors=True)
    step = refresh.protect_cells(home)
    failed = sum(step.risk[name] for name in ("disclosed", "narrow", "unknown", "to_insiders"))
    return {"cells": step.rows["cells"], "hidden": step.risk["hidden"], "failed": failed}


def publish_release(folder: Path, _times: int) -> Sizes:
    """Build the public indicators, the draft with its files and pages, and publish it."""
    from pipelines import refresh
    from pipelines.core import clock
    from pipelines.publication.releases import publications, publish
    from pipelines.refresh.counts import protected_folder

    home = open_home(folder / "home")
    _remove_releases(home)
    (protected_folder(home) / "indicators.duckdb").unlink(missing_ok=True)
    refresh.build_indicators(home, which="protected")
    release = refresh.draft_release(home).release
    assert release is not None
    publish.move_draft(home, release)
    publish.switch_current(home, release)
    # SDMX REST finds releases and their times in the journal.
    publication = publications.Publication(release, clock.format_timestamp(clock.now()))
    publications.append_journal(home, publications.Intent(publication, number=1))
    files = [path for path in (home.releases / release).rglob("*") if path.is_file()]
    return {"files": len(files), "bytes": sum(path.stat().st_size for path in files)}


def _remove_releases(home: Home) -> None:
    from pipelines.publication.releases.publications import journal_path

    for path in (home.drafts, home.releases):
        _empty(path)
    (home.public / "current").unlink(missing_ok=True)
    journal_path(home).unlink(missing_ok=True)


def query_release(folder: Path, _times: int) -> Sizes:
    """Ask for every series of victims in each format, and open the pages to explore, of the release."""
    import httpx

    from benchmarks import open_data, public
    from tests.support.service.public_app import run_public_app

    home = folder / "home"
    sizes = {"answers": 0, "bytes": 0, "pages": 0}
    os.environ["RTI_HOME"] = str(home)
    with run_public_app(home, folder / "querying.log") as address:
        for territory in TERRITORIES:
            for path in open_data.SERIES.values():
                answer = httpx.get(f"{address}{path.replace('RS', territory)}", timeout=None).raise_for_status()
                sizes["answers"] += 1
                sizes["bytes"] += len(answer.content)
    for page, query in public.VIEWS:
        public.open_page(page, query)
        sizes["pages"] += 1
    return sizes


TERRITORIES = ("AL", "BA", "HR", "XK", "MK", "ME", "RS")


def prepare_history(folder: Path, times: int) -> Sizes:
    """Make a home of four years for each time, from the returns that were read once for all sizes."""
    shutil.rmtree(folder / "home", ignore_errors=True)
    read = folder.parent / "read"
    if not (read / "gathered" / "event.parquet").exists():
        shutil.rmtree(read, ignore_errors=True)
        read.mkdir(parents=True)
        plain.read_returns(SAMPLES, read)
    home = initialise_home(folder / "home", "demonstration")
    sizes = history.build_history(home, read, history.CYCLE * times)
    (folder / HOME_SIZES).write_text(json.dumps(sizes), encoding="utf-8")
    return sizes


def _empty(path: Path) -> None:
    """Remove a file, or everything in a folder."""
    if path.is_dir():
        shutil.rmtree(path)
        path.mkdir()
    else:
        path.unlink(missing_ok=True)


STAGES: dict[str, Callable[[Path, int], Sizes]] = {
    "history": prepare_history,
    "reading": read_files,
    "validating": check_files,
    "modelling": build_marts,
    "protecting": protect_counts,
    "publishing": publish_release,
    "querying": query_release,
}
"""In the order in which one needs the results of another; `history` only prepares the others."""


def main(arguments: list[str]) -> None:
    """Run one stage."""
    stage, folder, times = arguments
    print(json.dumps(STAGES[stage](Path(folder), int(times))))


if __name__ == "__main__":
    main(sys.argv[1:])
