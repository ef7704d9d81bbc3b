"""The pages to explore figures of a running service: the first useful page, redrawing, fifty readers, memory.

A first page is opened in a browser with an empty cache, until its first table is there. Then each control of each page
is changed; a page is redrawn when its table has changed. A reader is a client of the service's WebSocket: it opens a
page every five seconds in one session, as the links of the pages do, and draws nothing.
"""

from __future__ import annotations

import threading
import time
from collections.abc import Iterator, Sequence
from contextlib import closing
from itertools import product
from pathlib import Path
from statistics import median, quantiles
from typing import TYPE_CHECKING, Any

from benchmarks import decade, history, measuring
from benchmarks.registry import Figure, Setting, register_benchmark

if TYPE_CHECKING:
    from playwright.sync_api import Browser, Locator, Page

FIRST_TARGET, FILTER_TARGET, READER_TARGET, MEMORY_TARGET = 1.8, 0.3, 1.0, 30.0
"""Seconds to the first useful page, from a filter to the redrawn table (p95), of fifty readers (p95), and megabytes of
a session, from the issue."""
FIRST_PAGES = ("region", "compare", "territory", "victims")
MOST_CHANGES = 14
"""Changes of controls that are measured on one page; half of them change back."""
READERS, ROUNDS, PAUSE = 50, 6, 5.0
"""Readers, pages that each opens in its session, and seconds for which each reads one."""
_MOST_REPETITIONS = 3
"""Repetitions of what a browser opens first, so that all of this takes minutes."""
_CONTROLS = 1000
"""Milliseconds for the scripts of controls, which a browser loads after the first of their kind."""
_PATIENCE = 30.0
"""Seconds after which a reader gives up."""
_CONTENT = ".rti-table, .rti-facts"
_TABLES = (b'class="rti-table', b'class="rti-facts')
_FIRST_CONTENT = f"""() => new Promise(done => {{
  const look = () => document.querySelector("{_CONTENT}") ? done(performance.now()) : requestAnimationFrame(look);
  look();
}})"""
_CHANGE = """element => new Promise(done => {
  const main = document.querySelector("[data-testid=stMain]"), app = document.querySelector("[data-testid=stApp]");
  const inTable = node => node instanceof Element
    && (node.closest(".rti-table, .rti-facts") || node.querySelector(".rti-table, .rti-facts"));
  const began = performance.now();
  let first = 0, last = 0;
  const watcher = new MutationObserver(changes => {
    last = performance.now();
    if (!first && changes.some(change => [...change.addedNodes].some(inTable)
        || (change.type === "characterData" && inTable(change.target.parentElement)))) first = last;
  });
  watcher.observe(main, { childList: true, subtree: true, characterData: true });
  const look = () => {
    const now = performance.now(), isQuiet = app.dataset.testScriptState === "notRunning" && now - last > 300;
    if ((last && isQuiet) || now - began > 5000) {
      watcher.disconnect();
      done({ first: first && first - began, last: last && last - began });
    } else setTimeout(look, 20);
  };
  element.click();
  look();
})"""
"""Click an element; return the milliseconds until a table was redrawn (0 if none was) and until the last change."""


@register_benchmark("explorer", "the pages to explore figures of a release of ten years, and 50 readers in sessions")
def measure_service(setting: Setting) -> Iterator[Figure]:
    """Measure the pages to explore of a release of ten years, or of the demonstration's years in the short run."""
    from playwright.sync_api import sync_playwright

    from tests.support.chromium import FLAGS, find_chromium
    from tests.support.service.public_app import run_public_app

    years = decade.YEARS if max(setting.scales) > 1 else history.CYCLE
    home, _ = decade.publish_release(setting, years)
    with run_public_app(home, setting.scratch / "explorer.log") as address:
        with sync_playwright() as playwright:
            chromium = playwright.chromium.launch(executable_path=find_chromium(), args=list(FLAGS))
            with closing(chromium) as browser:
                yield from measure_explorer(browser, address, min(setting.repetitions, _MOST_REPETITIONS))
        yield from measure_readers(address)


