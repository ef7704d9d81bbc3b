"""All marts of ten years of seven territories, how that grows to a hundred years, and what protecting them costs.

Ten times is ten times as long: then facts and all marts have ten times the rows, and each year as much as before. Ten
editions of each return would leave the marts as they are, and ten times the reporters would make a hundred times the
pairs, which is the arithmetic of pairs and says nothing of the statements.

`python -m benchmarks.decade build HOME` builds everything and prints one JSON object; `… floor HOME OUT` runs the
statements that dbt compiled for it, one after another in DuckDB. Both read public counts in which only what is small
is hidden: the linear programmes of protection take longer than all marts together and are measured by themselves
(`… protect HOME`).
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
from benchmarks.registry import Figure, Setting, benchmark
from pipelines.core.home import Home, initialise_home, open_home

YEARS = 10
LIMIT = 60.0
"""Seconds in which all marts of ten years are to stand, from the issue."""
PHASES = ("counts", "records", "restricted indicators", "public indicators", "quality")


@benchmark("decade", "All marts of ten years of seven territories, and of ten times as long")
def decade(setting: Setting) -> Iterator[Figure]:
    """Beside the same statements without dbt; the longer history beside the shorter one too."""
    shorter: dict[str, float] = {}
    for scale in setting.scales:
        years = YEARS * scale
        home, sizes = _home(setting, years)
        ran = measuring.python(__name__, "build", str(home))
        laps = ran.last_json()
        bare = measuring.python(__name__, "floor", str(home), str(setting.scratch / f"statements-{years}"))
        total = sum(laps["seconds"][phase] for phase in PHASES)
        what = f"{years} years"
        target, reached = ("≤ 60 s", total <= LIMIT) if scale == 1 else ("", None)
        told = f"{sizes['observation']:,} observations, {laps['rows']['mart_count']:,} counts"
        statements = sum(bare.last_json().values())
        yield Figure(f"all marts of {what}", total, "s", statements, "the statements alone", target, reached, told)
        yield Figure(f"… processor, {what}", laps["processor"], "s")
        for phase in PHASES:
            seconds = laps["seconds"][phase]
            slowest = ", ".join(f"{name} {taken:.1f}" for name, taken in laps["slowest"].get(phase, []))
            before = shorter.get(phase)
            yield Figure(f"… {phase}, {what}", seconds, "s", before, f"{YEARS} years" if before else "", note=slowest)
        yield Figure(f"peak memory, {what}", ran.peak, "MB", bare.peak, "the statements alone")
        for name, value in (("seconds", total), ("processor", laps["processor"])):
            if name in shorter:
                times = value / shorter[name]
                power = math.log(times) / math.log(scale / setting.scales[0])
                note = f"{scale / setting.scales[0]:.0f} times the rows; exponent {power:.2f}"
                yield Figure(f"growth to {what}, {name}", times, "times", note=note)
            shorter.setdefault(name, value)
        shorter |= {phase: laps["seconds"][phase] for phase in PHASES if phase not in shorter}


@benchmark("protection", "Protecting the counts of ten years, which is no mart")
def protection(setting: Setting) -> Iterator[Figure]:
    """The shorter histories beside each other; ten years in the long run only, since they take many minutes."""
    before: float | None = None
    for years in (history.CYCLE, YEARS) if max(setting.scales) > 1 else (history.CYCLE,):
        home, _ = _home(setting, years)
        ran = measuring.python(__name__, "protect", str(home))
        made = ran.last_json()
        seconds, note = made["protect"], f"{made['cells']:,.0f} cells; marts of counts before: {made['counts']:.0f} s"
        yield Figure(f"{years} years", seconds, "s", before, f"{history.CYCLE} years" if before else "", note=note)
        yield Figure(f"… its processor, {years} years", made["processor"], "s")
        before = seconds


def _home(setting: Setting, years: int) -> tuple[Path, dict[str, int]]:
    """A home of so many years, new each time; the returns are read once."""
    read = setting.scratch / "read"
    if not read.exists():
        measuring.python(__name__, "read", str(homes.returns(setting, 1).folder), str(read))
    home = setting.scratch / f"years-{years}"
    shutil.rmtree(home, ignore_errors=True)
    return home, measuring.python(__name__, "history", str(home), str(read), str(years)).last_json()


class _Laps:
    """Wall-clock seconds and slowest models by phase."""

    def __init__(self, home: Home) -> None:
        self.home = home
        self.seconds: dict[str, float] = {}
        self.slowest: dict[str, list[tuple[str, float]]] = {}

    def run(self, phase: str, work: Callable[[], object]) -> None:
        from pipelines.warehouse import dbt

        results = self.home.restricted / "dbt" / dbt.LAST_TIMES
        results.unlink(missing_ok=True)
        begun = time.perf_counter()
        work()
        self.seconds[phase] = time.perf_counter() - begun
        if results.exists():
            times: dict[str, float] = json.loads(results.read_text(encoding="utf-8"))
            self.slowest[phase] = sorted(times.items(), key=lambda one: -one[1])[:4]


def build(home: Home) -> dict[str, Any]:
    """Build all marts by the steps of a refresh; seconds by phase, processor seconds, slowest models, rows."""
    from pipelines import refresh
    from pipelines.refresh import counts as steps
    from pipelines.refresh import measuring as quality
    from pipelines.warehouse import dbt

    dbt.parse_project()  # once a process, as in the service that refreshes
    laps, processor = _Laps(home), time.process_time()
    laps.run("counts", lambda: refresh.build_counts(home))
    laps.run("records", lambda: refresh.build_records(home))
    laps.run("restricted indicators", lambda: refresh.build_indicators(home, which="restricted"))
    taken = time.process_time() - processor
    _hide_small(home)
    processor = time.process_time()
    laps.run("public indicators", lambda: refresh.build_indicators(home, which="protected"))
    laps.run("quality", lambda: quality.measure_quality(home))
    taken += time.process_time() - processor
    rows = {"mart_count": _rows(dbt.tables_folder(steps.latest_counts(home)) / "mart_count.parquet")}
    return {"seconds": laps.seconds, "processor": taken, "slowest": laps.slowest, "rows": rows}


def _rows(path: Path) -> int:
    import polars as pl

    return int(pl.scan_parquet(path).select(pl.len()).collect().item())


def _hide_small(home: Home) -> None:
    """Cells of the programme with every small count hidden and nothing else: no protection, but of its shape."""
    import polars as pl

    from pipelines.publication.disclosure import programme
    from pipelines.refresh import counts as steps
    from pipelines.statistics.thresholds import SMALLEST_PUBLISHED_COUNT
    from pipelines.warehouse import dbt, exported_tables

    tables = dbt.tables_folder(steps.latest_counts(home))
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


def floor(home: Home, out: Path) -> dict[str, float]:
    """Seconds of the statements of each phase of dbt, as compiled for this home, in DuckDB alone."""
    from pipelines.refresh import counts as steps
    from pipelines.warehouse import dbt

    out.mkdir(parents=True)
    folder = home.restricted / "dbt" / "compiled" / "rti" / "models"
    laps = plain.Laps()
    plain.counts(out, folder, dbt.fact_files(home, None) | dbt.gathered_files(home))
    laps.end("counts")
    tables, protected = dbt.tables_folder(steps.latest_counts(home)), steps.protected_folder(home)
    records = steps.records_folder(home)
    for name, cells, dimensions, side in (
        ("restricted indicators", tables / "mart_count.parquet", tables, "restricted"),
        ("public indicators", protected / "cells.parquet", protected, "public"),
    ):
        plain.indicators(out, folder, cells, dimensions, name.split()[0], records / side)
        laps.end(name)
    return dict(laps)


def protect(home: Home) -> dict[str, float]:
    """Seconds of the counts and of their protection."""
    import os

    from pipelines import refresh

    begun = time.perf_counter()
    refresh.build_counts(home)
    refresh.build_records(home)
    counts, processor = time.perf_counter() - begun, sum(os.times()[:2])
    begun = time.perf_counter()
    step = refresh.protect_cells(home)
    return {
        "counts": counts,
        "protect": time.perf_counter() - begun,
        "processor": sum(os.times()[:2]) - processor,
        "cells": step.rows["cells"],
    }


def main(what: str, *arguments: str) -> None:
    """One of `read SAMPLES OUT`, `history HOME READ YEARS`, `build HOME`, `floor HOME OUT`, `protect HOME`."""
    places = [Path(one) for one in arguments]
    made: dict[str, Any]
    if what == "read":
        places[1].mkdir(parents=True)
        plain.returns(places[0], places[1])
        made = {}
    elif what == "history":
        made = history.make(initialise_home(places[0], "demonstration"), places[1], int(arguments[2]))
    elif what == "build":
        made = build(open_home(places[0]))
    elif what == "floor":
        made = floor(open_home(places[0]), places[1])
    else:
        made = protect(open_home(places[0]))
    print(json.dumps(made))


if __name__ == "__main__":
    main(*sys.argv[1:])
