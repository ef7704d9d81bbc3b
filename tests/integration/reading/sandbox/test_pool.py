"""Many callers at once: a slow file delays nobody else, the longest waiting is served next, no seat is lost."""

from __future__ import annotations

import os
import resource
import threading
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from pipelines.model.content import ReadError
from pipelines.reading.sandbox import pool as pool_module
from pipelines.reading.sandbox.child import Child
from pipelines.reading.sandbox.pool import ChildPool, Seats, at_once


def run_test_job(job: str) -> object:
    """Sleep, crash, hold, or return who did the job."""
    verb, _, number = job.partition(" ")
    if verb == "sleep":
        time.sleep(float(number))
    if verb == "crash":
        os.abort()
    if verb == "hold":
        while not Path(number).exists():
            time.sleep(0.01)
    if verb == "nice":
        return os.getpriority(os.PRIO_PROCESS, 0)
    return job if verb != "pid" else os.getpid()


@pytest.fixture
def pool() -> Iterator[ChildPool[str, object]]:
    with ChildPool(run_test_job, workers=2, timeout=20.0, preload=()) as child_pool:
        list(child_pool.map_jobs([(0, "x"), (1, "x")]))
        yield child_pool


def _start_threads(*tasks: Callable[[], object]) -> list[threading.Thread]:
    threads = [threading.Thread(target=task) for task in tasks]
    for thread in threads:
        thread.start()
    return threads


def _wait_until(holds: Callable[[], bool]) -> None:
    """Wait until a condition becomes true by itself."""
    began = time.monotonic()
    while not holds():
        assert time.monotonic() - began < 20, "it does not come"
        time.sleep(0.005)


def _run_job(pool: ChildPool[str, object], job: str, account: str | None = None) -> object:
    return next(result for _, result in pool.map_jobs([(0, job)], account))


def test_forty_callers_get_their_own_results_within_the_seats(
    pool: ChildPool[str, object],
) -> None:
    answers: dict[int, object] = {}
    most = []

    def run_numbered_job(number: int) -> None:
        answers[number] = _run_job(pool, f"crash {number}" if number % 8 == 3 else f"job {number}")
        most.append(pool.seats.taken)

    for thread in _start_threads(*(lambda n=n: run_numbered_job(n) for n in range(40))):
        thread.join()
    died = {n for n, answer in answers.items() if isinstance(answer, ReadError)}
    assert died == {n for n in range(40) if n % 8 == 3}
    assert all(answers[n] == f"job {n}" for n in range(40) if n not in died)
    assert max(most) <= 2 and pool.seats.taken == 0 and not pool.seats.waiting
    assert len(pool.idle) <= 2


