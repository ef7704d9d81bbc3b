"""Solve the problems of disclosure control in several processes."""

from __future__ import annotations

import multiprocessing
import os
import threading
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import ProcessPoolExecutor
from types import TracebackType
from typing import Self, TypeVar

Problem = TypeVar("Problem")
Outcome = TypeVar("Outcome")


class ProblemPool:
    """Processes that solve problems, shared by the protection of counts and that of cooperation.

    The largest problem of either takes about as long as all others of it.  In one pool, the other process solves what
    the other protection has left in the meantime.  Several threads may use a pool at once.
    """

    def __init__(self, processes: int | None = None) -> None:
        """Use at most `processes` (default: one for each processor); with one, the caller's process solves all."""
        self._processes = processes or os.cpu_count() or 1
        self._executor: ProcessPoolExecutor | None = None
        self._lock = threading.Lock()

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        if self._executor is not None:
            self._executor.shutdown(cancel_futures=kind is not None)

    def solve_problems(
        self, solve: Callable[[Problem], Outcome], problems: Sequence[Problem], *, is_large: bool
    ) -> Iterator[Outcome]:
        """Return an iterator over the outcome of each problem in order; processes begin with them at once.

        `is_large` says that the problems together are worth the start of processes, about a second each; then the
        function and the problems must be picklable.  Otherwise each is solved in this process when it is its turn.
        """
        if not is_large or min(self._processes, len(problems)) < 2:
            return map(solve, problems)
        with self._lock:
            if self._executor is None:
                # Spawned, because a fork of a process with threads of Polars may never end.
                context = multiprocessing.get_context("spawn")
                self._executor = ProcessPoolExecutor(self._processes, mp_context=context)
        return self._executor.map(solve, problems)
