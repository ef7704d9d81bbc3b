"""Protect the counts of a history, and measure what the next release costs.

`python -m benchmarks.protecting HOME` builds the counts of a home made by `benchmarks.decade`, protects and audits them
for the public and all insiders, then again after one corrected return, and as the release after an edition without the
newest year.  It prints a JSON object of seconds and cells.
"""

from __future__ import annotations

import json
import os
import sys
import time
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import TYPE_CHECKING

from benchmarks import decade, history, measuring
from benchmarks.registry import Figure, Setting, register_benchmark
from pipelines.core.home import Home, open_home

if TYPE_CHECKING:
    import polars as pl

    from pipelines.publication.disclosure.record_figures import ReleasedRecordFigures

LIMITS = {history.CYCLE: 15.0, decade.YEARS: 60.0}
"""Limits in elapsed seconds on two cores for protecting and auditing counts, by years of history, from the issue."""
RETURN_LIMIT = 5.0
"""The same for the release after one new return."""
FAILURES = ("disclosed", "narrow", "unknown", "to_insiders", "revealed_before")


@register_benchmark("protection", "Protecting the counts of ten years, which is not part of the marts")
def measure_protection(setting: Setting) -> Iterator[Figure]:
    """Compare the years of the demonstration with ten, whose marts take long and which only the long run measures."""
    before: float | None = None
    for years in (history.CYCLE, decade.YEARS) if max(setting.scales) > 1 else (history.CYCLE,):
        home, _ = decade.build_home(setting, years)
        result = measuring.run_module(__name__, str(home)).last_json()
        note = (
            f"{result['cells']:,.0f} cells, {result['hidden']:,.0f} hidden; "
            f"marts of counts before: {result['counts']:.0f} s"
        )
        floor_name = f"{history.CYCLE} years" if before else ""
        name = f"processor of all processes, {years} years"
        yield Figure(name, result["processor"], "s", before, floor_name, note=note)
        for kind, title, limit in (
            ("", "all of it", LIMITS[years]),
            ("return ", "after one new return", RETURN_LIMIT),
            ("edition ", "after an earlier edition", LIMITS[years]),
        ):
            elapsed, failed = result[f"{kind}elapsed"], result[f"{kind}failed"]
            note = f"processor {result[f'{kind}processor']:.1f} s"
            yield Figure(
                f"… elapsed, {title}, {years} years", elapsed, "s", target=f"≤ {limit:g} s",
                reached=elapsed <= limit, note=note,
            )  # fmt: skip
            yield Figure(f"… failed, {title}, {years} years", failed, "cells", target="0", reached=failed == 0)
        before = result["processor"]


class _Stopwatch:
    """Measures elapsed and processor seconds of this process and its children."""

    def __init__(self) -> None:
        self._elapsed, self._processor = time.perf_counter(), sum(os.times()[:4])

    def read_seconds(self, kind: str = "") -> dict[str, float]:
        return {
            f"{kind}elapsed": time.perf_counter() - self._elapsed,
            f"{kind}processor": sum(os.times()[:4]) - self._processor,
        }


def time_protection(home: Home) -> dict[str, float]:
    """Return seconds of the counts and of their protection, and how many cells were hidden and failed an audit."""
    import polars as pl

    from pipelines import refresh
    from pipelines.publication.disclosure.record_figures import ReleasedRecordFigures
    from pipelines.refresh import counts as steps
    from pipelines.refresh import released_counts

    begun = time.perf_counter()
    refresh.build_counts(home, are_facts_checked=True)
    refresh.build_records(home)
    result = {"counts": time.perf_counter() - begun}
    watch = _Stopwatch()
    step = refresh.protect_cells(home)
    result |= watch.read_seconds() | {"cells": step.rows["cells"], "hidden": step.risk["hidden"]}
    result["failed"] = sum(step.risk[name] for name in FAILURES)
    released = pl.read_parquet(steps.protected_folder(home) / released_counts.FILE)
    paths = [steps.records_folder(home) / "public" / f"record_{name}.parquet" for name in ("sentence", "pending")]
    records = ReleasedRecordFigures(*map(pl.read_parquet, paths))
    folder = home.restricted / "protection"
    return (
        result | _time_return(released, records, folder) | _time_edition(released, records, folder.with_name("edition"))
    )


def _time_return(released: pl.DataFrame, records: ReleasedRecordFigures, kept: Path) -> dict[str, float]:
    """Time the release after one in which one number of one return was lower by a person.

    `kept` is the folder with what the home has kept of the protection before.
    """
    from tests.support.corrections import correct_one_person

    watch = _Stopwatch()
    failed = _count_failed(correct_one_person(released.drop("is_published")), [released], records, kept)
    return watch.read_seconds("return ") | {"return failed": failed}


def _time_edition(released: pl.DataFrame, records: ReleasedRecordFigures, kept: Path) -> dict[str, float]:
    """Time the release after an edition of all years but the newest, which is made up and protected first."""
    import polars as pl

    from pipelines.publication.disclosure import earlier, protect
    from pipelines.publication.disclosure.structure import years_of

    years = released["period"].map_elements(years_of, return_dtype=pl.List(pl.String))
    newest = years.list.max().max()
    before = released.filter(~years.list.contains(newest)).with_columns(obs_status=pl.lit("A"))
    states = protect.hide_small_counts(before, figures=records, cache=kept).cells["conf_status"]
    watch = _Stopwatch()
    failed = _count_failed(released.drop("is_published"), [earlier.record_release(before, states)], records, kept)
    return watch.read_seconds("edition ") | {"edition failed": failed}


def _count_failed(
    cells: pl.DataFrame, before: Sequence[pl.DataFrame], records: ReleasedRecordFigures, kept: Path
) -> int:
    import polars as pl

    from pipelines.publication.disclosure import protect

    marked = cells.with_columns(obs_status=pl.lit("A"))
    counted = protect.hide_small_counts(marked, earlier=before, figures=records, cache=kept).report.count_cells()
    return sum(counted[name] for name in FAILURES)


if __name__ == "__main__":
    print(json.dumps(time_protection(open_home(Path(sys.argv[1])))))
