"""Measure the time until a large workbook is answered through the API, and its first findings on the upload page.

The figures are printed (`-s`). The limits come from the issue. The shortest time of the first findings counts, since
other work on the machine must not fail the test.
"""

from __future__ import annotations

import time
from collections.abc import Iterator
from pathlib import Path
from statistics import median

import pytest

from benchmarks import uploading, workbook
from tests.support.service import running
from tests.support.service.load import compute_p95, watch_upload
from tests.support.service.running import Service, run_service
from tests.support.service.visitor import visit_service

pytestmark = pytest.mark.slow
ANSWERED, FIRST = 5.0, 1.0
TIMES = 12


@pytest.fixture(scope="module")
def with_territory(home_of_module: Path) -> Iterator[Service]:
    """A service with the invented territory of the workbook."""
    territories = uploading._declare_territory(home_of_module.parent / "territories")
    with run_service(
        home_of_module, home_of_module.parent, environment={"RTI_TERRITORIES": str(territories)}
    ) as service:
        running.warm_service(service)
        yield service


@pytest.fixture(scope="module")
def file(home_of_module: Path) -> Path:
    """Path of a workbook of 20,250 numbers."""
    return workbook.write_workbook(home_of_module.parent / "benchmark.xlsx")


def test_large_workbook_is_answered_through_the_api_in_five_seconds(with_territory: Service, file: Path) -> None:
    times = []
    with with_territory.open_client("sender") as client:
        for number in range(TIMES):
            data = running.make_variant(file, number)
            began = time.perf_counter()
            answer = running.upload_file(client, data, file.name)
            times.append(time.perf_counter() - began)
            assert answer.status_code == 201 and answer.json()["report"]["observations"] == workbook.CELLS
    print(f"\n{workbook.CELLS:,} cells ({file.stat().st_size / 1e6:.1f} MB) by the API, {TIMES} times: ", end="")
    print(f"median {median(times):.2f} s, p95 {compute_p95(times):.2f} s; {with_territory.measure_memory():.0f} MB")
    assert compute_p95(times) <= ANSWERED


def test_large_workbook_has_first_findings_on_the_page_in_a_second(with_territory: Service, file: Path) -> None:
    first, answered = [], []
    with visit_service(with_territory, "sender") as visitor:
        for number in range(TIMES):
            times = watch_upload(visitor, file.name, running.make_variant(file, 100 + number))
            assert "This is what we read" in times.card
            first.append(times.first)
            answered.append(times.answered)
    print(
        f"\non the page, {TIMES} times: first findings median {median(first):.2f} s, p95 {compute_p95(first):.2f} s, ",
        end="",
    )
    print(f"soonest {min(first):.2f} s; answer median {median(answered):.2f} s, p95 {compute_p95(answered):.2f} s")
    assert compute_p95(answered) <= ANSWERED
    assert min(first) <= FIRST