def test_slow_files_step_aside_for_the_next_upload(
    pool: ChildPool[str, object], monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.setattr(pool_module, "PATIENCE", 0.2)
    released = tmp_path / "released"
    slow = _start_threads(*(lambda: _run_job(pool, f"hold {released}") for _ in range(2)))
    _wait_until(lambda: pool.seats.taken + pool.seats.aside >= 2)
    assert _run_job(pool, "quick") == "quick"
    assert all(thread.is_alive() for thread in slow), "it waited for a slow one"
    released.touch()
    for thread in slow:
        thread.join()
    assert (pool.seats.taken, pool.seats.aside) == (0, 0)


def test_a_batch_leaves_room_for_a_single_upload(pool: ChildPool[str, object]) -> None:
    results: list[object] = []
    batch = _start_threads(lambda: results.extend(pool.map_jobs((n, "sleep 0.05") for n in range(60))))
    _wait_until(lambda: len(results) > 1)
    before = len(results)
    assert _run_job(pool, "quick") == "quick"
    assert len(results) - before < 30, "it waited for a good part of the batch"
    batch[0].join()
    assert len(results) == 60


def test_seats_are_given_in_the_order_of_requests() -> None:
    seats = Seats(1)
    first = seats.take_seat(wait=True)
    assert first is not None and seats.take_seat(wait=False) is None
    order: list[int] = []
    threads = []

    def wait_for(number: int) -> None:
        seat = seats.take_seat(wait=True)
        assert seat is not None
        order.append(number)
        seat.give_back()

    for number in range(5):
        threads += _start_threads(lambda n=number: wait_for(n))
        while len(seats.waiting) <= number:
            time.sleep(0.001)
    assert seats.take_seat(wait=False) is None
    first.give_back()
    for thread in threads:
        thread.join()
    assert order == list(range(5)) and seats.taken == 0


def test_eight_slow_files_of_four_accounts_leave_a_child_for_a_fifth(
    pool: ChildPool[str, object], monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    # Long enough for all eight to ask before one of them is called slow.
    monkeypatch.setattr(pool_module, "PATIENCE", 1.0)
    end = tmp_path / "end"
    accounts = [account for account in "abcd" for _ in range(2)]
    slow = _start_threads(*(lambda a=account: _run_job(pool, f"hold {end}", a) for account in accounts))  # type: ignore[misc]
    _wait_until(lambda: len(pool.seats.waiting) + sum(pool.seats.in_work.values()) == 8)
    try:
        assert _run_job(pool, "quick", "colleague") == "quick"
        assert all(thread.is_alive() for thread in slow), "none of them has ended"
    finally:
        end.touch()
    for thread in slow:
        thread.join()
    assert (pool.seats.taken, pool.seats.aside, pool.seats.waiting, pool.seats.in_work) == (0, 0, [], {})


def _list_served_accounts(
    seats: Seats, asking: list[str], free: Callable[[], None], monkeypatch: pytest.MonkeyPatch
) -> list[str]:
    """Let accounts ask for a seat, one after the other; free one; return the order in which they are served."""
    served: list[str] = []
    give = seats._grant
    monkeypatch.setattr(seats, "_grant", lambda turn: (served.append(turn.account), give(turn)))

    def take_and_return_seat(account: str) -> None:
        seat = seats.take_seat(account, wait=True)
        assert seat is not None
        seat.give_back()

    threads = []
    for number, account in enumerate(asking):
        threads += _start_threads(lambda a=account: take_and_return_seat(a))  # type: ignore[misc]
        _wait_until(lambda n=number: len(seats.waiting) == n + 1)  # type: ignore[misc]
    free()
    for thread in threads:
        thread.join()
    assert (seats.taken, seats.waiting, seats.in_work) == (0, [], {})
    return served


def test_an_account_with_nothing_in_work_is_served_before_one_that_has_a_file_in_work(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    seats = Seats(2)
    busy_seats = [seats.take_seat(account, wait=True) for account in ("busy", "other", "third")]
    assert seats.take_seat("fourth", wait=False) is None, "one seat, and no more, is for an account without any"
    assert seats.taken == 3

    def free_seats() -> None:
        for seat in reversed(busy_seats):
            assert seat is not None
            seat.give_back()

    # `busy` keeps its seat longest: its further file waits for those of accounts that came later and have none.
    assert _list_served_accounts(seats, ["busy", "late"], free_seats, monkeypatch) == ["late", "busy"]


def test_account_that_used_less_processor_time_is_served_first(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    seats = Seats(1)
    for account, seconds in (("greedy", 20.0), ("modest", 1.0)):
        seat = seats.take_seat(account, wait=True)
        assert seat is not None
        seat.give_back(seconds)
    first, second = seats.take_seat("first", wait=True), seats.take_seat("second", wait=True)
    assert first is not None and second is not None

    def free_seats() -> None:
        second.give_back()
        first.give_back()

    assert _list_served_accounts(seats, ["greedy", "modest"], free_seats, monkeypatch) == ["modest", "greedy"]


def test_slow_child_continues_at_lower_priority_and_is_not_reused(
    pool: ChildPool[str, object], monkeypatch: pytest.MonkeyPatch
) -> None:
    before = _run_job(pool, "nice")
    assert isinstance(before, int)
    monkeypatch.setattr(pool_module, "PATIENCE", 0.1)
    lowered: list[int] = []
    slow_down = Child.slow_down

    def record_priority(child: Child) -> None:
        slow_down(child)
        lowered.append(os.getpriority(os.PRIO_PROCESS, child.pid))

    monkeypatch.setattr(Child, "slow_down", record_priority)
    _run_job(pool, "sleep 0.5")
    assert lowered == [before + 5]
    assert _run_job(pool, "nice") == before


def test_a_caller_that_gives_up_returns_its_seat(pool: ChildPool[str, object]) -> None:
    results = pool.map_jobs((n, "x") for n in range(10))
    next(results)
    results.close()
    assert pool.seats.taken == 0

    def make_broken_jobs() -> Iterator[tuple[int, str]]:
        yield 0, "x"
        raise KeyError("no more")

    with pytest.raises(KeyError):
        list(pool.map_jobs(make_broken_jobs()))
    assert pool.seats.taken == 0
    assert _run_job(pool, "x") == "x"


def test_warm_up_forks_every_child_and_uses_it() -> None:
    with ChildPool(run_test_job, workers=2, preload=("json",)) as child_pool:
        child_pool.warm_up("x")
        pids = {child.pid for child in child_pool.idle}
        assert len(pids) == 2
        assert {result for _, result in child_pool.map_jobs([(0, "pid"), (1, "pid")])} <= pids
    assert at_once() >= 2


def test_children_of_other_declarations_end_with_their_last_user(monkeypatch: pytest.MonkeyPatch) -> None:
    from pipelines.submissions.checking.shared_pool import SharedPool

    closed: list[str] = []

    class Fake:
        def __init__(self, *_: object, **__: object) -> None:
            self.launcher = self
            self.name = f"pool {len(created_pools) + 1}"
            created_pools.append(self)

        def is_alive(self) -> bool:
            return self.name != "pool 2" or "dead" not in closed

        def close(self) -> None:
            closed.append(self.name)

    created_pools: list[Fake] = []
    monkeypatch.setattr(pool_module, "ChildPool", Fake)
    shared = SharedPool()
    with shared.borrow_pool("a") as first:
        with shared.borrow_pool("a") as same, shared.borrow_pool("b") as other_pool:
            assert first is same and other_pool is not first
            assert closed == []
        assert closed == []
    assert closed == ["pool 1"]
    closed.append("dead")
    with shared.borrow_pool("b") as third:
        assert third is created_pools[2]
    assert closed == ["pool 1", "dead", "pool 2"]


def test_pool_starts_in_a_process_with_more_than_a_thousand_open_files() -> None:
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    resource.setrlimit(resource.RLIMIT_NOFILE, (max(soft, min(hard, 4096)), hard))
    files = [os.open(os.devnull, os.O_RDONLY) for _ in range(1100)]
    try:
        with ChildPool(run_test_job, workers=1, recycle_after=1, preload=("json", "csv")) as pool:
            for _ in range(3):
                assert _run_job(pool, "x") == "x"
                time.sleep(0.1)  # The process imports a module while it waits.
    finally:
        for file in files:
            os.close(file)
        resource.setrlimit(resource.RLIMIT_NOFILE, (soft, hard))
