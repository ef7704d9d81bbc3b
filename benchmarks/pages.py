"""The offices' pages of a running service: each page alone, and a hundred people who browse while twenty upload.

The pages are those of `tests/support/service/office_pages.py`, which is compared with the routes of the application.
Each is opened by an account that may open it (head steward, sender, approver) or without signing in, and has
content. A visitor is an HTTP client with a session: what a browser then draws is not measured. The floor of a page is
the answer of `/static/…` in the same process, which asks neither the ledger nor a template.
"""

from __future__ import annotations

import shutil
import threading
import time
from collections.abc import Iterator, Mapping, Sequence
from contextlib import ExitStack
from pathlib import Path
from statistics import median, quantiles
from typing import TYPE_CHECKING

import httpx

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
"""Pages that the crowd opens in turn."""
SLOWEST = 5
"""Pages that are named with their median."""
SESSIONS, SESSION_BATCHES = 1_000, 5
SESSION_PATHS = ("/", "/upload", "/board", "/account")
"""Sessions whose memory is measured, in how many parts, and the pages that each opens."""
GIVE_BACK = {"MALLOC_TRIM_THRESHOLD_": "0", "MALLOC_ARENA_MAX": "1", "RTI_REQUESTS_PER_MINUTE": "60000"}
"""Settings of the service whose sessions are measured. It gives freed memory back at once, so that only what is in use
is measured, and one address may send as many requests as a thousand people."""
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
    state = _prepare_home(home)
    with running.run_service(home, folder, environment={"RTI_NOW": measuring.NOW}) as service, ExitStack() as stack:
        running.warm_service(service)
        yield from _measure_each_page(service, state, setting.repetitions, stack)

        accounts = [*running.SENDERS] * (READERS // len(running.SENDERS))
        readers = [stack.enter_context(visit_service(service, account)) for account in accounts]
        yield from _measure_crowd(service, readers, stack)
    with running.run_service(home, folder, environment={"RTI_NOW": measuring.NOW, **GIVE_BACK}) as service:
        running.warm_service(service)
        yield _measure_sessions(service)


def _measure_sessions(service: Service) -> Figure:
    """Open pages in one session of each account, and as often in a new session for each visit; compare the memory.

    The memory of a service changes by itself while it answers. The visits without new sessions show by how much: their
    batches give the resolution of the figure.
    """
    from tests.support.service import running
    from tests.support.service.visitor import Visitor, begin_sessions

    def open_pages(client: httpx.Client, cookies: Sequence[str]) -> float:
        for cookie in cookies:
            visitor = Visitor(client)
            visitor.cookies.set("rti_session", cookie, domain="127.0.0.1", path="/")
            for path in SESSION_PATHS:
                _time_page(visitor, path)
        return service.measure_memory("Pss_Anon")

    names = [*running.SENDERS] * (SESSIONS // SESSION_BATCHES // len(running.SENDERS))
    with httpx.Client(base_url=service.address, timeout=120, trust_env=False) as client:
        same = begin_sessions(service, running.SENDERS) * (len(names) // len(running.SENDERS))
        open_pages(client, same)
        alone = [open_pages(client, same) for _ in range(SESSION_BATCHES + 1)]
        many = [alone[-1], *(open_pages(client, begin_sessions(service, names)) for _ in range(SESSION_BATCHES))]
    n_sessions = len(names) * SESSION_BATCHES
    per_session = 1_024 / n_sessions  # kilobytes of one session for each megabyte of all
    grown, resolution = (many[-1] - many[0]) * per_session, (max(alone) - min(alone)) * per_session
    note = (
        f"{n_sessions:,} sessions of {len(SESSION_PATHS)} pages changed the memory by {many[-1] - many[0]:+.1f} MB, "
        f"as many visits in {len(running.SENDERS)} sessions by {alone[-1] - alone[0]:+.1f} MB; "
        f"resolution {resolution:.1f} kB"
    )
    is_reached = (grown + resolution) / 1_024 <= SESSION_TARGET
    return Figure("memory of a session", grown, "kB", target="≤ 1 MB", reached=is_reached, note=note)


def _prepare_home(root: Path) -> dict[str, str]:
    """Give every page of a home content, and return the fields of their addresses."""
    from pipelines.core.home import open_home
    from pipelines.submissions import service
    from tests.support.demonstration import frozen_at
    from tests.support.service import office_pages, portal_fixture

    with frozen_at(measuring.NOW, root):
        desk = service.open_desk(open_home(root))
        portal_fixture.make_accounts(desk.engine)
        state = office_pages.prepare_pages(desk, office_pages.send_nil_return(desk))
        desk.engine.dispose()
    return state


def _measure_each_page(
    service: Service, state: Mapping[str, str], repetitions: int, stack: ExitStack
) -> Iterator[Figure]:
    """Open every page once, and then some times with a clock: all pages together, by person, and the slowest."""
    from tests.support.service.office_pages import PAGES
    from tests.support.service.visitor import Visitor, visit_service

    accounts = dict.fromkeys(page.account for page in PAGES)
    visitors = {
        account: stack.enter_context(visit_service(service, account))
        if account is not None
        else Visitor(stack.enter_context(httpx.Client(base_url=service.address, timeout=120, trust_env=False)))
        for account in accounts
    }
    style = visitors[None].open_page("/sign-in").find_elements("link[rel=stylesheet]")[0].get("href")
    times: dict[tuple[str | None, str], list[float]] = {(page.account, page.address): [] for page in PAGES}
    floor = []
    for repetition in range(repetitions + 1):
        for page in PAGES:
            seconds = _time_page(visitors[page.account], page.fill_address(state), page.status)
            if repetition:  # the first time, templates are compiled
                times[page.account, page.address].append(seconds)
                floor.append(_time_page(visitors[page.account], style))
    every = [seconds for durations in times.values() for seconds in durations]
    note = f"{len(PAGES)} pages"
    yield Figure("all pages, p50", median(every), "s", median(floor), "a static file", note=note)
    p95 = _p95(every)
    yield Figure("all pages, p95", p95, "s", _p95(floor), "a static file", "≤ 0.2 s", p95 <= PAGE_TARGET, note)
    for account in accounts:
        opened = [seconds for (who, _), durations in times.items() if who == account for seconds in durations]
        person = f"by {account}" if account else "without signing in"
        yield Figure(f"… opened {person}, p95", _p95(opened), "s", note=f"{len(opened)} times")
    slowest = sorted(times, key=lambda page: -median(times[page]))[:SLOWEST]
    for account, address in slowest:
        yield Figure(f"… {address} as {account}", median(times[account, address]), "s")


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


def _time_page(visitor: Visitor, address: str, expected: int = 200) -> float:
    began = time.perf_counter()
    status = visitor.open_page(address).status
    duration = time.perf_counter() - began
    if status != expected:
        raise SystemExit(f"{address} answered {status} instead of {expected}")
    return duration


def _p95(values: list[float]) -> float:
    return quantiles(values, n=20, method="inclusive")[-1] if len(values) > 1 else values[0]
