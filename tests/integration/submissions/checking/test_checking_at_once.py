"""Many uploads at once in one process: each gets its own findings, and hostile files do not slow down the others."""

from __future__ import annotations

import re
import threading
import time
from pathlib import Path

import pytest

from expectations import engine
from pipelines.declarations.registry import Registry, load
from pipelines.findings.texts import describe_finding
from pipelines.submissions.checking.check import Step, check_file, warm_up
from pipelines.submissions.checking.report import Report
from pipelines.submissions.checking.shared_pool import SHARED
from tests.support.paths import HOSTILE, ROOT

CHILD_MEGABYTES = 300


@pytest.fixture(scope="module")
def registry() -> Registry:
    loaded = load()
    warm_up(loaded)
    return loaded


def _list_returns(count: int) -> list[Path]:
    files = sorted(p for p in (ROOT / "raw_samples").rglob("*") if p.is_file() and p.suffix not in (".md", ".yml"))
    files = [p for p in files if p.name != "arrivals.csv" and "try" not in p.parts]
    return files[:: len(files) // count][:count]


def _check_path(path: Path, registry: Registry) -> Report:
    return check_file(path.read_bytes(), path.name, registry=registry)


def _check_timed(path: Path, registry: Registry) -> tuple[Report, float]:
    """Return a report and the seconds it took: the shortest of up to three tries, because the machine may be busy."""
    durations: list[float] = []
    while True:
        began = time.monotonic()
        report = _check_path(path, registry)
        durations.append(time.monotonic() - began)
        if durations[-1] < 2 or len(durations) == 3:
            return report, min(durations)


def test_twenty_concurrent_checks_give_same_reports_as_single_ones(registry: Registry) -> None:
    files = _list_returns(20)
    alone = {path: _check_path(path, registry).as_json() for path in files}
    together: dict[Path, Report] = {}
    first_answer: list[float] = []
    began = time.monotonic()

    def check_concurrently(path: Path) -> None:
        def note_first_answer(now: Step) -> None:
            if now.name == "read":
                first_answer.append(time.monotonic() - began)

        together[path] = check_file(path.read_bytes(), path.name, registry=registry, on_step=note_first_answer)

    threads = [threading.Thread(target=check_concurrently, args=(path,)) for path in files]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(60)
    assert {path: report.as_json() for path, report in together.items()} == alone
    assert len(first_answer) == 20
    assert {report.verdict for report in together.values()} <= {"good", "information", "warning"}
    # The limit is 15 s on two cores, which the benchmark measures; this test allows twice that for a busy machine.
    assert time.monotonic() - began < 30


def test_judgement_context_is_renewed_after_its_limit_of_runs(
    registry: Registry, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = _list_returns(1)[0]
    before = _check_path(path, registry)
    context = engine._context()
    monkeypatch.setattr(engine, "RENEW_AFTER", engine._runs)
    assert _check_path(path, registry).as_json() == before.as_json()
    assert engine._context() is not context


@pytest.mark.shared
@pytest.mark.skipif(not HOSTILE.is_dir(), reason="the hostile files are kept outside the project")
def test_hostile_files_are_refused_while_good_file_is_checked(registry: Registry) -> None:
    good = _list_returns(1)[0]
    hostile = sorted(p for p in HOSTILE.iterdir() if p.suffix != ".md")
    assert len(hostile) >= 13
    answers: list[Report] = []
    finished = threading.Event()
    # Start new reading processes, so that no file of an earlier test, such as a large register, is measured here.
    SHARED.digest = ""

    def check_repeatedly() -> None:
        while not finished.is_set():
            answers.append(_check_path(good, registry))

    colleague = threading.Thread(target=check_repeatedly)
    colleague.start()
    try:
        for path in hostile:
            report, duration = _check_timed(path, registry)
            assert duration < 2, (path.name, duration)
            if path.name == "dim.xlsx":
                assert report.format == "xlsx" and report.verdict != "unreadable"
                continue
            assert report.verdict == "unreadable", path.name
            text = describe_finding(report.findings[0], "en")
            assert text.message and text.remedy and "?" not in text.message + text.remedy, text
    finally:
        finished.set()
        colleague.join()
    assert answers and all(answer.verdict != "unreadable" for answer in answers)
    assert SHARED.pool is not None
    for child in SHARED.pool.idle:
        peak = re.search(r"VmHWM:\s+(\d+) kB", Path(f"/proc/{child.pid}/status").read_text())
        assert peak is not None and int(peak[1]) / 1024 < CHILD_MEGABYTES
