"""The static public pages of a running service with a release of ten years; `explorer.py` measures those to explore.

A static page is opened in a browser with an empty cache, at full speed and as on a slow line (1.6 Mbit/s, 150 ms). A
reader is an HTTP client that opens one page each second, without its pictures and files. The floor of a page is the
style sheet, which is sent from memory as well.
"""

from __future__ import annotations

import re
import threading
import time
from collections.abc import Iterator, Sequence
from contextlib import closing
from dataclasses import dataclass
from pathlib import Path
from statistics import median, quantiles
from typing import TYPE_CHECKING

from benchmarks import decade, history
from benchmarks.registry import Figure, Setting, register_benchmark

if TYPE_CHECKING:
    from playwright.sync_api import Browser

PAGES = (
    "index.html", "territories.html", "territory-ba.html", "indicator-convicted-first.html", "victims.html",
    "sentences.html", "quality.html", "methodology.html",
)  # fmt: skip
LANGUAGES = ("en", "sr-Cyrl")
MOST_BYTES, MOST_REQUESTS = 150_000, 10
LOCAL_TARGET, SLOW_TARGET, READER_TARGET = 0.5, 2.5, 1.0
"""Bytes of a page and its requests, and seconds from the issue: first contentful paint here and
on a slow line, and p95 of fifty readers. With ten years, the largest page had 142,561: Serbia, in Cyrillic letters."""
_SLOW = {"offline": False, "latency": 150, "downloadThroughput": 200_000, "uploadThroughput": 200_000}
"""A line of 1.6 Mbit/s with 150 ms, as Chromium's network conditions: milliseconds, and bytes in a second."""
_PAINT = """() => new Promise(resolve => {
  const find = () => performance.getEntriesByName("first-contentful-paint")[0];
  if (find()) return resolve(find().startTime);
  new PerformanceObserver(() => find() && resolve(find().startTime)).observe({type: "paint", buffered: true});
})"""
_LOADED = re.compile(r'<(?:link rel="stylesheet" href|script[^>]* src|img[^>]* src)="([^"]+)"')
"""Addresses of the files that a page loads."""
_MOST_REPETITIONS = 3
"""Repetitions of what a browser opens, so that all of this takes minutes."""
READERS, ROUNDS, PAUSE = 50, 10, 1.0
"""Readers, pages that each opens, and seconds for which each reads one."""


@dataclass(frozen=True)
class Opened:
    """Requests of one opened page, the bytes that were received, and seconds to its first paint."""

    requests: int
    received: int
    painted: float


@register_benchmark("front", "the static pages of a release of ten years, in a browser and for 50 readers")
def measure_public_pages(setting: Setting) -> Iterator[Figure]:
    """Measure the static pages of a release of ten years, or of the demonstration's years in the short run."""
    from playwright.sync_api import sync_playwright

    from tests.support.chromium import find_chromium
    from tests.support.service.public_app import run_public_app

    years = decade.YEARS if max(setting.scales) > 1 else history.CYCLE
    home, built = decade.publish_release(setting, years)
    yield Figure(
        f"building the pages of {years} years, processor", built["processor"], "s", note=f"{built['files']:.0f} files"
    )
    yield from measure_files(home / "public" / "current" / "pages")
    paths = [f"{language}/{page}" for language in LANGUAGES for page in PAGES]
    with run_public_app(home, setting.scratch / "front.log") as address:
        _open_with_client(address, paths)
        with sync_playwright() as playwright:
            chromium = playwright.chromium.launch(
                executable_path=find_chromium(), args=["--no-sandbox", "--disable-gpu"]
            )
            with closing(chromium) as browser:
                repetitions = min(setting.repetitions, _MOST_REPETITIONS)
                yield from _measure_browser(browser, address, paths, repetitions)
        yield from _measure_readers(address, paths)


def measure_files(folder: Path) -> Iterator[Figure]:
    """Measure every page of a release as its files are, before compression: this does not depend on the machine."""
    sizes, requests = [], []
    shared = {path.name: path.stat().st_size for path in folder.glob("*.*")}
    for path in folder.rglob("*.html"):
        names = {address.rpartition("/")[2] for address in _LOADED.findall(path.read_text(encoding="utf-8"))}
        sizes.append(path.stat().st_size + sum(shared[name] for name in names))
        requests.append(1 + len(names))
    yield Figure(
        f"bytes before compression, largest of {len(sizes)} pages", max(sizes) / 1000, "kB",
        target="≤ 150 kB", reached=max(sizes) <= MOST_BYTES,
    )  # fmt: skip
    yield Figure(
        f"requests, most of {len(sizes)} pages", max(requests), "requests",
        target="≤ 10", reached=max(requests) <= MOST_REQUESTS,
    )  # fmt: skip


