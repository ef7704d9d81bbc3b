"""Many uploads at once in one process: all answered, each with its own findings, and hostile files cost nobody else."""

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


def _returns(count: int) -> list[Path]:
    files = sorted(p for p in (ROOT / "raw_samples").rglob("*") if p.is_file() and p.suffix not in (".md", ".yml"))
    files = [p for p in files if p.name != "arrivals.csv" and "try" not in p.parts]
    return files[:: len(files) // count][:count]


def _checked(path: Path, registry: Registry) -> Report:
    return check_file(path.read_bytes(), path.name, registry=registry)


def _soonest(path: Path, registry: Registry) -> tuple[Report, float]:
    """A report and the seconds it took; the shortest of up to three, since other work on the machine is no finding."""
    taken: list[float] = []
    while True:
        began = time.monotonic()
        report = _checked(path, registry)
        taken.append(time.monotonic() - began)
        if taken[-1] < 2 or len(taken) == 3:
            return report, min(taken)


def test_twenty_people_at_once_each_get_what_they_would_get_alone(registry: Registry) -> None:
    files = _returns(20)
    alone = {path: _checked(path, registry).as_json() for path in files}
    together: dict[Path, Report] = {}
    first_answer: list[float] = []
    began = time.monotonic()

    def upload(path: Path) -> None:
        def step(now: Step) -> None:
            if now.name == "read":
                first_answer.append(time.monotonic() - began)

        together[path] = check_file(path.read_bytes(), path.name, registry=registry, on_step=step)

    threads = [threading.Thread(target=upload, args=(path,)) for path in files]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(60)
    assert {path: report.as_json() for path, report in together.items()} == alone
    assert len(first_answer) == 20
    assert {report.verdict for report in together.values()} <= {"good", "information", "warning"}
    # The promise is 15 s on two cores; a busy machine is given twice that here, the benchmark measures.
    assert time.monotonic() - began < 30


def test_the_judgement_begins_anew_before_its_results_fill_the_memory(
    registry: Registry, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = _returns(1)[0]
    before = _checked(path, registry)
    context = engine._context()
    monkeypatch.setattr(engine, "RENEW_AFTER", engine._runs)
    assert _checked(path, registry).as_json() == before.as_json()
    assert engine._context() is not context


@pytest.mark.shared
@pytest.mark.skipif(not HOSTILE.is_dir(), reason="the hostile files lie beside the project")
def test_every_hostile_file_is_refused_in_words_while_a_good_one_is_answered(registry: Registry) -> None:
    good = _returns(1)[0]
    hostile = sorted(p for p in HOSTILE.iterdir() if p.suffix != ".md")
    assert len(hostile) >= 13
    answers: list[Report] = []
    over = threading.Event()
    # Reading processes of this test alone: what an earlier one read, a large register say, is not to be measured here.
    SHARED.digest = ""

    def colleague() -> None:
        while not over.is_set():
            answers.append(_checked(good, registry))

    other = threading.Thread(target=colleague)
    other.start()
    try:
        for path in hostile:
            report, taken = _soonest(path, registry)
            assert taken < 2, (path.name, taken)
            if path.name == "dim.xlsx":
                assert report.format == "xlsx" and report.verdict != "unreadable"
                continue
            assert report.verdict == "unreadable", path.name
            said = describe_finding(report.findings[0], "en")
            assert said.message and said.remedy and "?" not in said.message + said.remedy, said
    finally:
        over.set()
        other.join()
    assert answers and all(answer.verdict != "unreadable" for answer in answers)
    assert SHARED.pool is not None
    for child in SHARED.pool.idle:
        peak = re.search(r"VmHWM:\s+(\d+) kB", Path(f"/proc/{child.pid}/status").read_text())
        assert peak is not None and int(peak[1]) / 1024 < CHILD_MEGABYTES