def measure_explorer(browser: Browser, address: str, repetitions: int) -> Iterator[Figure]:
    """Measure the pages in a browser."""
    times = {page: [_open_first(browser, f"{address}/{page}") for _ in range(repetitions)] for page in FIRST_PAGES}
    slowest = max(times, key=lambda page: median(times[page]))
    yield Figure(
        f"explorer, first useful page, slowest of {len(times)} pages (medians of {repetitions})",
        median(times[slowest]), "s", target="≤ 1.8 s", reached=median(times[slowest]) <= FIRST_TARGET, note=slowest,
    )  # fmt: skip
    for page, measured in _measure_filters(browser, address).items():
        redrawn = [first for first, _ in measured if first]
        if measured and not redrawn:
            raise SystemExit(f"no control of {page} changed a table")
        if not redrawn:
            continue  # It has no controls.
        p95 = _find_p95(redrawn)
        whole = _find_p95([last for _, last in measured if last])
        yield Figure(
            f"explorer, {page}: filter to redrawn table, p95 of {len(redrawn)}", p95, "s",
            target="≤ 0.3 s", reached=p95 <= FILTER_TARGET, note=f"all of the page: {whole:.2f} s",
        )  # fmt: skip


def _find_p95(values: Sequence[float]) -> float:
    return quantiles(values, n=20, method="inclusive")[-1] if len(values) > 1 else values[0]


def _open_first(browser: Browser, address: str) -> float:
    """Return the seconds from a request to the first table, with an empty cache."""
    with closing(browser.new_context()) as context:
        page = context.new_page()
        page.goto(address, wait_until="commit")
        return float(page.evaluate(_FIRST_CONTENT)) / 1000


def _measure_filters(browser: Browser, address: str) -> dict[str, list[tuple[float, float]]]:
    """Return the seconds to the redrawn table and to the last change after each change of a control, by page."""
    from dashboards.public.menu import PAGES
    from tests.support.service.public_app import wait_until_settled

    measured: dict[str, list[tuple[float, float]]] = {}
    with closing(browser.new_context(viewport={"width": 1280, "height": 900})) as context:
        page = context.new_page()
        for name in PAGES:
            page.goto(f"{address}/{name}")
            wait_until_settled(page)
            page.wait_for_timeout(_CONTROLS)
            if name == "source":
                # Only a figure has a page of its own.
                page.goto(f"{address}/region")
                wait_until_settled(page)
                page.locator(".rti-table td a").first.click()
                page.wait_for_url("**/source*")
                wait_until_settled(page)
            measured[name] = []
            for change in _list_changes(page):
                result: dict[str, float] = change.evaluate(_CHANGE)
                measured[name].append((result["first"] / 1000, result["last"] / 1000))
                wait_until_settled(page)
    if not all(measured[name] for name in FIRST_PAGES):
        raise SystemExit("a page has no control")
    return measured


def _list_changes(page: Page) -> Iterator[Locator]:
    """Yield what to click: another option of each control, then the first one again."""
    n_changes = 0
    groups = page.get_by_test_id("stButtonGroup")
    for place in range(groups.count()):
        options = groups.nth(place).get_by_role("radio")
        checked = options.evaluate_all("all => all.findIndex(e => e.ariaChecked === 'true')")
        for option in (0 if checked else 1, checked):
            # A change can remove the controls after it.
            if n_changes < MOST_CHANGES and option >= 0 and options.nth(option).is_visible():
                n_changes += 1
                yield options.nth(option)
    boxes = page.get_by_test_id("stSelectbox")
    for place in range(boxes.count()):
        for option in (1, 0):
            if n_changes >= MOST_CHANGES or place >= boxes.count():
                return
            boxes.nth(place).get_by_role("combobox").click()
            choice = page.get_by_role("option").nth(option)
            if choice.count():
                n_changes += 1
                yield choice
            else:
                page.keyboard.press("Escape")


