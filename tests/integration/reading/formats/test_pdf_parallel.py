"""Two halves of a file at once: the same result as one after the other, and whatever befalls one half is told."""

from __future__ import annotations

import os
import resource
import signal
import time
from collections.abc import Callable, Iterator
from contextlib import suppress
from pathlib import Path

import pytest

from pipelines.findings.rules import from_read_error
from pipelines.findings.texts import describe_finding
from pipelines.model.content import ReadError, Where
from pipelines.reading.formats import pdf_parallel
from pipelines.reading.sandbox.pool import ChildPool

MEMORY = 600 << 20


def _refuse() -> object:
    raise ReadError("read.too_many_cells", Where(page=7), limit=5)


def _fail() -> object:
    raise ValueError("Petar Petrović")


def _die() -> object:
    os.kill(os.getpid(), signal.SIGKILL)
    raise AssertionError("it lives")


def _crash() -> object:
    os.kill(os.getpid(), signal.SIGSEGV)
    raise AssertionError("it lives")


def _spin() -> object:
    resource.setrlimit(resource.RLIMIT_CPU, (1, resource.getrlimit(resource.RLIMIT_CPU)[1]))
    while True:
        pass


def _endless() -> object:
    while True:
        _work(0.1)


def _work(seconds: float) -> object:
    until = time.process_time() + seconds
    while time.process_time() < until:
        pass
    return "done"


_PIECES: dict[str, Callable[[], object]] = {
    "pid": os.getpid,
    "large": lambda: "x" * 3_000_000,  # more than a pipe holds
    "refuse": _refuse,
    "fail": _fail,
    "die": _die,
    "crash": _crash,
    "spin": _spin,
    "work": lambda: _work(0.4),
    "endless": _endless,
    "fill": lambda: len(bytearray(MEMORY)),
    "sleep": lambda: time.sleep(30),
}


def halved(job: str) -> object:
    """The work of the pool: two pieces, by their names; `children` afterwards says whether a process was left over."""
    if job == "children":
        try:
            return os.waitpid(-1, os.WNOHANG)
        except ChildProcessError:
            return "none"
    first, _, second = job.partition("+")
    return pdf_parallel.run_both(_PIECES[first], _PIECES[second])


@pytest.fixture(scope="module")
def pool() -> Iterator[ChildPool[str, object]]:
    with ChildPool(halved, workers=1, timeout=10.0, memory=MEMORY, preload=()) as made:
        yield made


def ask(pool: ChildPool[str, object], job: str) -> object:
    return next(result for _, result in pool.map_jobs([(0, job)]))


@pytest.mark.skipif((os.cpu_count() or 1) < 2, reason="one processor: nothing is halved")
def test_the_second_half_runs_in_a_process_of_its_own(pool: ChildPool[str, object]) -> None:
    pids = ask(pool, "pid+pid")
    assert isinstance(pids, tuple) and len({*pids, os.getpid()}) == 3
    assert ask(pool, "children") == "none"


def test_a_result_of_any_size_comes_back(pool: ChildPool[str, object]) -> None:
    assert ask(pool, "large+large") == ("x" * 3_000_000, "x" * 3_000_000)


@pytest.mark.parametrize("job", ["refuse+large", "large+refuse", "refuse+sleep"])
def test_the_refusal_of_either_half_is_the_refusal_of_the_file(pool: ChildPool[str, object], job: str) -> None:
    began = time.monotonic()
    result = ask(pool, job)
    assert isinstance(result, ReadError)
    assert (result.rule, result.where.page, result.params) == ("read.too_many_cells", 7, {"limit": 5})
    assert time.monotonic() - began < 8, "the other half is not waited for"
    assert ask(pool, "children") == "none"


def test_the_fault_of_a_half_comes_without_the_words_of_the_file(pool: ChildPool[str, object]) -> None:
    result = ask(pool, "large+fail")
    assert isinstance(result, ReadError) and result.rule == "read.reader_failed" and "Petar" not in str(result)


@pytest.mark.parametrize("job", ["large+fill", "fill+large"])
def test_a_half_that_has_no_more_memory_is_told_as_that(pool: ChildPool[str, object], job: str) -> None:
    result = ask(pool, job)
    assert isinstance(result, ReadError) and result.rule == "read.out_of_memory"
    assert ask(pool, "pid+pid"), "the next file is read"


@pytest.mark.parametrize(
    ("job", "reason"),
    [
        ("large+spin", "it used more processor time than a file may"),
        ("large+die", "the system ended it, most likely for lack of memory"),
        ("large+crash", "the reader crashed (SIGSEGV)"),
    ],
)
def test_why_a_half_was_ended_is_told_as_it_is(pool: ChildPool[str, object], job: str, reason: str) -> None:
    """The same words as where the whole file is read by one process, and in the sender's language."""
    result = ask(pool, job)
    assert isinstance(result, ReadError) and (result.rule, result.params) == ("read.child_died", {"reason": reason})
    said = describe_finding(from_read_error(result), "sr").message
    assert reason.partition(" (")[0] not in said and said
    assert ask(pool, "pid+pid"), "the next file is read"


def test_a_half_ends_with_the_process_that_it_was_made_of() -> None:
    with ChildPool(halved, workers=1, timeout=0.7, preload=()) as impatient:
        ask(impatient, "children")
        result = ask(impatient, "sleep+sleep")
        assert isinstance(result, ReadError) and result.rule == "read.child_died"
        began = time.monotonic()
        while (left := _orphans(impatient.launcher.process.pid)) and time.monotonic() - began < 20:
            time.sleep(0.05)
        assert not left


def _orphans(launcher: int) -> list[str]:
    """Processes with the command line of a launcher, which its forks keep, that are not its own children."""
    mine = Path(f"/proc/{launcher}/cmdline").read_bytes()
    found = []
    for folder in Path("/proc").glob("[0-9]*"):
        with suppress(OSError):  # gone meanwhile
            parent = (folder / "stat").read_text().rpartition(")")[2].split()[1]
            if (folder / "cmdline").read_bytes() == mine and str(launcher) not in (folder.name, parent):
                found.append(folder.name)
    return found


def test_outside_of_a_reading_process_one_half_comes_after_the_other() -> None:
    assert pdf_parallel.run_both(os.getpid, os.getpid) == (os.getpid(), os.getpid())


@pytest.mark.parametrize("job", ["endless+endless", "pid+endless", "endless+pid"])
def test_both_halves_together_use_no_more_than_one_budget(job: str) -> None:
    with ChildPool(halved, workers=1, cpu_seconds=1.2, preload=()) as small:
        child = small.launcher.start_child()
        result = child.run_job(job, 30.0)
        assert isinstance(result, ReadError) and result.rule == "read.too_slow", result
        assert result.params["seconds"] == 1
        child.close()
        began = time.monotonic()
        while (left := _orphans(small.launcher.process.pid)) and time.monotonic() - began < 20:
            time.sleep(0.05)
        assert not left


def test_what_one_half_leaves_over_is_for_what_comes_after() -> None:
    with ChildPool(halved, workers=1, cpu_seconds=1.2, preload=()) as small:
        child = small.launcher.start_child()
        assert child.run_job("work+work", 30.0) == ("done", "done")
        assert 0.7 < child.used < 1.2, "the work of the fork is counted"
        child.close()
