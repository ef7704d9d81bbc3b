"""The offices' pages of a running service: each page alone, and a hundred people who browse while twenty upload.

A visitor is an HTTP client with a session: what a browser then draws is not measured. The floor of a page is the
answer of `/static/…` in the same process, which asks neither the ledger nor a template.
"""

from __future__ import annotations

import shutil
import threading
import time
from collections.abc import Iterator, Sequence
from contextlib import ExitStack
from statistics import median, quantiles
from typing import TYPE_CHECKING

from benchmarks import homes, measuring
from benchmarks.registry import Figure, Setting, register_benchmark

if TYPE_CHECKING:
    from tests.support.service.running import Service
    from tests.support.service.visitor import Visitor

PAGE_TARGET = 0.2
ANSWER_TARGET = 5.0
SESSION_TARGET = 1.0
"""Seconds, seconds and megabytes, from the issue: a page, the answer to an upload, a session."""
PATHS = ("/", "/upload", "/board", "/figures", "/templates", "/account", "/practice")
VIEWS = ("findings", "beside", "changes", "quarters", "files", "events")
READERS = 100
PAUSE = 2.0
"""Seconds for which somebody reads a page before the next."""


@register_benchmark("pages", "the offices' pages: one page, and 100 people who browse while 20 upload")
def measure_pages(setting: Setting) -> Iterator[Figure]:
    """Measure a warm service on a copy of the demonstration's home."""
    from tests.support.service import running
    from tests.support.service.visitor import visit_service

    folder = setting.scratch / "pages"
    folder.mkdir()
    home = folder / "home"
    shutil.copytree(homes.build_home(setting, 1).home, home, symlinks=True)
    with running.run_service(home, folder, environment={"RTI_NOW": measuring.NOW}) as service, ExitStack() as stack:
        running.warm_service(service)
        visitor = stack.enter_context(visit_service(service, "al-pp-sender"))
        addresses = _list_addresses(visitor)
        style = visitor.open_page("/").find_elements("link[rel=stylesheet]")[0].get("href")
        for address in addresses:
            visitor.open_page(address)
        times = [_time_page(visitor, address) for _ in range(setting.repetitions) for address in addresses]
        floor = [_time_page(visitor, style) for _ in range(setting.repetitions) for _ in addresses]
        yield Figure("one page, p50", median(times), "s", median(floor), "a static file")
        p95 = _p95(times)
        yield Figure("one page, p95", p95, "s", _p95(floor), "a static file", "≤ 0.2 s", p95 <= PAGE_TARGET)

        before = service.measure_memory()
        accounts = [*running.SENDERS] * (READERS // len(running.SENDERS))
        readers = [stack.enter_context(visit_service(service, account)) for account in accounts]
        for reader in readers:
            reader.open_page("/")
        grown = (service.measure_memory() - before) / len(readers)
        yield Figure("memory of a session", grown, "MB", target="≤ 1 MB", reached=grown <= SESSION_TARGET)

        yield from _measure_crowd(service, readers, stack)


def _measure_crowd(service: Service, readers: Sequence[Visitor], stack: ExitStack) -> Iterator[Figure]:
    """Let all readers browse while every sender uploads; errors end the benchmark."""
    from tests.support.service import running
    from tests.support.service.load import UploadTimes, watch_upload
    from tests.support.service.visitor import visit_service

    opened: list[float] = []
    uploaded: list[UploadTimes] = []
    faults: list[str] = []
    over = threading.Event()

    def browse_pages(visitor: Visitor, number: int) -> None:
        time.sleep(number % 20 * PAUSE / 20)
        while not over.is_set():
            for path in PATHS:
                began = time.perf_counter()
                status = visitor.open_page(path).status
                opened.append(time.perf_counter() - began)
                if status != 200:
                    faults.append(f"{path}: {status}")
                if over.wait(PAUSE):
                    return

    def upload_return(account: str, visitor: Visitor) -> None:
        path = running.find_newest_return(account)
        times = watch_upload(visitor, path.name, running.make_variant(path, 70 + (9 if account == "sender" else 0)))
        if "Yes, this is right" not in times.card:
            faults.append(f"{account}: {times.card[:200]}")
        uploaded.append(times)

    senders = {account: stack.enter_context(visit_service(service, account)) for account in running.SENDERS}
    browsing = [threading.Thread(target=browse_pages, args=(reader, n)) for n, reader in enumerate(readers)]
    uploading = [
        threading.Thread(target=upload_return, args=(account, visitor)) for account, visitor in senders.items()
    ]
    for thread in browsing:
        thread.start()
    time.sleep(3 * PAUSE)
    alone, opened[:] = list(opened), []
    for thread in uploading:
        thread.start()
    for thread in uploading:
        thread.join()
    over.set()
    for thread in browsing:
        thread.join()
    if faults:
        raise SystemExit(f"{len(faults)} requests failed, the first: {faults[0]}")
    yield Figure(f"{len(readers)} people browsing, p95 a page", _p95(alone), "s")
    yield Figure(f"the same while {len(senders)} upload, p95 a page", _p95(opened), "s")
    yield Figure(f"{len(senders)} uploads meanwhile, first findings, p95", _p95([t.first for t in uploaded]), "s")
    yield Figure(f"{len(senders)} uploads meanwhile, answer, p95", _p95([t.answered for t in uploaded]), "s")
    yield Figure("memory of the service afterwards", service.measure_memory(), "MB")


def _list_addresses(visitor: Visitor) -> list[str]:
    """Return the addresses of all pages, and of every part of the newest validation report."""
    report = visitor.open_page("/").find_elements("tbody a")[0].get("href")
    return [*PATHS, *(f"{report}&view={view}" for view in VIEWS)]


def _time_page(visitor: Visitor, address: str) -> float:
    began = time.perf_counter()
    status = visitor.open_page(address).status
    duration = time.perf_counter() - began
    if status != 200:
        raise SystemExit(f"{address} answered {status}")
    return duration


def _p95(values: list[float]) -> float:
    return quantiles(values, n=20, method="inclusive")[-1] if len(values) > 1 else values[0]
