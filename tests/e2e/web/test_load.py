"""Twenty people hand in at once: all are answered, nobody is refused for load, and the service does not swell.

The figures are printed (`-s`); `python -m benchmarks --only uploading` measures the same without a test.
"""

from __future__ import annotations

import time
from contextlib import ExitStack
from statistics import median

import pytest
from playwright.sync_api import Browser, expect

from tests.support.service import running
from tests.support.service.in_browser import PATIENCE, signed_in
from tests.support.service.load import ANSWERED, WATCH_PAGE, at_once, p95
from tests.support.service.running import SENDERS, Service

pytestmark = pytest.mark.slow
PEOPLE = 20
P95 = 15.0
ROUNDS = 3
MEGABYTES = 1500
"""What the service with all its reading processes may hold at most after the rounds."""


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


@pytest.mark.browser
def test_twenty_people_hand_in_on_their_pages_at_once(service: Service, browser: Browser) -> None:
    """Twenty contexts of one Chromium, each signed in as another account; the click is the moment the file is given."""
    running.warm(service)
    with ExitStack() as stack:
        pages = {account: stack.enter_context(signed_in(browser, service, account)) for account in SENDERS}
        for page in pages.values():
            page.goto(f"{service.address}/upload")
        for page in pages.values():
            page.locator("input[type=file]").wait_for(state="attached", timeout=PATIENCE)
            page.evaluate(WATCH_PAGE)
        before, used, began = service.megabytes(), service.seconds(), time.perf_counter()
        for number, (account, page) in enumerate(pages.items()):
            path = running.newest(account)
            data = running.other_bytes(path, 40 + (9 if account == "sender" else 0))
            content = {"name": path.name, "mimeType": "application/octet-stream", "buffer": data}
            page.locator("input[type=file]").set_input_files([content])
            assert number < PEOPLE
        taken, first = [], []
        for account, page in pages.items():
            page.locator(ANSWERED).wait_for(state="attached", timeout=PATIENCE)
            times = page.evaluate("window.rti")
            taken.append((times["answered"] - times["given"]) / 1000)
            if times["first"]:
                first.append((times["first"] - times["given"]) / 1000)
            expect(page.get_by_role("button", name="Yes, this is right: show the validation report")).to_be_visible()
            expect(page.get_by_text("Nothing was saved")).to_have_count(0)
            assert account
        took, used = time.perf_counter() - began, service.seconds() - used
        print(
            f"\nmemory before: {before:.0f} MB; {took:.1f} s in all, the service used {used:.1f} s of processor", end=""
        )
        said(f"{PEOPLE} people on their pages, until the answer stands", taken, service)
        if first:
            said("... until the first findings stand", first, service)
        assert len(taken) == PEOPLE
        assert p95(taken) <= P95
        assert service.megabytes() < MEGABYTES
