"""Protect the counts of a home, and measure what the next release costs: `python -m benchmarks.protecting_home HOME`.

HOME is one made by `benchmarks.decade`.  Its counts are built, protected and audited for the public and all insiders,
then again after one corrected return, as the release after an edition without the newest year, and as the release
after three editions between which returns were corrected.  A JSON object of seconds and cells is printed.

Each process of the protection imports the module that was started.  This one imports hardly more than the command
`rti`; with `benchmarks.protecting` a process would need half a second more than in a refresh.
"""

from __future__ import annotations

import json
import os
import sys
import time
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, NamedTuple

from pipelines.core.home import Home, open_home

if TYPE_CHECKING:
    import polars as pl

    from pipelines.publication.disclosure.record_figures import ReleasedRecordFigures


class Correction(NamedTuple):
    """Persons of a quarter whom an office had reported until a corrected return, and not since."""

    territory: str
    quarter: str
    persons: float


CORRECTIONS = (Correction("RS", "2023-Q3", 6.0), Correction("MK", "2024-Q1", 1.0), Correction("AL", "2025-Q2", 2.0))
"""The first is made between the first edition and the second, and so on."""
FAILURES = ("disclosed", "narrow", "unknown", "to_insiders", "revealed_before")


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
        result
        | _time_return(released, records, folder)
        | _time_edition(released, records, folder.with_name("edition"))
        | _time_editions(released, records, folder.with_name("editions"))
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
    before = _publish_edition(_drop_newest_year(released), [], records, kept)
    watch = _Stopwatch()
    failed = _count_failed(released.drop("is_published"), [before], records, kept)
    return watch.read_seconds("edition ") | {"edition failed": failed}


def _time_editions(released: pl.DataFrame, records: ReleasedRecordFigures, kept: Path) -> dict[str, float]:
    """Time the release after three editions: two without the newest year, and one with it.

    Each edition lacks the corrections (`CORRECTIONS`) that come after it, so one of them is made between any two.
    """
    from tests.support.corrections import correct_one_person

    without_newest, complete = _drop_newest_year(released), released.drop("is_published")
    editions: list[pl.DataFrame] = []
    for number, cells in enumerate((without_newest, without_newest, complete)):
        for correction in CORRECTIONS[number:]:
            cells = correct_one_person(
                cells, correction.persons, territory=correction.territory, quarter=correction.quarter
            )
        editions.append(_publish_edition(cells, editions, records, kept))
    watch = _Stopwatch()
    failed = _count_failed(complete, editions, records, kept)
    return watch.read_seconds("editions ") | {"editions failed": failed}


def _drop_newest_year(released: pl.DataFrame) -> pl.DataFrame:
    """Return the cells without those of the newest year and of several years with it."""
    import polars as pl

    from pipelines.publication.disclosure.structure import years_of

    years = released["period"].map_elements(years_of, return_dtype=pl.List(pl.String))
    return released.filter(~years.list.contains(years.list.max().max())).drop("is_published")


def _publish_edition(
    cells: pl.DataFrame, before: Sequence[pl.DataFrame], records: ReleasedRecordFigures, kept: Path
) -> pl.DataFrame:
    """Protect an edition after those before it, and return what readers keep of it."""
    import polars as pl

    from pipelines.publication.disclosure import earlier, protect

    marked = cells.with_columns(obs_status=pl.lit("A"))
    protected = protect.hide_small_counts(marked, earlier=before, figures=records, cache=kept)
    return earlier.record_release(cells, protected.cells["conf_status"])


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
