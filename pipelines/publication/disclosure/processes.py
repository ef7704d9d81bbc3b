"""Solve the problems of disclosure control in several processes."""

from __future__ import annotations

import gc
import multiprocessing
import os
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import Future, ProcessPoolExecutor
from functools import partial
from typing import TypeVar

Problem = TypeVar("Problem")
Outcome = TypeVar("Outcome")


def map_problems(
    solve: Callable[[Problem], Outcome], problems: Sequence[Problem], *, is_large: bool, processes: int | None = None
) -> Iterator[Outcome]:
    """Yield the outcome of each problem in order.

    `is_large` says that the problems together are worth the start of processes, about a second each; then at most
    `processes` (default: one for each processor) share them, this one included, and the function and the problems must
    be picklable.
    """
    solve_one = partial(_solve_uncollected, solve)
    processes = min(processes or os.cpu_count() or 1, len(problems))
    if processes < 2 or not is_large:
        yield from map(solve_one, problems)
        return
    # Spawned, because a fork of a process with threads of Polars may never end.
    pool = ProcessPoolExecutor(processes - 1, mp_context=multiprocessing.get_context("spawn"))
    try:
        futures = [pool.submit(solve_one, problem) for problem in problems[1:]]
        yield solve_one(problems[0])
        yield from _join_outcomes(solve_one, problems[1:], futures)
    finally:
        pool.shutdown(cancel_futures=True)


def _join_outcomes(
    solve: Callable[[Problem], Outcome], problems: Sequence[Problem], futures: Sequence[Future[Outcome]]
) -> Iterator[Outcome]:
    """Yield the outcome of each problem in order, and solve those here that no other process has begun."""
    outcomes: dict[int, Outcome] = {}
    waiting = iter(range(len(problems)))
    for number, future in enumerate(futures):
        while number not in outcomes and not future.done():
            begun = next((place for place in waiting if futures[place].cancel()), None)
            if begun is None:
                break
            outcomes[begun] = solve(problems[begun])
        yield outcomes[number] if number in outcomes else future.result()


def _solve_uncollected(solve: Callable[[Problem], Outcome], problem: Problem) -> Outcome:
    """Solve one problem without looking for unreachable objects, of which a problem makes hardly any."""
    was_enabled = gc.isenabled()
    gc.disable()
    try:
        return solve(problem)
    finally:
        if was_enabled:
            gc.enable()
