"""Processor time of each step of a refresh after one new return: `python -m benchmarks.stepping [--marts] HOME…`.

The steps are the plain functions that Dagster's assets call, in one process; the first home is refreshed before, with
nothing new, so that the process is warm. Child processes count. Each further home has one approved return that no
refresh has taken in. `--marts` leaves out what comes after the marts of the offices.
"""

from __future__ import annotations

import argparse
import json
import resource
from collections.abc import Callable
from functools import partial
from pathlib import Path

from pipelines.core.home import Home, open_home

MARTS = ("enter arrivals", "take in", "suites", "gather", "counts", "records", "restricted indicators", "quality")
"""The steps between the approval of a return and the marts that offices see."""
QUARTER = "2026-Q3"
"""The quarter of the late return of `approving.approve_late_return`, whose suites are summarised."""


def list_steps(home: Home) -> dict[str, Callable[[], object]]:
    """Return the plain steps of a refresh of a home, in their order."""
    from pipelines import refresh
    from pipelines.declarations.registry import load
    from pipelines.defs.returns import list_suites
    from pipelines.model.periods import Period
    from pipelines.refresh import measuring

    def take_in_all() -> None:
        for territory in load().without_training().territories:
            refresh.take_in(home, territory)

    def summarise_all() -> None:
        quarter = Period.from_code(QUARTER)
        for territory in load().without_training().territories:
            suites = list_suites(load(), territory)
            refresh.summarise_suites(home, territory, suites, refresh.QuarterRange(quarter, quarter))

    return {
        "enter arrivals": partial(refresh.enter_arrivals, home),
        "take in": take_in_all,
        "suites": summarise_all,
        "gather": partial(refresh.gather_tables, home),
        "counts": partial(refresh.build_counts, home),
        "records": partial(refresh.build_records, home),
        "restricted indicators": partial(refresh.build_indicators, home, which="restricted"),
        "quality": partial(measuring.measure_quality, home),
        "protection": partial(refresh.protect_cells, home),
        "public indicators": partial(refresh.build_indicators, home, which="protected"),
        "draft": partial(refresh.draft_release, home),
    }


def time_steps(home: Home, *, only_marts: bool = False) -> dict[str, float]:
    """Refresh a home by its plain steps; return the processor seconds of each."""
    seconds = {}
    for name, step in list_steps(home).items():
        if only_marts and name not in MARTS:
            continue
        before = _processor_seconds()
        step()
        seconds[name] = round(_processor_seconds() - before, 2)
    return seconds


def _processor_seconds() -> float:
    """Return processor seconds of this process and of its ended children."""
    used = (resource.getrusage(who) for who in (resource.RUSAGE_SELF, resource.RUSAGE_CHILDREN))
    return sum(usage.ru_utime + usage.ru_stime for usage in used)


def main() -> None:
    """Warm up on the first home, then time each of the others."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--marts", action="store_true")
    parser.add_argument("homes", type=Path, nargs="+")
    options = parser.parse_args()
    runs = {str(root): time_steps(open_home(root), only_marts=options.marts) for root in options.homes}
    print(json.dumps({"runs": dict(list(runs.items())[1:])}))


if __name__ == "__main__":
    main()
