"""Let twenty people upload at once: all are answered, none is refused, and memory stays limited.

The figures are printed (`-s`); `python -m benchmarks --only uploading` measures the same without a test.
"""

from __future__ import annotations

import threading
import time
from contextlib import ExitStack
from statistics import median

import pytest

from tests.support.service import running
from tests.support.service.load import UploadTimes, compute_p95, upload_at_once, watch_upload
from tests.support.service.running import SENDERS, Service
from tests.support.service.visitor import Visitor, visit_service

pytestmark = pytest.mark.slow
PEOPLE = 20
P95 = 15.0
ROUNDS = 3
PAUSE = 2.0
"""Seconds that a person reads a page before opening the next."""
MEGABYTES = 1500
"""Most memory of the service with all its reading processes after the rounds."""


def print_times(name: str, values: list[float], service: Service) -> None:
    print(
        f"\n{name}: {len(values)} answers, median {median(values):.2f} s, p95 {compute_p95(values):.2f} s, "
        f"slowest {max(values):.2f} s; {service.measure_memory():.0f} MB afterwards"
    )


def test_twenty_people_upload_through_the_api_at_once(service: Service) -> None:
    running.warm_service(service)
    assert len(SENDERS) == PEOPLE
    before = service.measure_memory()
    clients = {account: service.open_client(account) for account in SENDERS}
    times: list[float] = []
    for number in range(ROUNDS):
        answers = upload_at_once(clients, number)
        for account, (answer, seconds) in answers.items():
            assert answer.status_code == 201, (account, answer.text[:500])
            body = answer.json()
            assert body["new"] and body["report"]["verdict"] in ("good", "information", "warning"), account
            times.append(seconds)
        assert len(answers) == PEOPLE
        assert len({answer.json()["submission_id"] for answer, _ in answers.values()}) == PEOPLE
    print_times(f"{PEOPLE} accounts by the API, {ROUNDS} rounds (before: {before:.0f} MB)", times, service)
    for client in clients.values():
        client.close()
    assert compute_p95(times) <= P95
    assert service.measure_memory() < MEGABYTES


def test_twenty_people_upload_on_their_pages_while_a_hundred_browse(service: Service) -> None:
    running.warm_service(service)
    uploaded: list[UploadTimes] = []
    opened: list[float] = []
    faults: list[str] = []
    is_over = threading.Event()

    def upload_and_wait(account: str, visitor: Visitor, start: threading.Barrier) -> None:
        path = running.find_newest_return(account)
        data = running.make_variant(path, 40 + (9 if account == "sender" else 0))
        start.wait()
        times = watch_upload(visitor, path.name, data)
        if "Yes, this is right" not in times.card:
            faults.append(f"{account}: {times.card[:300]}")
        uploaded.append(times)

    def browse_pages(visitor: Visitor, start: threading.Barrier) -> None:
        start.wait()
        while not is_over.is_set():
            for address in ("/", "/board", "/templates", "/account"):
                began = time.perf_counter()
                page = visitor.open_page(address)
                opened.append(time.perf_counter() - began)
                if page.status != 200:
                    faults.append(f"{address}: {page.status}")
                time.sleep(PAUSE)

    with ExitStack() as stack:
        visitors = {account: stack.enter_context(visit_service(service, account)) for account in SENDERS}
        readers = [stack.enter_context(visit_service(service, account)) for account in [*SENDERS] * 5]
        before = service.measure_memory()
        start = threading.Barrier(len(visitors) + len(readers))
        senders = [threading.Thread(target=upload_and_wait, args=(a, v, start)) for a, v in visitors.items()]
        browsing = [threading.Thread(target=browse_pages, args=(visitor, start)) for visitor in readers]
        for thread in (*senders, *browsing):
            thread.start()
        for thread in senders:
            thread.join(180)
        is_over.set()
        for thread in browsing:
            thread.join(60)
    print(f"\nmemory before: {before:.0f} MB", end="")
    print_times(f"{PEOPLE} people on their pages, until the answer", [times.answered for times in uploaded], service)
    print_times("... until the first findings", [times.first for times in uploaded], service)
    print_times(f"{len(readers)} people browsing at the same time, per page", opened, service)
    assert faults == []
    assert len(uploaded) == PEOPLE and len(readers) == 100
    assert compute_p95([times.answered for times in uploaded]) <= P95
    assert service.measure_memory() < MEGABYTES
