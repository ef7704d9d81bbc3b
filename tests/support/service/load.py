"""Time what people at a service wait for: many uploads at once, and one on the page of uploads."""

from __future__ import annotations

import threading
import time
from collections.abc import Iterator
from dataclasses import dataclass
from statistics import quantiles

import httpx

from tests.support.service import running
from tests.support.service.visitor import Visitor


def p95(values: list[float]) -> float:
    return quantiles(values, n=20, method="inclusive")[-1]


@dataclass(frozen=True)
class UploadTimes:
    """Seconds after a file was given until its first findings and its answer were on the page."""

    first: float
    answered: float
    card: str


def watch_upload(visitor: Visitor, name: str, data: bytes) -> UploadTimes:
    """Give a file to the page of uploads as its script does, and follow its check to the answer."""
    token = visitor.get("/upload").tree.cssselect("form[data-upload] input[name=csrf]")[0].get("value")
    began = time.perf_counter()
    sent = visitor.client.post(
        "/upload",
        headers={"Accept": "application/json", "Cookie": cookie_header(visitor)},
        data={"csrf": token},
        files={"files": (name, data)},
    )
    assert sent.status_code == 202, sent.text[:300]
    first = 0.0
    for event, card in follow_events(visitor, sent.json()["events"]):
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
    """The cookies of a visitor."""
    return "; ".join(f"{cookie.name}={cookie.value}" for cookie in visitor.cookies.jar)


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
