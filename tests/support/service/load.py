"""Measure how long users of a service wait: many uploads at the same time, and one on the upload page."""

from __future__ import annotations

import threading
import time
from collections.abc import Iterator
from dataclasses import dataclass
from statistics import quantiles

import httpx

from tests.support.service import running
from tests.support.service.visitor import Visitor

_SECONDS_OF_COMPUTING = 0.3


def compute_p95(values: list[float]) -> float:
    """Return the 95th percentile of some values."""
    return quantiles(values, n=20, method="inclusive")[-1]


def measure_slowdown() -> float:
    """Return wall-clock seconds per second of processor time while this process only computes: 1 on an idle machine."""
    began, processor_start = time.perf_counter(), time.process_time()
    while time.process_time() - processor_start < _SECONDS_OF_COMPUTING:
        sum(range(10_000))
    return (time.perf_counter() - began) / (time.process_time() - processor_start)


@dataclass(frozen=True)
class UploadTimes:
    """Seconds from the upload of a file until the page shows its first findings and its answer."""

    first: float
    answered: float
    card: str


def watch_upload(visitor: Visitor, name: str, data: bytes) -> UploadTimes:
    """Upload a file as the script of the upload page does, and follow its check to the answer."""
    token = visitor.open_page("/upload").tree.cssselect("form[data-upload] input[name=csrf]")[0].get("value")
    began = time.perf_counter()
    response = visitor.client.post(
        "/upload",
        headers={"Accept": "application/json", "Cookie": cookie_header(visitor)},
        data={"csrf": token},
        files={"files": (name, data)},
    )
    assert response.status_code == 202, response.text[:300]
    first = 0.0
    for event, card in follow_events(visitor, response.json()["events"]):
        if not first and ("so far" in card or event == "end"):
            first = time.perf_counter() - began
        if event == "end":
            return UploadTimes(first, time.perf_counter() - began, card)
    raise AssertionError("the stream ended without an answer")


def follow_events(visitor: Visitor, address: str) -> Iterator[tuple[str, str]]:
    """Yield each event of a stream: its name, and the card that it brings."""
    headers = {"Accept": "text/event-stream", "Cookie": cookie_header(visitor)}
    with visitor.client.stream("GET", address, headers=headers) as stream:
        assert stream.status_code == 200
        name, lines = "", list[str]()
        for line in stream.iter_lines():
            if line.startswith("event: "):
                name = line.removeprefix("event: ")
            elif line.startswith("data: "):
                lines.append(line.removeprefix("data: "))
            elif not line and name:
                yield name, "\n".join(lines)
                name, lines = "", []


def cookie_header(visitor: Visitor) -> str:
    """Return the cookies of a visitor as the value of a header."""
    return "; ".join(f"{cookie.name}={cookie.value}" for cookie in visitor.cookies.jar)


def upload_at_once(clients: dict[str, httpx.Client], number: int) -> dict[str, tuple[httpx.Response, float]]:
    """Upload a variant of each account's newest return at the same moment; return the answers and their seconds."""
    answers: dict[str, tuple[httpx.Response, float]] = {}
    files = {account: running.find_newest_return(account) for account in clients}
    data = {
        account: running.make_variant(path, number + (7 if account == "sender" else 0))
        for account, path in files.items()
    }
    start = threading.Barrier(len(clients))

    def hand_in(account: str) -> None:
        start.wait()
        began = time.perf_counter()
        answer = running.upload_file(clients[account], data[account], files[account].name)
        answers[account] = (answer, time.perf_counter() - began)

    threads = [threading.Thread(target=hand_in, args=(account,)) for account in clients]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(180)
    return answers
