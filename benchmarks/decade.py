"""All marts of ten years of seven territories, how that grows to a hundred years.

Ten times is ten times as long: then facts and all marts have ten times the rows, and each year as much as before. Ten
editions of each return would leave the marts as they are, and ten times the reporters would make a hundred times the
pairs, which is the arithmetic of pairs and says nothing of the statements.

`python -m benchmarks.decade build HOME` builds everything and prints one JSON object; `… floor HOME OUT` runs the
statements that dbt compiled for it, one after another in DuckDB. Both read public counts in which only what is small
is hidden, because protection is not a mart: `benchmarks.protecting` measures it. `… release HOME` publishes a
release of it, whose pages the benchmark `front` measures.
"""

from __future__ import annotations

import json
import math
import shutil
import sys
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

from benchmarks import history, homes, measuring, plain
from benchmarks.registry import Figure, Setting, register_benchmark
from pipelines.core.home import Home, initialise_home, open_home

YEARS = 10
LIMIT = 60.0
"""Limit in seconds for all marts of ten years, from the issue."""
PHASES = ("counts", "records", "restricted indicators", "public indicators", "quality")


@register_benchmark("decade", "All marts of ten years of seven territories, and of ten times as long")
def measure_decade(setting: Setting) -> Iterator[Figure]:
    """Compare with the same statements without dbt, and the longer history with the shorter one."""
    shorter: dict[str, float] = {}
    for scale in setting.scales:
        years = YEARS * scale
        home, sizes = build_home(setting, years)
        ran = measuring.run_module(__name__, "build", str(home))
        laps = ran.last_json()
        bare = measuring.run_module(__name__, "floor", str(home), str(setting.scratch / f"statements-{years}"))
        total = sum(laps["seconds"][phase] for phase in PHASES)
        period = f"{years} years"
        target, reached = ("≤ 60 s", total <= LIMIT) if scale == 1 else ("", None)
        note = f"{sizes['observation']:,} observations, {laps['rows']['mart_count']:,} counts"
        statements = sum(bare.last_json().values())
        yield Figure(f"all marts of {period}", total, "s", statements, "the statements alone", target, reached, note)
        yield Figure(f"… processor, {period}", laps["processor"], "s")
        for phase in PHASES:
            seconds = laps["seconds"][phase]
            slowest = ", ".join(f"{name} {duration:.1f}" for name, duration in laps["slowest"].get(phase, []))
            before = shorter.get(phase)
            yield Figure(f"… {phase}, {period}", seconds, "s", before, f"{YEARS} years" if before else "", note=slowest)
        yield Figure(f"peak memory, {period}", ran.peak, "MB", bare.peak, "the statements alone")
        for name, value in (("seconds", total), ("processor", laps["processor"])):
            if name in shorter:
                times = value / shorter[name]
                power = math.log(times) / math.log(scale / setting.scales[0])
                note = f"{scale / setting.scales[0]:.0f} times the rows; exponent {power:.2f}"
                yield Figure(f"growth to {period}, {name}", times, "times", note=note)
            shorter.setdefault(name, value)
        shorter |= {phase: laps["seconds"][phase] for phase in PHASES if phase not in shorter}


def publish_release(setting: Setting, years: int) -> tuple[Path, dict[str, float]]:
    """Return a home with a published release of that many years, and the processor seconds and files of its pages.

    Benchmarks that run one after the other share the home.
    """
    record = _name_published(setting, years)
    if not record.exists():
        home, _ = build_home(setting, years)
        built = measuring.run_module(__name__, "release", str(home)).last_json()
        record.write_text(json.dumps({"home": str(home), "built": built}), encoding="utf-8")
    published = json.loads(record.read_text(encoding="utf-8"))
    return Path(published["home"]), published["built"]


def _name_published(setting: Setting, years: int) -> Path:
    """Return the file that says that the home of so many years has a published release."""
    return setting.scratch / f"published-{years}.json"


def build_home(setting: Setting, years: int) -> tuple[Path, dict[str, int]]:
    """Build a home of that many years; the returns are read only once."""
    read = setting.scratch / "read"
    if not read.exists():
        measuring.run_module(__name__, "read", str(homes.prepare_returns(setting, 1).folder), str(read))
    home = setting.scratch / f"years-{years}"
    shutil.rmtree(home, ignore_errors=True)
    _name_published(setting, years).unlink(missing_ok=True)
    return home, measuring.run_module(__name__, "history", str(home), str(read), str(years)).last_json()


class _Laps:
    """Wall-clock seconds and slowest models by phase."""

    def __init__(self, home: Home) -> None:
        self.home = home
        self.seconds: dict[str, float] = {}
        self.slowest: dict[str, list[tuple[str, float]]] = {}

    def run(self, phase: str, work: Callable[[], object]) -> None:
        from pipelines.warehouse import dbt_runner

        results = self.home.restricted / "dbt" / dbt_runner.LAST_TIMES
        results.unlink(missing_ok=True)
        begun = time.perf_counter()
        work()
        self.seconds[phase] = time.perf_counter() - begun
        if results.exists():
            times: dict[str, float] = json.loads(results.read_text(encoding="utf-8"))
            self.slowest[phase] = sorted(times.items(), key=lambda item: -item[1])[:4]


