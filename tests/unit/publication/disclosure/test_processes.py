"""Problems of disclosure control in several processes: all of them take part, and outcomes keep their order."""

from __future__ import annotations

import gc
import os
import time
from functools import partial
from pathlib import Path

import pytest

from pipelines.publication.disclosure.processes import map_problems

_LONGEST_WAIT = 60.0


def _solve_together(folder: Path, parent: int, number: int) -> tuple[int, int]:
    """Note which process solves a problem; wait until another process has begun one, and this test's process two."""
    process_id = os.getpid()
    (folder / f"{number}.{process_id}").touch()
    begun = time.monotonic()
    while time.monotonic() - begun < _LONGEST_WAIT:
        by = [int(path.suffix[1:]) for path in folder.iterdir()]
        is_shared = len(set(by)) == 2 if process_id == parent else by.count(parent) >= 2
        if is_shared:
            return number, process_id
        time.sleep(0.01)
    raise TimeoutError(f"problem {number} was not shared")


def test_problems_are_shared_with_another_process_and_keep_their_order(tmp_path: Path) -> None:
    solve = partial(_solve_together, tmp_path, os.getpid())
    outcomes = list(map_problems(solve, range(7), is_large=True, processes=2))
    assert [number for number, _ in outcomes] == list(range(7))
    assert len({process for _, process in outcomes}) == 2
    assert sum(process == os.getpid() for _, process in outcomes) >= 2


def _fail_at_three(number: int) -> int:
    if number == 3:
        raise ValueError("problem 3 contradicts itself")
    return number


@pytest.mark.parametrize("is_large", [False, True])
def test_problem_that_fails_ends_the_outcomes(is_large: bool) -> None:
    with pytest.raises(ValueError, match="problem 3"):
        list(map_problems(_fail_at_three, range(5), is_large=is_large, processes=2))


def _is_collecting(_: int) -> bool:
    return gc.isenabled()


def test_nothing_is_collected_while_a_problem_is_solved() -> None:
    assert gc.isenabled()
    assert list(map_problems(_is_collecting, range(2), is_large=False)) == [False, False]
    assert gc.isenabled()
    with pytest.raises(ValueError, match="problem 3"):
        list(map_problems(_fail_at_three, [3], is_large=False))
    assert gc.isenabled()
