"""Steps of a refresh after one new return do not work more with ten times the returns, counted in calls of functions.

The steps after these run in DuckDB and in the solver, where calls say little: `python -m benchmarks --only steps`
measures all of them.
"""

from __future__ import annotations

import sys
from collections.abc import Callable
from pathlib import Path

import pytest

from benchmarks import approving, editions, stepping
from pipelines.core.home import open_home
from tests.support.demonstration import copy_home

COUNTED = ("enter arrivals", "take in", "suites", "gather")
MOST_GROWTH = 1.2
"""How many times as much a step may do, from the issue."""


def count_calls(step: Callable[[], object]) -> int:
    """Return how many functions a step calls in this thread."""
    n_calls = 0

    def count_event(_frame: object, event: str, _argument: object) -> None:
        nonlocal n_calls
        n_calls += event in ("call", "c_call")

    sys.setprofile(count_event)
    try:
        step()
    finally:
        sys.setprofile(None)
    return n_calls


def count_work_of_return(root: Path, n_editions: int) -> dict[str, int]:
    """Return the calls of each step after one new return in a home with so many editions of each other return."""
    home = open_home(root)
    if n_editions > 1:
        editions.add_editions(home, n_editions)
    approving.settle_home(root)
    steps = {name: step for name, step in stepping.list_steps(home).items() if name in COUNTED}
    for step in steps.values():
        step()  # without a new return: what is loaded once is loaded
    approving.approve_late_return(root)
    return {name: count_calls(step) for name, step in steps.items()}


def test_steps_after_a_new_return_do_not_grow_with_the_history(
    copied_home: object, built_home: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    longer = tmp_path / "longer"
    copy_home(built_home, longer)
    shorter_work = count_work_of_return(tmp_path / "home", 1)
    monkeypatch.setenv("RTI_HOME", str(longer))
    longer_work = count_work_of_return(longer, 10)
    grown = {name: longer_work[name] / shorter_work[name] for name in COUNTED}
    assert shorter_work["gather"] > 1_000
    assert all(growth <= MOST_GROWTH for growth in grown.values()), (grown, shorter_work)
