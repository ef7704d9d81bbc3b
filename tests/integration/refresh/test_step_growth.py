"""Steps of a refresh after one new return do not work more with ten times the returns: calls, and work of SQLite.

The steps after these run in DuckDB and in the solver, where calls say little: `python -m benchmarks --only steps`
measures all of them.
"""

from __future__ import annotations

import sys
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest
import sqlalchemy as sa

from benchmarks import approving, editions, stepping
from pipelines.core.home import open_home
from tests.support.demonstration import copy_home

COUNTED = ("enter arrivals", "take in", "suites", "gather")
MOST_GROWTH = 1.2
"""How many times as much a step may do, from the issue."""
LEAST_DATABASE = 100
"""Thousands of steps of SQLite that are not compared: they take milliseconds. A summary of suites needs 18, since the
quarter of the new return has ten editions too; an export of the whole ledger needs 1,375."""


@dataclass
class Work:
    """Work of a step: calls of functions in this thread, and thousands of steps of SQLite's virtual machine."""

    calls: int = 0
    database: int = 0

    def count_call(self, _frame: object, event: str, _argument: object) -> None:
        self.calls += event in ("call", "c_call")

    def count_database(self) -> int:
        self.database += 1
        return 0


def count_work(step: Callable[[], object]) -> Work:
    """Run a step and return its work."""
    work = Work()

    def set_handler(connection: Any, _record: Any, _proxy: Any) -> None:
        connection.set_progress_handler(work.count_database, 1_000)

    sa.event.listen(sa.pool.Pool, "checkout", set_handler)
    sys.setprofile(work.count_call)
    try:
        step()
    finally:
        sys.setprofile(None)
        sa.event.remove(sa.pool.Pool, "checkout", set_handler)
    return work


def count_work_of_return(root: Path, n_editions: int) -> dict[str, Work]:
    """Return the work of each step after one new return in a home with so many editions of each other return."""
    home = open_home(root)
    if n_editions > 1:
        editions.add_editions(home, n_editions)
    approving.settle_home(root)
    steps = {name: step for name, step in stepping.list_steps(home).items() if name in COUNTED}
    for step in steps.values():
        step()  # without a new return: what is loaded once is loaded
    approving.approve_late_return(root)
    return {name: count_work(step) for name, step in steps.items()}


@pytest.mark.sampled(turn=4)
def test_steps_after_a_new_return_do_not_grow_with_the_history(
    copied_home: object, built_home: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    longer = tmp_path / "longer"
    copy_home(built_home, longer)
    shorter_work = count_work_of_return(tmp_path / "home", 1)
    monkeypatch.setenv("RTI_HOME", str(longer))
    longer_work = count_work_of_return(longer, 10)
    assert shorter_work["gather"].calls > 1_000 and shorter_work["gather"].database > 0
    for name in COUNTED:
        assert longer_work[name].calls <= MOST_GROWTH * shorter_work[name].calls, (name, shorter_work, longer_work)
        most_database = max(MOST_GROWTH * shorter_work[name].database, LEAST_DATABASE)
        assert longer_work[name].database <= most_database, (name, shorter_work, longer_work)