def build_marts(home: Home) -> dict[str, Any]:
    """Build marts by the steps of a refresh: return seconds by phase, processor seconds, slowest models and rows."""
    from pipelines import refresh
    from pipelines.refresh import counts as steps
    from pipelines.refresh import measuring as quality
    from pipelines.warehouse import count_builds, dbt_runner

    dbt_runner.parse_project()  # once a process, as in the service that refreshes
    laps, processor = _Laps(home), time.process_time()
    laps.run("counts", lambda: refresh.build_counts(home, are_facts_checked=True))
    laps.run("records", lambda: refresh.build_records(home))
    laps.run("restricted indicators", lambda: refresh.build_indicators(home, which="restricted"))
    processor_seconds = time.process_time() - processor
    _hide_small(home)
    processor = time.process_time()
    laps.run("public indicators", lambda: refresh.build_indicators(home, which="protected"))
    laps.run("quality", lambda: quality.measure_quality(home))
    processor_seconds += time.process_time() - processor
    rows = {"mart_count": _count_rows(count_builds.tables_folder(steps.latest_counts(home)) / "mart_count.parquet")}
    return {"seconds": laps.seconds, "processor": processor_seconds, "slowest": laps.slowest, "rows": rows}


def _count_rows(path: Path) -> int:
    import polars as pl

    return int(pl.scan_parquet(path).select(pl.len()).collect().item())


def _hide_small(home: Home) -> None:
    """Write the programme's cells with only small counts hidden: not protected, but of the same shape."""
    import polars as pl

    from pipelines.publication.disclosure import programme
    from pipelines.refresh import counts as steps
    from pipelines.statistics.thresholds import SMALLEST_PUBLISHED_COUNT
    from pipelines.warehouse import count_builds, exported_tables

    tables = count_builds.tables_folder(steps.latest_counts(home))
    areas = pl.read_parquet(tables / "dim_area.parquet").filter(pl.col("kind") == "national")["area"]
    cells = programme.select_rows(
        pl.read_parquet(tables / "mart_count.parquet").filter(pl.col("area").is_in(areas.to_list()))
    )
    is_small = pl.col("value").is_between(0, SMALLEST_PUBLISHED_COUNT, closed="none")
    folder = home.protected / "small"
    folder.mkdir()
    cells.with_columns(
        pl.when(is_small).then(None).otherwise(pl.col("value")).alias("value"),
        pl.when(is_small).then(pl.lit("Q")).otherwise(pl.col("obs_status")).alias("obs_status"),
        pl.when(is_small).then(pl.lit("C")).otherwise(pl.lit("F")).alias("conf_status"),
    ).write_parquet(folder / "cells.parquet")
    for table in exported_tables.COUNTS:
        if table.is_public:
            shutil.copyfile(tables / f"{table.name}.parquet", folder / f"{table.name}.parquet")


def time_statements(home: Home, out: Path) -> dict[str, float]:
    """Return seconds of the statements of each phase of dbt, as compiled for this home, in DuckDB alone."""
    from pipelines.refresh import counts as steps
    from pipelines.warehouse import count_builds, dbt

    out.mkdir(parents=True)
    folder = home.restricted / "dbt" / "compiled" / "rti" / "models"
    laps = plain.Laps()
    plain.build_counts(out, folder, dbt.fact_files(home, None) | dbt.gathered_files(home))
    laps.end_lap("counts")
    tables, protected = count_builds.tables_folder(steps.latest_counts(home)), steps.protected_folder(home)
    records = steps.records_folder(home)
    for name, cells, dimensions, side in (
        ("restricted indicators", tables / "mart_count.parquet", tables, "restricted"),
        ("public indicators", protected / "cells.parquet", protected, "public"),
    ):
        plain.build_indicators(out, folder, cells, dimensions, name.split()[0], records / side)
        laps.end_lap(name)
    return dict(laps)


def build_release(home: Home) -> dict[str, float]:
    """Publish a release of a history without a ledger; return the processor seconds and files of its pages."""
    from unittest import mock

    from pipelines import refresh
    from pipelines.core import clock
    from pipelines.front import build
    from pipelines.publication.releases import publications, publish

    refresh.build_counts(home, are_facts_checked=True)
    refresh.build_records(home)
    refresh.protect_cells(home)
    refresh.build_indicators(home, which="protected")
    figures: dict[str, float] = {}
    build_front = build.build_front

    def build_timed(release: Path, target: Path) -> None:
        begun = time.process_time()
        build_front(release, target)
        figures["processor"] = time.process_time() - begun
        figures["files"] = sum(path.is_file() for path in target.rglob("*"))

    with mock.patch.object(build, "build_front", build_timed):
        release = refresh.draft_release(home).release
    publish.move_draft(home, release)
    publish.switch_current(home, release)
    # SDMX REST finds releases and their times in the journal.
    publication = publications.Publication(release, clock.format_timestamp(clock.now()))
    publications.append_journal(home, publications.Intent(publication, number=1))
    return figures


def main(command: str, *arguments: str) -> None:
    """Run one of `read SAMPLES OUT`, `history HOME READ YEARS`, `build HOME`, `floor HOME OUT`, `release HOME`."""
    paths = [Path(argument) for argument in arguments]
    result: dict[str, Any]
    if command == "read":
        paths[1].mkdir(parents=True)
        plain.read_returns(paths[0], paths[1])
        result = {}
    elif command == "history":
        result = history.build_history(initialise_home(paths[0], "demonstration"), paths[1], int(arguments[2]))
    elif command == "build":
        result = build_marts(open_home(paths[0]))
    elif command == "floor":
        result = time_statements(open_home(paths[0]), paths[1])
    else:
        result = build_release(open_home(paths[0]))
    print(json.dumps(result))


if __name__ == "__main__":
    main(*sys.argv[1:])
