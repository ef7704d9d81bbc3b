"""Two halves of a file at once: the same result as one after the other, and a failure of either half is reported."""

from __future__ import annotations

import os
import resource
import signal
import time
from collections.abc import Callable, Iterator
from contextlib import suppress
from io import BytesIO
from pathlib import Path
from typing import Any

import pytest
from reportlab.lib import colors
from reportlab.lib.pagesizes import A4
from reportlab.platypus import PageBreak, SimpleDocTemplate, Table

from pipelines.findings.rules import from_read_error
from pipelines.findings.texts import describe_finding
from pipelines.model.content import Grid, ReadError, Where
from pipelines.reading.formats import common, pdf, pdf_parallel
from pipelines.reading.sandbox.launchers import read_in_child
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


def run_two_pieces(job: str) -> object:
    """Run two pieces by their names as the work of the pool; `children` then returns any process left over."""
    if job == "children":
        try:
            return os.waitpid(-1, os.WNOHANG)
        except ChildProcessError:
            return "none"
    first, _, second = job.partition("+")
    return pdf_parallel.run_both(_PIECES[first], _PIECES[second])


@pytest.fixture(scope="module")
def pool() -> Iterator[ChildPool[str, object]]:
    with ChildPool(run_two_pieces, workers=1, timeout=10.0, memory=MEMORY, preload=()) as child_pool:
        yield child_pool


def run_job(pool: ChildPool[str, object], job: str) -> object:
    return next(result for _, result in pool.map_jobs([(0, job)]))


@pytest.mark.skipif((os.cpu_count() or 1) < 2, reason="one processor: nothing is halved")
def test_the_second_half_runs_in_a_process_of_its_own(pool: ChildPool[str, object]) -> None:
    pids = run_job(pool, "pid+pid")
    assert isinstance(pids, tuple) and len({*pids, os.getpid()}) == 3
    assert run_job(pool, "children") == "none"


def test_a_result_of_any_size_comes_back(pool: ChildPool[str, object]) -> None:
    assert run_job(pool, "large+large") == ("x" * 3_000_000, "x" * 3_000_000)


@pytest.mark.parametrize("job", ["refuse+large", "large+refuse", "refuse+sleep"])
def test_refusal_of_either_half_refuses_the_file(pool: ChildPool[str, object], job: str) -> None:
    began = time.monotonic()
    result = run_job(pool, job)
    assert isinstance(result, ReadError)
    assert (result.rule, result.where.page, result.params) == ("read.too_many_cells", 7, {"limit": 5})
    assert time.monotonic() - began < 8, "the other half is not awaited"
    assert run_job(pool, "children") == "none"


def test_error_of_a_half_is_returned_without_the_text_of_the_file(pool: ChildPool[str, object]) -> None:
    result = run_job(pool, "large+fail")
    assert isinstance(result, ReadError) and result.rule == "read.reader_failed" and "Petar" not in str(result)


@pytest.mark.parametrize("job", ["large+fill", "fill+large"])
def test_half_without_memory_is_reported_as_out_of_memory(pool: ChildPool[str, object], job: str) -> None:
    result = run_job(pool, job)
    assert isinstance(result, ReadError) and result.rule == "read.out_of_memory"
    assert run_job(pool, "pid+pid"), "the next file is read"


@pytest.mark.parametrize(
    ("job", "reason"),
    [
        ("large+spin", "it used more processor time than a file may"),
        ("large+die", "the system ended it, most likely for lack of memory"),
        ("large+crash", "the reader crashed (SIGSEGV)"),
    ],
)
def test_reason_for_an_ended_half_is_reported(pool: ChildPool[str, object], job: str, reason: str) -> None:
    """Compare with the texts used if one process reads the whole file, in the sender's language."""
    result = run_job(pool, job)
    assert isinstance(result, ReadError) and (result.rule, result.params) == ("read.child_died", {"reason": reason})
    message = describe_finding(from_read_error(result), "sr").message
    assert reason.partition(" (")[0] not in message and message
    assert run_job(pool, "pid+pid"), "the next file is read"