def measure_readers(address: str) -> Iterator[Figure]:
    """Measure how long readers wait who open pages at the same time, and the memory of their sessions."""
    paths = ("region", "compare", "territory", "durations", "victims", "published", "quality", "about")
    # A page of a crime without figures has no table.
    has_table: dict[tuple[str, str], bool] = {}
    for path, crime in product(paths, ("TIP", "SOM")):
        with closing(_Reader(address)) as reader:
            has_table[path, crime] = reader.open_page(path, f"crime={crime}")
    if not all(has_table[path, "TIP"] for path in paths):
        raise SystemExit("a page has no table")
    before = _measure_service()
    readers = [_Reader(address) for _ in range(READERS)]
    times: list[float] = []
    faults: list[str] = []

    def read_pages(number: int) -> None:
        time.sleep(PAUSE * number / READERS)
        for place in range(ROUNDS):
            crime = ("TIP", "SOM")[number % 2]
            began = time.perf_counter()
            try:
                path = paths[(number + place) % len(paths)]
                if readers[number].open_page(path, f"crime={crime}") != has_table[path, crime]:
                    raise RuntimeError(f"{path} has no table")
            except (OSError, RuntimeError) as error:
                faults.append(repr(error))
                return
            times.append(time.perf_counter() - began)
            time.sleep(PAUSE)

    threads = [threading.Thread(target=read_pages, args=(number,)) for number in range(READERS)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    grown = (_measure_service() - before) / READERS
    for reader in readers:
        reader.close()
    if faults:
        raise SystemExit(f"{len(faults)} of {READERS} readers had an error: {faults[0]}")
    p95 = _find_p95(times)
    yield Figure(
        f"explorer, {READERS} readers, a page every {PAUSE:.0f} s, p95 of {len(times)} pages",
        p95,
        "s",
        target="≤ 1 s",
        reached=p95 <= READER_TARGET,
    )
    yield Figure("explorer, memory of a session", grown, "MB", target="≤ 30 MB", reached=grown <= MEMORY_TARGET)


def _measure_service() -> float:
    """Return the megabytes of the public service that this process has started."""
    commands = {pid: _read_command(pid) for pid in measuring.list_own_processes()}
    return sum(measuring.measure_memory(pid) for pid, command in commands.items() if "dashboards.public.app" in command)


def _read_command(pid: int) -> str:
    try:
        return Path(f"/proc/{pid}/cmdline").read_text(encoding="utf-8", errors="replace")
    except OSError:
        return ""


class _Reader:
    """A client of Streamlit's WebSocket, which sends what the browser sends when a link of a page is followed."""

    def __init__(self, address: str) -> None:
        from websockets.sync.client import connect
        from websockets.typing import Subprotocol

        url = address.replace("http", "ws", 1) + "/_stcore/stream"
        self.socket = connect(url, subprotocols=[Subprotocol("streamlit")], max_size=None)

    def open_page(self, name: str, query: str) -> bool:
        """Open a page, wait until it is drawn, and return True if it has a table; raise RuntimeError if it failed."""
        from streamlit.proto.BackMsg_pb2 import BackMsg
        from streamlit.proto.ForwardMsg_pb2 import ForwardMsg

        request: Any = BackMsg()
        request.rerun_script.query_string = query
        request.rerun_script.page_name = name
        request.rerun_script.is_history_navigation = True
        self.socket.send(request.SerializeToString())
        has_content = False
        while True:
            answer: Any = ForwardMsg()
            message = self.socket.recv(timeout=_PATIENCE)
            assert isinstance(message, bytes)
            answer.ParseFromString(message)
            has_content |= any(mark in message for mark in _TABLES)
            if answer.WhichOneof("type") == "delta" and answer.delta.new_element.WhichOneof("type") == "exception":
                raise RuntimeError(f"{name}: {answer.delta.new_element.exception.message}")
            if answer.WhichOneof("type") == "script_finished":
                if answer.script_finished == ForwardMsg.FINISHED_SUCCESSFULLY:
                    return has_content
                if answer.script_finished == ForwardMsg.FINISHED_WITH_COMPILE_ERROR:
                    raise RuntimeError(f"{name}: the script was not compiled")

    def close(self) -> None:
        self.socket.close()