def _measure_browser(browser: Browser, address: str, paths: Sequence[str], repetitions: int) -> Iterator[Figure]:
    _open_page(browser, f"{address}/{paths[0]}")  # The first page of a browser also starts its processes.
    local = [_open_page(browser, f"{address}/{path}") for _ in range(repetitions) for path in paths]
    slow = [_open_page(browser, f"{address}/{path}", is_slow=True) for path in paths]
    largest, most = max(each.received for each in local), max(each.requests for each in local)
    yield Figure(
        "bytes of a page with its style sheet and script, largest", largest / 1000, "kB",
        target="≤ 150 kB", reached=largest <= MOST_BYTES,
    )  # fmt: skip
    yield Figure("requests of a page, most", most, "requests", target="≤ 10", reached=most <= MOST_REQUESTS)
    for name, opened, target, words in (
        ("first contentful paint", local, LOCAL_TARGET, "≤ 0.5 s"),
        ("first contentful paint at 1.6 Mbit/s and 150 ms", slow, SLOW_TARGET, "≤ 2.5 s"),
    ):
        times = [each.painted for each in opened]
        yield Figure(f"{name}, p50 of {len(times)}", median(times), "s")
        yield Figure(f"{name}, longest", max(times), "s", target=words, reached=max(times) <= target)


def _open_page(browser: Browser, address: str, *, is_slow: bool = False) -> Opened:
    """Open a page with an empty cache."""
    context = browser.new_context()
    page = context.new_page()
    session = context.new_cdp_session(page)
    session.send("Network.enable")
    if is_slow:
        session.send("Network.emulateNetworkConditions", _SLOW)
    lengths: list[float] = []
    session.on("Network.loadingFinished", lambda event: lengths.append(event["encodedDataLength"]))
    page.goto(address, wait_until="load")
    painted = float(page.evaluate(_PAINT)) / 1000
    context.close()
    return Opened(len(lengths), round(sum(lengths)), painted)


def _measure_readers(address: str, paths: Sequence[str]) -> Iterator[Figure]:
    """Measure how long readers wait who open pages at the same time; each starts with another page."""
    import httpx

    times: list[float] = []
    faults: list[str] = []

    def read_pages(number: int) -> None:
        with httpx.Client(timeout=30, headers={"Accept-Encoding": "gzip"}) as client:
            time.sleep(PAUSE * number / READERS)
            for place in range(ROUNDS):
                path = paths[(number + place) % len(paths)]
                began = time.perf_counter()
                try:
                    answer = client.get(f"{address}/{path}")
                except httpx.HTTPError as error:
                    faults.append(str(error))
                    continue
                times.append(time.perf_counter() - began)
                if answer.status_code != 200:
                    faults.append(f"{path}: {answer.status_code}")
                time.sleep(PAUSE)

    threads = [threading.Thread(target=read_pages, args=(number,)) for number in range(READERS)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    if faults:
        raise SystemExit(f"{len(faults)} of {READERS * ROUNDS} requests failed: {faults[0]}")
    floor = _open_with_client(address, [_find_style(address)] * 20)
    p95 = quantiles(times, n=20, method="inclusive")[-1]
    yield Figure(
        f"{READERS} readers, p95", p95, "s", median(floor), "the style sheet, alone", "≤ 1 s", p95 <= READER_TARGET,
        f"{len(times)} pages",
    )  # fmt: skip


def _find_style(address: str) -> str:
    import re

    import httpx

    match = re.search(r'href="\.\./(style-[^"]+)"', httpx.get(f"{address}/en/").text)
    if match is None:
        raise SystemExit("the home page has no style sheet")
    return match[1]


def _open_with_client(address: str, paths: Sequence[str]) -> list[float]:
    """Open pages one after the other; return the seconds for each."""
    import httpx

    times = []
    with httpx.Client(headers={"Accept-Encoding": "gzip"}) as client:
        for path in paths:
            began = time.perf_counter()
            client.get(f"{address}/{path}").raise_for_status()
            times.append(time.perf_counter() - began)
    return times