def test_half_ends_with_the_process_that_forked_it() -> None:
    with ChildPool(run_two_pieces, workers=1, timeout=0.7, preload=()) as impatient:
        run_job(impatient, "children")
        result = run_job(impatient, "sleep+sleep")
        assert isinstance(result, ReadError) and result.rule == "read.no_time"
        began = time.monotonic()
        while (orphans := _find_orphans(impatient.launcher.process.pid)) and time.monotonic() - began < 20:
            time.sleep(0.05)
        assert not orphans


def _find_orphans(launcher: int) -> list[str]:
    """Return processes with the command line of a launcher, which its forks keep, that are not its own children."""
    mine = Path(f"/proc/{launcher}/cmdline").read_bytes()
    orphans = []
    for folder in Path("/proc").glob("[0-9]*"):
        with suppress(OSError):  # gone meanwhile
            parent = (folder / "stat").read_text().rpartition(")")[2].split()[1]
            if (folder / "cmdline").read_bytes() == mine and str(launcher) not in (folder.name, parent):
                orphans.append(folder.name)
    return orphans


def test_halves_run_in_sequence_outside_a_reading_process() -> None:
    assert pdf_parallel.run_both(os.getpid, os.getpid) == (os.getpid(), os.getpid())


@pytest.mark.sampled(turn=2)
@pytest.mark.parametrize("job", ["endless+endless", "pid+endless", "endless+pid"])
def test_both_halves_together_use_no_more_than_one_budget(job: str) -> None:
    with ChildPool(run_two_pieces, workers=1, cpu_seconds=1.2, preload=()) as small:
        child = small.launcher.start_child()
        result = child.run_job(job, 30.0)
        assert isinstance(result, ReadError) and result.rule == "read.too_slow", result
        assert result.params["seconds"] == 1
        child.close()
        began = time.monotonic()
        while (orphans := _find_orphans(small.launcher.process.pid)) and time.monotonic() - began < 20:
            time.sleep(0.05)
        assert not orphans


@pytest.mark.sampled(turn=0)
def test_unused_time_of_one_half_is_left_for_later_work() -> None:
    with ChildPool(run_two_pieces, workers=1, cpu_seconds=1.2, preload=()) as small:
        child = small.launcher.start_child()
        assert child.run_job("work+work", 30.0) == ("done", "done")
        assert 0.7 < child.used < 1.2, "the work of the fork is counted"
        child.close()


def _pages(count: int) -> bytes:
    """Build a PDF of that many pages, each with a ruled table that has its page number."""
    buffer = BytesIO()
    story: list[Any] = []
    for number in range(1, count + 1):
        style = [("GRID", (0, 0), (-1, -1), 0.5, colors.black)]
        story += [Table([["Page", "Value"], [f"p{number}", str(number * 3)]], style=style), PageBreak()]
    SimpleDocTemplate(buffer, pagesize=A4).build(story)
    return buffer.getvalue()


@pytest.mark.parametrize("count", [11, 12, 13, 30])
def test_many_pages_are_read_in_two_processes_as_in_one(count: int) -> None:
    data = _pages(count)
    read = read_in_child(data, "pages.pdf")
    assert read == pdf.read_file(data)
    assert isinstance(read, Grid)
    rows = [[cell.text for cell in table.cells if cell.row == 2] for table in read.tables]
    assert rows == [[f"p{n}", str(n * 3)] for n in range(1, count + 1)]
    assert [table.page for table in read.tables] == list(range(1, count + 1))


@pytest.mark.parametrize(
    ("limit", "rule"), [("MAX_TABLES", "read.too_many_tables"), ("MAX_CELLS", "read.too_many_cells")]
)
def test_two_processes_together_have_the_limits_of_one(limit: str, rule: str, monkeypatch: pytest.MonkeyPatch) -> None:
    data = _pages(14)
    most = 13 if limit == "MAX_TABLES" else 14 * 4 - 1
    for module in (pdf, common):
        monkeypatch.setattr(module, limit, most, raising=False)
    with pytest.raises(ReadError, match=rule.replace(".", r"\.")):
        pdf.read_file(data)
    for module in (pdf, common):
        monkeypatch.setattr(module, limit, most + 1, raising=False)
    assert len(pdf.read_file(data).tables) == 14
