"""Time what people at a service wait for: many uploads at once, and one on the page of uploads."""

from __future__ import annotations

import threading
import time
from statistics import quantiles

import httpx
from playwright.sync_api import Page

from tests.support.service import running
from tests.support.service.in_browser import PATIENCE


def p95(values: list[float]) -> float:
    return quantiles(values, n=20, method="inclusive")[-1]


def watched(page: Page, name: str, data: bytes) -> dict[str, float]:
    """Give a file to a page of uploads and wait for its answer; the moments, in milliseconds of that page."""
    page.evaluate(WATCH_PAGE)
    page.locator("input[type=file]").set_input_files(
        [{"name": name, "mimeType": "application/octet-stream", "buffer": data}]
    )
    page.locator(ANSWERED).wait_for(state="attached", timeout=PATIENCE)
    times: dict[str, float] = page.evaluate("window.rti")
    return times


WATCH_PAGE = """() => {
    window.rti = {given: 0, first: 0, answered: 0};
    delete document.documentElement.dataset.answered;
    document.querySelector('input[type=file]').addEventListener('change', () => { rti.given = performance.now(); });
    const look = () => {
        const said = document.querySelector('[data-testid=stMain]').textContent;
        if (!rti.first && /so far/.test(said)) rti.first = performance.now();
        if (!rti.answered && /This is what we read/.test(said)) {
            rti.answered = performance.now();
            document.documentElement.dataset.answered = 'yes';
        }
    };
    new MutationObserver(look).observe(document.body, {childList: true, subtree: true, characterData: true});
}"""
"""Times in the page itself: the file is given, the first findings stand, the answer stands."""
ANSWERED = "html[data-answered]"
"""Waited for by its mark: Playwright evaluates the text of a condition, which the pages' content policy forbids."""


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
