"""Twenty people hand in at once: all are answered, nobody is refused for load, and the service does not swell.

The figures are printed (`-s`); `python -m benchmarks --only uploading` measures the same without a test.
"""

from __future__ import annotations

import threading
import time
from statistics import median, quantiles
from typing import TYPE_CHECKING

import httpx
import pytest

from tests.service import running
from tests.service.running import SENDERS, Service

if TYPE_CHECKING:
    pass

pytestmark = pytest.mark.slow
PEOPLE = 20
P95 = 15.0
ROUNDS = 3
MEGABYTES = 1500
"""What the service with all its reading processes may hold at most after the rounds."""


def p95(values: list[float]) -> float:
    return quantiles(values, n=20, method="inclusive")[-1]


def said(name: str, values: list[float], service: Service) -> None:
    print(
        f"\n{name}: {len(values)} answers, median {median(values):.2f} s, p95 {p95(values):.2f} s, "
        f"slowest {max(values):.2f} s; {service.megabytes():.0f} MB afterwards"
    )


def test_twenty_people_hand_in_by_the_api_at_once(service: Service) -> None:
    running.warm(service)
    assert len(SENDERS) == PEOPLE
    before = service.megabytes()
    clients = {account: service.client(account) for account in SENDERS}
    taken: list[float] = []
    for number in range(ROUNDS):
        answers = at_once(clients, number)
        for account, (answer, seconds) in answers.items():
            assert answer.status_code == 201, (account, answer.text[:500])
            body = answer.json()
            assert body["new"] and body["report"]["verdict"] in ("good", "information", "warning"), account
            taken.append(seconds)
        assert len(answers) == PEOPLE
        assert len({answer.json()["submission_id"] for answer, _ in answers.values()}) == PEOPLE
    said(f"{PEOPLE} accounts by the API, {ROUNDS} rounds (before: {before:.0f} MB)", taken, service)
    for client in clients.values():
        client.close()
    assert p95(taken) <= P95
    assert service.megabytes() < MEGABYTES


def at_once(clients: dict[str, httpx.Client], number: int) -> dict[str, tuple[httpx.Response, float]]:
    """Each account's newest return in new bytes, all at the same moment: the answers and their seconds."""
    answers: dict[str, tuple[httpx.Response, float]] = {}
    files = {account: running.newest(account) for account in clients}
    data = {
        account: running.other_bytes(path, number + (7 if account == "sender" else 0))
        for account, path in files.items()
    }
    start = threading.Barrier(len(clients))

    def hand_in(account: str) -> None:
        start.wait()
        began = time.perf_counter()
        answer = running.upload(clients[account], data[account], files[account].name)
        answers[account] = (answer, time.perf_counter() - began)

    threads = [threading.Thread(target=hand_in, args=(account,)) for account in clients]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(180)
    return answers
