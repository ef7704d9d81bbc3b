"""Problems are solved by this process and by others, the largest first, and every outcome goes to its problem."""

from __future__ import annotations

import os
import platform
import subprocess
import sys
import time
from pathlib import Path

import pytest

from pipelines.publication.disclosure.processes import _LAST, ProblemPool


def describe_process(number: int) -> tuple[int, int]:
    """Return a number and the process that had it."""
    time.sleep(0.05)
    return number, os.getpid()


def list_protection_modules() -> list[str]:
    return [name for name in sys.modules if name.startswith("pipelines.publication.disclosure")]


def wait_with_pool() -> None:
    """Start a pool, print the number of its other process, and wait until this one is killed."""
    pool = ProblemPool(2)
    pool.start_processes()
    assert pool._executor is not None
    print(pool._executor.submit(os.getpid).result(), flush=True)
    sys.stdin.read()


def is_running(process: int) -> bool:
    try:
        return "\nState:\tZ" not in Path(f"/proc/{process}/status").read_text()
    except FileNotFoundError:
        return False


def refuse_three(number: int) -> int:
    if number == 3:
        raise ValueError("the third one")
    return number


def read_resident(process: int) -> int:
    """Return the resident megabytes of a process."""
    status = Path(f"/proc/{process}/status").read_text()
    return int(status.partition("VmRSS:")[2].split()[0]) // 1024


def fill_memory(_number: int) -> tuple[int, int, bytearray]:
    """Use 180 MB and keep the last of it; return the process, and its resident megabytes before."""
    before = read_resident(os.getpid())
    blocks = [bytearray(60_000) for _ in range(3_000)]
    return os.getpid(), before, blocks[-1]


@pytest.mark.skipif(platform.libc_ver()[0] != "glibc", reason="only glibc has malloc_trim")
def test_processes_give_the_memory_of_a_solved_problem_back() -> None:
    with ProblemPool(2) as pool:
        before: dict[int, int] = {}
        outcomes = list(pool.solve_problems(fill_memory, range(8), [1.0] * 8, is_large=True))
        for process, resident, _ in outcomes:
            before[process] = min(before.get(process, resident), resident)
        assert all(read_resident(process) < resident + 90 for process, resident in before.items())


def test_pool_solves_problems_in_this_process_and_another() -> None:
    with ProblemPool(2) as pool:
        # The other process takes a second to start; meanwhile this one solves.
        outcomes = list(pool.solve_problems(describe_process, range(60), [1.0] * 60, is_large=True))
        more = list(pool.solve_problems(describe_process, range(20), [1.0] * 20, is_large=True))
    assert [number for number, _ in outcomes] == [*range(60)]
    assert [number for number, _ in more] == [*range(20)]
    processes = {process for _, process in outcomes + more}
    assert os.getpid() in processes and len(processes) == 2


def test_processes_started_early_have_imported_what_problems_need() -> None:
    with ProblemPool(2) as pool:
        pool.start_processes()
        assert pool._executor is not None
        started = pool._executor.submit(list_protection_modules).result()
        outcomes = list(pool.solve_problems(describe_process, range(60), [1.0] * 60, is_large=True))
    assert "pipelines.publication.disclosure.search" in started
    assert [number for number, _ in outcomes] == [*range(60)]
    assert len({process for _, process in outcomes}) == 2


def test_process_of_a_killed_pool_ends() -> None:
    """End soon after the parent, although nobody closes the queue."""
    program = [sys.executable, "-c", f"import {__name__} as test; test.wait_with_pool()"]
    with subprocess.Popen(program, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True) as parent:
        assert parent.stdout is not None
        process = int(parent.stdout.readline())
        assert is_running(process)
        parent.kill()
    deadline = time.monotonic() + 30
    while is_running(process) and time.monotonic() < deadline:
        time.sleep(0.1)
    assert not is_running(process)


def test_pool_of_one_process_starts_no_other() -> None:
    with ProblemPool(1) as pool:
        pool.start_processes()
    assert pool._executor is None


def test_pool_begins_with_largest_problem(monkeypatch: pytest.MonkeyPatch) -> None:
    pool, order = ProblemPool(2), list[int]()
    monkeypatch.setattr(pool, "_start_threads", lambda: None)
    outcomes = pool.solve_problems(order.append, [1, 2, 3], [1.0, 5.0, 3.0], is_large=True)
    pool._waiting.put(_LAST)
    pool._work(lambda solve, problem: solve(problem))
    assert list(outcomes) == [None] * 3
    assert order == [2, 3, 1]


def test_pool_raises_error_of_problem_and_drops_the_others() -> None:
    with pytest.raises(ValueError, match="the third one"), ProblemPool(2) as pool:
        list(pool.solve_problems(refuse_three, range(50), [float(-number) for number in range(50)], is_large=True))
    assert all(not thread.is_alive() for thread in pool._threads)


def test_small_problems_need_no_process() -> None:
    with ProblemPool(2) as pool:
        outcomes = [*pool.solve_problems(describe_process, range(3), [1.0] * 3, is_large=False)]
    assert {process for _, process in outcomes} == {os.getpid()}
    assert pool._executor is None
