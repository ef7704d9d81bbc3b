"""Measure the time until a register of 2 MB is answered, as CSV and as a workbook, by the API and the upload page.

The figures are printed (`-s`) with the slowdown by other work on the machine at that moment. The seconds of an answer
are divided by it, so that other work does not fail the test. `benchmarks/answering.py` measures the 95th percentile.
"""

from __future__ import annotations

import time
from collections.abc import Iterator
from operator import truediv
from pathlib import Path
from statistics import median

import pytest

from benchmarks import register
from tests.support.service import running
from tests.support.service.load import compute_p95, measure_slowdown, watch_upload
from tests.support.service.running import Service, run_service
from tests.support.service.visitor import visit_service

pytestmark = pytest.mark.slow
ANSWERED, FIRST = 5.0, 1.0
TIMES = 6


@pytest.fixture(scope="module")
def service(home_of_module: Path) -> Iterator[Service]:
    """A warmed-up service."""
    with run_service(home_of_module, home_of_module.parent) as service:
        running.warm_service(service)
        yield service


def _csv(salt: int) -> tuple[bytes, int]:
    return register.build_register(salt)


def _workbook(salt: int) -> tuple[bytes, int]:
    return register.build_workbook(salt)[0], register.RECORDS


KINDS = {"registar.csv": _csv, "registar.xlsx": _workbook}


def print_times(label: str, seconds: list[float], slowdowns: list[float]) -> None:
    """Print the figures of one series."""
    alone = min(map(truediv, seconds, slowdowns))
    print(
        f"\n{label}: median {median(seconds):.2f} s, soonest {min(seconds):.2f} s, p95 {compute_p95(seconds):.2f} s; ",
        end="",
    )
    print(f"other work made it {median(slowdowns):.1f} times slower, alone {alone:.2f} s", end="")


@pytest.mark.parametrize("name", KINDS)
def test_large_register_is_answered_through_the_api_in_five_seconds(service: Service, name: str) -> None:
    times, slowdowns = [], []
    with service.open_client("sender") as client:
        for number in range(TIMES):
            data, records = KINDS[name](number)
            slowdowns.append(measure_slowdown())
            began = time.perf_counter()
            answer = running.upload_file(client, data, name)
            times.append(time.perf_counter() - began)
            assert answer.status_code == 201, answer.text[:300]
            assert answer.json()["report"]["events"] == register.count_events(records)
    print_times(f"{name}: {records:,} records by the API", times, slowdowns)
    assert min(map(truediv, times, slowdowns)) <= ANSWERED


@pytest.mark.parametrize("name", KINDS)
def test_large_register_has_first_findings_on_the_page_in_a_second(service: Service, name: str) -> None:
    first, answered, slowdowns = [], [], []
    with visit_service(service, "sender") as visitor:
        for number in range(TIMES):
            data, _ = KINDS[name](100 + number)
            slowdowns.append(measure_slowdown())
            times = watch_upload(visitor, name, data)
            assert times.first < times.answered
            first.append(times.first)
            answered.append(times.answered)
    print_times(f"{name}: on the page, first findings", first, slowdowns)
    print_times(f"{name}: on the page, answer", answered, slowdowns)
    assert min(map(truediv, first, slowdowns)) <= FIRST
    assert min(map(truediv, answered, slowdowns)) <= ANSWERED
