"""How soon a register of 2 MB is answered, as CSV and as a workbook: through the API, and on the page of uploads.

The figures are printed (`-s`), beside how many times slower than alone a process ran at that moment: other work on the
machine is no finding, so the seconds of an answer are divided by that. `benchmarks/answering.py` measures the p95.
"""

from __future__ import annotations

import time
from collections.abc import Iterator
from operator import truediv
from pathlib import Path
from statistics import median

import pytest

from benchmarks import register
from benchmarks.answering import split_lines
from tests.support.service import running
from tests.support.service.load import p95, watch_upload
from tests.support.service.running import Service, serving
from tests.support.service.visitor import visit_service

pytestmark = pytest.mark.slow
ANSWERED, FIRST = 5.0, 1.0
TIMES = 6


@pytest.fixture(scope="module")
def service(home_of_module: Path) -> Iterator[Service]:
    """A warm service."""
    with serving(home_of_module, home_of_module.parent) as service:
        running.warm(service)
        yield service


def crowding() -> float:
    """Seconds by the clock for each second that this process was given, while it does nothing but work: 1 if alone."""
    data, _ = register.build_register()
    began, given = time.perf_counter(), time.process_time()
    while time.process_time() - given < 0.3:
        split_lines(data)
    return (time.perf_counter() - began) / (time.process_time() - given)


def _csv(salt: int) -> tuple[bytes, int]:
    return register.build_register(salt)


def _workbook(salt: int) -> tuple[bytes, int]:
    return register.build_workbook(salt)[0], register.RECORDS


KINDS = {"registar.csv": _csv, "registar.xlsx": _workbook}


def told(what: str, seconds: list[float], crowds: list[float]) -> None:
    """The figures of one series."""
    alone = min(map(truediv, seconds, crowds))
    print(f"\n{what}: median {median(seconds):.2f} s, soonest {min(seconds):.2f} s, p95 {p95(seconds):.2f} s; ", end="")
    print(f"others made it {median(crowds):.1f} times slower, alone {alone:.2f} s", end="")


@pytest.mark.parametrize("name", KINDS)
def test_a_register_of_two_megabytes_is_answered_through_the_api_in_five_seconds(service: Service, name: str) -> None:
    taken, crowds = [], []
    with service.client("sender") as client:
        for number in range(TIMES):
            data, records = KINDS[name](number)
            crowds.append(crowding())
            began = time.perf_counter()
            answer = running.upload(client, data, name)
            taken.append(time.perf_counter() - began)
            assert answer.status_code == 201, answer.text[:300]
            assert answer.json()["report"]["events"] == register.count_events(records)
    told(f"{name}: {records:,} records by the API", taken, crowds)
    assert min(map(truediv, taken, crowds)) <= ANSWERED


@pytest.mark.parametrize("name", KINDS)
def test_the_first_findings_of_a_register_are_on_the_page_in_a_second(service: Service, name: str) -> None:
    first, whole, crowds = [], [], []
    with visit_service(service, "sender") as visitor:
        for number in range(TIMES):
            data, _ = KINDS[name](100 + number)
            crowds.append(crowding())
            times = watch_upload(visitor, name, data)
            assert times.first < times.answered
            first.append(times.first)
            whole.append(times.answered)
    told(f"{name}: on the page, first findings", first, crowds)
    told(f"{name}: on the page, answer", whole, crowds)
    assert min(map(truediv, first, crowds)) <= FIRST
    assert min(map(truediv, whole, crowds)) <= ANSWERED
