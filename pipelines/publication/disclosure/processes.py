"""Solve the problems of disclosure control in several processes."""

from __future__ import annotations

import ctypes
import importlib
import queue
import threading
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import Future, ProcessPoolExecutor
from itertools import count
from types import TracebackType
from typing import Any, NamedTuple, Self, TypeVar

from pipelines.core.processors import count_processes
from pipelines.core.spawned import open_pool

Problem = TypeVar("Problem")
Outcome = TypeVar("Outcome")


class _Job(NamedTuple):
    """A problem that waits for a process; jobs are in order of size, the largest first."""

    negative_size: float
    number: int
    outcome: Future[Any]
    solve: Callable[[Any], Any]
    problem: Any


_MEGABYTES = 512
"""Memory for a process: two of them took 473 MB for four years, and 1,045 MB for forty."""
_IMPORTED = "pipelines.publication.disclosure.protect"
"""Module that imports nearly everything that problems need."""
_LAST = _Job(float("inf"), -1, Future(), print, None)
"""Says that no more problems come."""


class ProblemPool:
    """Processes that solve problems, shared by the protection of counts and that of cooperation.

    The largest problem of either takes about as long as all others of it.  In one pool, the other process solves what
    the other protection has left in the meantime.  The process of the caller is one of them, because it has imported
    everything already: a new process needs more than a second for that.  Several threads may use a pool at once.
    """

    def __init__(self, processes: int | None = None) -> None:
        """Use at most `processes`, by default as many as there is room for; with one, the caller's solves all."""
        self._processes = processes or count_processes(_MEGABYTES)
        self._executor: ProcessPoolExecutor | None = None
        self._lock = threading.Lock()
        self._waiting: queue.PriorityQueue[_Job] = queue.PriorityQueue()
        self._numbers = count()
        self._threads: list[threading.Thread] = []

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        if kind is not None:
            self._cancel_waiting()
        for _ in self._threads:
            self._waiting.put(_LAST)
        for thread in self._threads:
            thread.join()
        if self._executor is not None:
            self._executor.shutdown()

    def start_processes(self) -> None:
        """Start the other processes, so that they have imported everything when there are problems.

        Without this they start with the first problems.
        """
        if self._processes < 2:
            return
        self._start_threads()
        if self._executor is not None:
            for _ in range(self._processes - 1):
                self._executor.submit(importlib.import_module, _IMPORTED)

    def complete_outcomes(
        self,
        solve: Callable[[Problem], Outcome],
        problems: Sequence[Problem],
        ready: Sequence[Outcome | None],
        sizes: Sequence[float],
        *,
        fewest: float,
    ) -> Iterator[Outcome]:
        """Yield the outcome of each problem in order: the one that is `ready`, or if that is None, a new one.

        Several processes solve the problems if the sizes of these are `fewest` or more together.
        """
        waiting = [
            (problem, size) for problem, outcome, size in zip(problems, ready, sizes, strict=True) if outcome is None
        ]
        new_sizes = [size for _, size in waiting]
        is_large = sum(new_sizes) >= fewest
        new = self.solve_problems(solve, [problem for problem, _ in waiting], new_sizes, is_large=is_large)
        for outcome in ready:
            yield next(new) if outcome is None else outcome

    def solve_problems(
        self,
        solve: Callable[[Problem], Outcome],
        problems: Sequence[Problem],
        sizes: Sequence[float],
        *,
        is_large: bool,
    ) -> Iterator[Outcome]:
        """Return an iterator over the outcome of each problem in order; processes begin with the largest at once.

        `is_large` says that the problems together are worth the start of processes, about a second each; then the
        function and the problems must be picklable.  Otherwise each is solved in this process when it is its turn.
        """
        if not is_large or min(self._processes, len(problems)) < 2:
            return map(solve, problems)
        self._start_threads()
        outcomes: list[Future[Outcome]] = []
        for size, problem in zip(sizes, problems, strict=True):
            outcomes.append(Future())
            self._waiting.put(_Job(-size, next(self._numbers), outcomes[-1], solve, problem))
        return (outcome.result() for outcome in outcomes)

    def _start_threads(self) -> None:
        """Start a thread that solves problems itself, and one for each other process."""
        with self._lock:
            if self._threads:
                return
            self._executor = executor = open_pool(self._processes - 1)

            def solve_elsewhere(solve: Callable[[Any], Any], problem: Any) -> Any:
                return executor.submit(_solve_and_tidy, solve, problem).result()

            def solve_here(solve: Callable[[Any], Any], problem: Any) -> Any:
                return _solve_and_tidy(solve, problem)

            for solver in (solve_here, *[solve_elsewhere] * (self._processes - 1)):
                thread = threading.Thread(target=self._work, args=(solver,), name="disclosure-problems", daemon=True)
                thread.start()
                self._threads.append(thread)

    def _work(self, solve_problem: Callable[[Callable[[Any], Any], Any], Any]) -> None:
        """Solve waiting problems until the last one."""
        while (job := self._waiting.get()) is not _LAST:
            if not job.outcome.set_running_or_notify_cancel():
                continue
            try:
                outcome = solve_problem(job.solve, job.problem)
            except BaseException as error:
                job.outcome.set_exception(error)
            else:
                job.outcome.set_result(outcome)

    def _cancel_waiting(self) -> None:
        """Drop the problems that no process has begun."""
        while True:
            try:
                self._waiting.get_nowait().outcome.cancel()
            except queue.Empty:
                return


def _solve_and_tidy(solve: Callable[[Problem], Outcome], problem: Problem) -> Outcome:
    """Solve a problem, then give its memory back to the system.

    The allocator of glibc keeps what a program has freed for later use.  After the largest problem of 400 years, that
    was more than a gigabyte, which the other process could not use.
    """
    try:
        return solve(problem)
    finally:
        if (trim := getattr(ctypes.CDLL(None), "malloc_trim", None)) is not None:
            trim(0)
