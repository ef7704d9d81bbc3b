"""Keep a pool of preloaded child processes that read files for batches and for many concurrent callers."""

from __future__ import annotations

import math
import selectors
import threading
import time
from collections import Counter, deque
from collections.abc import Callable, Generator, Hashable, Iterable, Iterator
from dataclasses import dataclass, field
from typing import Any, Generic, TypeVar

from pipelines.core.processors import count_processors
from pipelines.model.content import Content, ReadError
from pipelines.reading.formats.budget import BASE
from pipelines.reading.sandbox.child import MEMORY, PRELOAD, TIMEOUT, Child, Job, read_job
from pipelines.reading.sandbox.launchers import make_launcher

PATIENCE = 2.0
"""Seconds after which a job stops occupying its caller's seat and continues at a lower priority."""
RESERVED_SEATS = 1
"""Seats in addition to the ordinary ones, reserved for accounts that have no file being read."""
_HALF_LIFE = 60.0
"""Half-life, in seconds, of the processor time counted against an account."""
_TAKE_SECONDS = 5.0

J = TypeVar("J")
R = TypeVar("R")
K = TypeVar("K", bound=Hashable)


def at_once() -> int:
    """Return the number of children that work at the same time: one per processor, at least two."""
    return max(2, count_processors())


class ChildPool(Generic[J, R]):
    """Pool of preloaded children: `ChildPool(work)`, then `map_jobs` over (key, job), or `read_many` over `Job`s.

    `work` is a top-level function of an importable module. Jobs and results are pickled; a result may contain plain
    values, polars frames, and classes of `pipelines` and of the package of `work`. A child that dies loses only its own
    job and is replaced; every child is replaced after `recycle_after` jobs. Several threads may call `map_jobs` at
    once: together they occupy at most `workers` children, plus one for an account that has none, plus as many again
    that have been running for longer than PATIENCE. `Seats` decides which account is served next.
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
        cpu_seconds: float = BASE,
    ) -> None:
        self.launcher = make_launcher(work or read_job, preload=preload, memory=memory, cpu_seconds=cpu_seconds)
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
        """Fork the children and let each run a job, whatever its result, so that the first caller need not wait."""
        self.launcher.load()
        children = [self.launcher.start_child() for _ in range(self.workers)]
        for child in children:
            child.send_job(job, self.timeout)
        for child in children:
            if not child.dead:
                child.receive_result()
            self._release(child)

    def map_jobs(self, jobs: Iterable[tuple[K, J]], account: str | None = None) -> Generator[tuple[K, R | ReadError]]:
        """Yield each key with its result as results arrive; take no more jobs from `jobs` than children can work on.

        `account` identifies who the jobs are done for; seats are shared out between accounts.
        """
        source = iter(jobs)
        with selectors.DefaultSelector() as selector:
            busy: dict[Child, tuple[K, Seat]] = {}
            try:
                yield from self._fill(source, selector, busy, account)
                while busy:
                    for child, result in self._await_results(selector, busy):
                        key, seat = busy.pop(child)
                        selector.unregister(child.sock)
                        self._release(child)
                        seat.give_back(child.used)
                        yield from self._fill(source, selector, busy, account)
                        yield key, result
            finally:
                for child, (_, seat) in busy.items():
                    child.kill_overdue()
                    child.close()
                    seat.give_back(child.used)

    def read_many(self: ChildPool[Job, Content], jobs: Iterable[Job]) -> Iterator[tuple[Hashable, Content | ReadError]]:
        """Run `map_jobs` on a pool that only reads files; the key is the job's own."""
        return self.map_jobs((job.key, job) for job in jobs)

    def _fill(
        self,
        source: Iterator[tuple[K, J]],
        selector: selectors.BaseSelector,
        busy: dict[Child, tuple[K, Seat]],
        account: str | None,
    ) -> Iterator[tuple[K, ReadError]]:
        """Start jobs while seats are free; yield the failures of children that could not take theirs."""
        while True:
            # A caller with a child at work takes another seat only if nobody is waiting; one without a child waits.
            seat = self.seats.take_seat(account, wait=not busy)
            if seat is None:
                return
            try:
                item = next(source, None)
                if item is None:
                    seat.give_back()
                    return
                key, job = item
                child = self._take_child()
                failure = child.send_job(job, self.timeout)
            except BaseException:
                seat.give_back()
                raise
            if failure is not None:
                child.close()
                seat.give_back()
                yield key, failure
                continue
            selector.register(child.sock, selectors.EVENT_READ, child)
            busy[child] = key, seat

    def _take_child(self) -> Child:
        while True:
            try:
                child = self.idle.popleft()
            except IndexError:
                return self.launcher.start_child()
            if not child.has_ended():
                return child
            child.close()  # e.g. killed by the system for lack of memory; do not blame the next file for it

    def _await_results(
        self, selector: selectors.BaseSelector, busy: dict[Child, tuple[K, Seat]]
    ) -> Iterator[tuple[Child, Any]]:
        """Wait until children have answered or are overdue, and yield them with their results."""
        while True:
            now = time.monotonic()
            for child, (_, seat) in busy.items():
                if seat.slow_from <= now and seat.step_aside():
                    child.slow_down()
            waits = [child.deadline for child in busy] + [seat.slow_from for _, seat in busy.values()]
            ready_keys = selector.select(max(min(waits) - now, 0))
            for ready, _ in ready_keys:
                # The result has arrived; do not count the time that the caller took to fetch it against the child.
                ready.data.deadline = max(ready.data.deadline, time.monotonic() + _TAKE_SECONDS)
                yield ready.data, ready.data.receive_result()
            now = time.monotonic()
            overdue = [] if ready_keys else [child for child in busy if child.deadline <= now]
            for child in overdue:
                yield child, child.kill_overdue()
            if ready_keys or overdue:
                return

    def _release(self, child: Child) -> None:
        if child.dead or not child.reusable or child.done >= self.recycle_after or len(self.idle) >= self.workers:
            child.close()
        else:
            self.idle.append(child)


