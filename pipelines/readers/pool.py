"""Warm reading children, for batches and for many callers at once.

Belongs here: who gets a child when, and what becomes of children.  Does not belong here: starting one and talking to it
(`child.py`), what it does (`launcher.py`).
"""

from __future__ import annotations

import math
import os
import selectors
import threading
import time
from collections import deque
from collections.abc import Callable, Generator, Hashable, Iterable, Iterator
from typing import Any, Generic, TypeVar

from pipelines.readers.child import CPU_SECONDS, MEMORY, PRELOAD, TIMEOUT, Child, Job, Launcher, read_job
from pipelines.readers.model import Content, ReadError

PATIENCE = 4.0
"""Seconds after which a file stops counting against the others, so that slow ones do not hold up the next upload."""
_TAKE_SECONDS = 5.0

J = TypeVar("J")
R = TypeVar("R")
K = TypeVar("K", bound=Hashable)


def at_once() -> int:
    """How many children work at the same time: one a core, and never fewer than two."""
    return max(2, os.cpu_count() or 2)


class ChildPool(Generic[J, R]):
    """Warm children: `ChildPool(work)`, then `map` over (key, job), or `read_many` over `Job`s.

    `work` is a top-level function of an importable module; jobs and results are pickled, results may hold plain
    values, polars frames and classes of `pipelines` and of the package of `work`. A child that dies costs its own job
    only and is replaced; each is replaced after `recycle_after` jobs. Several threads may call `map` at once: together
    they have no more than `workers` children at work (twice as many, where some have been slow for longer than
    PATIENCE), and who waits longest is served next.
    """

    def __init__(
        self,
        work: Callable[[J], R] | None = None,
        *,
        workers: int | None = None,
        recycle_after: int = 200,
        timeout: float = TIMEOUT,
        preload: Iterable[str] = PRELOAD,
        memory: int = MEMORY,
        cpu_seconds: int = CPU_SECONDS,
    ) -> None:
        self.launcher = Launcher(work or read_job, preload=preload, memory=memory, cpu_seconds=cpu_seconds)
        self.workers = workers if workers is not None else at_once()
        self.seats = Seats(self.workers)
        self.recycle_after = recycle_after
        self.timeout = timeout
        self.idle: deque[Child] = deque()

    def __enter__(self) -> ChildPool[J, R]:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def close(self) -> None:
        """End all children and the launcher."""
        while self.idle:
            self.idle.pop().close()
        self.launcher.close()

    def warm_up(self, job: J) -> None:
        """Fork the children and let each do a job, whatever comes of it, so that the first caller need not wait."""
        self.launcher.load()
        children = [self.launcher.start() for _ in range(self.workers)]
        for child in children:
            child.send(job, self.timeout)
        for child in children:
            if not child.dead:
                child.receive()
            self._release(child)

    def map(self, jobs: Iterable[tuple[K, J]]) -> Generator[tuple[K, R | ReadError]]:
        """Results as they come, each with its key; never more jobs taken from `jobs` than children can work on."""
        source = iter(jobs)
        with selectors.DefaultSelector() as selector:
            busy: dict[Child, tuple[K, Seat]] = {}
            try:
                yield from self._fill(source, selector, busy)
                while busy:
                    for child, result in self._next(selector, busy):
                        key, seat = busy.pop(child)
                        selector.unregister(child.sock)
                        self._release(child)
                        seat.leave()
                        yield from self._fill(source, selector, busy)
                        yield key, result
            finally:
                for child, (_, seat) in busy.items():
                    child.overdue()
                    child.close()
                    seat.leave()

    def read_many(self: ChildPool[Job, Content], jobs: Iterable[Job]) -> Iterator[tuple[Hashable, Content | ReadError]]:
        """`map` for a pool that only reads: the key is the job's own."""
        return self.map((job.key, job) for job in jobs)

    def _fill(
        self, source: Iterator[tuple[K, J]], selector: selectors.BaseSelector, busy: dict[Child, tuple[K, Seat]]
    ) -> Iterator[tuple[K, ReadError]]:
        while True:
            # Who has a child at work takes a further seat only if nobody waits; who has none waits for one.
            seat = self.seats.take(wait=not busy)
            if seat is None:
                return
            try:
                item = next(source, None)
                if item is None:
                    seat.leave()
                    return
                key, job = item
                child = self._child()
                failure = child.send(job, self.timeout)
            except BaseException:
                seat.leave()
                raise
            if failure is not None:
                child.close()
                seat.leave()
                yield key, failure
                continue
            selector.register(child.sock, selectors.EVENT_READ, child)
            busy[child] = key, seat

    def _child(self) -> Child:
        while True:
            try:
                child = self.idle.popleft()
            except IndexError:
                return self.launcher.start()
            if not child.gone():
                return child
            child.close()  # the system ended it for want of memory, say; the next file is not to be told so

    def _next(self, selector: selectors.BaseSelector, busy: dict[Child, tuple[K, Seat]]) -> Iterator[tuple[Child, Any]]:
        while True:
            now = time.monotonic()
            for _, seat in busy.values():
                if seat.slow_from <= now:
                    seat.step_aside()
            waits = [child.deadline for child in busy] + [seat.slow_from for _, seat in busy.values()]
            found = selector.select(max(min(waits) - now, 0))
            for ready, _ in found:
                # The result is there; that the caller was slow to come for it is not the child's fault.
                ready.data.deadline = max(ready.data.deadline, time.monotonic() + _TAKE_SECONDS)
                yield ready.data, ready.data.receive()
            now = time.monotonic()
            overdue = [] if found else [child for child in busy if child.deadline <= now]
            for child in overdue:
                yield child, child.overdue()
            if found or overdue:
                return

    def _release(self, child: Child) -> None:
        if child.dead or child.done >= self.recycle_after or len(self.idle) >= self.workers:
            child.close()
        else:
            self.idle.append(child)


class Seats:
    """Places for children at work, given in the order of asking. Safe to use from several threads."""

    def __init__(self, seats: int) -> None:
        self.seats = seats
        self.lock = threading.Lock()
        self.taken = 0
        self.aside = 0
        self.waiting: deque[threading.Event] = deque()

    def take(self, *, wait: bool) -> Seat | None:
        """A seat; None where there is none at once and the caller does not wait."""
        turn = threading.Event()
        with self.lock:
            if self.taken < self.seats and not self.waiting:
                self.taken += 1
                return Seat(self)
            if not wait:
                return None
            self.waiting.append(turn)
        try:
            turn.wait()
        except BaseException:
            with self.lock:
                if turn in self.waiting:
                    self.waiting.remove(turn)
                else:
                    self._free()
            raise
        return Seat(self)

    def _free(self) -> None:
        """With the lock held: hand a seat to who waits longest."""
        if self.waiting:
            self.waiting.popleft().set()
        else:
            self.taken -= 1


class Seat:
    """One place, from taking until `leave`."""

    def __init__(self, seats: Seats) -> None:
        self.of = seats
        self.slow_from = time.monotonic() + PATIENCE
        self.aside = False

    def step_aside(self) -> None:
        """Let another child begin while this one goes on; no more of them at once than there are seats."""
        with self.of.lock:
            self.slow_from = math.inf if self.of.aside < self.of.seats else time.monotonic() + 1
            if self.slow_from == math.inf and not self.aside:
                self.aside = True
                self.of.aside += 1
                self.of._free()

    def leave(self) -> None:
        """Give the place back."""
        with self.of.lock:
            if self.aside:
                self.of.aside -= 1
            else:
                self.of._free()
