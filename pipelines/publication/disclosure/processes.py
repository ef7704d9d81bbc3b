"""Solve the problems of disclosure control in several processes."""

from __future__ import annotations

import multiprocessing
import os
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import ProcessPoolExecutor
from typing import TypeVar

Problem = TypeVar("Problem")
Outcome = TypeVar("Outcome")


def map_problems(
    solve: Callable[[Problem], Outcome], problems: Sequence[Problem], *, is_large: bool, processes: int | None = None
) -> Iterator[Outcome]:
    """Yield the outcome of each problem in order.

    `is_large` says that the problems together are worth the start of processes, about a second each; then at most
    `processes` (default: one for each processor) share them, and the function and the problems must be picklable.
    """
    processes = min(processes or os.cpu_count() or 1, len(problems))
    if processes < 2 or not is_large:
        yield from map(solve, problems)
        return
    # Spawned, because a fork of a process with threads of Polars may never end.
    with ProcessPoolExecutor(processes, mp_context=multiprocessing.get_context("spawn")) as pool:
        yield from pool.map(solve, problems)