@dataclass(eq=False)
class _WaitingCaller:
    """Caller that is waiting for a seat."""

    account: str
    called: threading.Event = field(default_factory=threading.Event)


class Seats:
    """Seats for children at work, shared out between accounts. Safe to use from several threads.

    The next seat goes to the account with the fewest files in work; among equals to the one that has recently used the
    least processor time; then to the one that has waited longest. Callers without an account count as one account.
    """

    def __init__(self, seats: int) -> None:
        self.seats = seats
        self.lock = threading.Lock()
        self.taken = 0
        self.aside = 0
        self.waiting: list[_WaitingCaller] = []
        self.in_work: Counter[str] = Counter()
        self.used: dict[str, tuple[float, float]] = {}
        """Processor seconds of each account, and when they were last updated."""

    def take_seat(self, account: str | None = None, *, wait: bool) -> Seat | None:
        """Return a seat, or None if none is free and the caller does not wait."""
        turn = _WaitingCaller(account or "")
        with self.lock:
            if self._is_free_for(turn.account) and not any(self._is_free_for(t.account) for t in self.waiting):
                self._grant(turn)
            elif not wait:
                return None
            else:
                self.waiting.append(turn)
        try:
            turn.called.wait()
        except BaseException:
            with self.lock:
                if turn in self.waiting:
                    self.waiting.remove(turn)
                else:
                    self._leave(turn.account)
            raise
        return Seat(self, turn.account)

    def _is_free_for(self, account: str) -> bool:
        is_new = account != "" and not self.in_work[account]
        return self.taken < self.seats + (RESERVED_SEATS if is_new else 0)

    def _grant(self, turn: _WaitingCaller) -> None:
        self.taken += 1
        self.in_work[turn.account] += 1
        turn.called.set()

    def _call_next(self) -> None:
        """Hand free seats to waiting callers. The caller holds the lock."""
        while ready := [turn for turn in self.waiting if self._is_free_for(turn.account)]:
            turn = min(ready, key=lambda turn: (self.in_work[turn.account], self._recently_used(turn.account)))
            self.waiting.remove(turn)
            self._grant(turn)

    def _leave(self, account: str, *, aside: bool = False, seconds: float = 0.0) -> None:
        """Return a seat. The caller holds the lock."""
        if aside:
            self.aside -= 1
        else:
            self.taken -= 1
        self.in_work[account] -= 1
        if not self.in_work[account]:
            del self.in_work[account]
        self._charge(account, seconds)
        self._call_next()

    def _charge(self, account: str, seconds: float) -> None:
        self.used[account] = self._recently_used(account) + seconds, time.monotonic()
        for name in [name for name in self.used if self._recently_used(name) < 0.01]:
            del self.used[name]

    def _recently_used(self, account: str) -> float:
        seconds, at = self.used.get(account, (0.0, 0.0))
        return seconds * math.pow(0.5, (time.monotonic() - at) / _HALF_LIFE)


class Seat:
    """One seat, from `Seats.take_seat` until `give_back`."""

    def __init__(self, seats: Seats, account: str) -> None:
        self.seats = seats
        self.account = account
        self.slow_from = time.monotonic() + PATIENCE
        self.aside = False

    def step_aside(self) -> bool:
        """Let another child start while this one continues; at most as many may step aside as there are seats.

        The reserved seat counts: slow files of a few accounts would otherwise keep it from the next account for as long
        as they are read.
        """
        with self.seats.lock:
            if self.seats.aside >= self.seats.seats + RESERVED_SEATS:
                self.slow_from = time.monotonic() + 0.5
                return False
            self.slow_from = math.inf
            self.aside = True
            self.seats.aside += 1
            self.seats.taken -= 1
            self.seats._call_next()
            return True

    def give_back(self, seconds: float = 0.0) -> None:
        """Return the seat and charge the processor seconds used on it."""
        with self.seats.lock:
            self.seats._leave(self.account, aside=self.aside, seconds=seconds)
