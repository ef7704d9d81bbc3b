"""The public app, started once a session and ended by its own process id, and pages of it."""

from __future__ import annotations

import os
import subprocess
import sys
import time
import urllib.request
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from tests.support.paths import ROOT
from tests.support.ports import free_port

if TYPE_CHECKING:
    from playwright.sync_api import Browser, Page

_LONGEST_START = 180.0
PATIENCE = 60_000
"""Milliseconds that a screen may take on a machine which does other work: on one that does not it takes one or two
seconds. What is looked for is not another for it; Playwright's own five seconds are for a machine that idles."""


@contextmanager
def serving(home: Path, log: Path) -> Iterator[str]:
    """The public app of a home on a free port of the loopback; gives its address and ends the process it started."""
    port = free_port()
    address = f"http://127.0.0.1:{port}"
    command = [sys.executable, "-m", "dashboards.public.app", "--port", str(port)]
    environment = {**os.environ, "RTI_HOME": str(home)}
    with log.open("wb") as output:
        process = subprocess.Popen(command, cwd=ROOT, env=environment, stdout=output, stderr=output)
        try:
            _wait(address, process, log)
            yield address
        finally:
            process.terminate()
            try:
                process.wait(timeout=10)
            except subprocess.TimeoutExpired:
                process.kill()
                process.wait()


def _wait(address: str, process: subprocess.Popen[bytes], log: Path) -> None:
    began = time.monotonic()
    while time.monotonic() - began < _LONGEST_START:
        if process.poll() is not None:
            break
        try:
            with urllib.request.urlopen(f"{address}/_stcore/health", timeout=1):
                return
        except OSError:
            time.sleep(0.1)
    raise AssertionError(f"the public app did not start:\n{log.read_text(encoding='utf-8', errors='replace')[-2000:]}")


@pytest.fixture(scope="session", autouse=True)
def _patience() -> None:
    from playwright.sync_api import expect

    expect.set_options(timeout=PATIENCE)


def settled(page: Page) -> None:
    """Wait until the script of a page that was opened has run to its end.

    The foot says that it has begun: before that nothing runs, either. The foot may be drawn before the side bar, and
    the widget that says what runs is shown only some time after it runs, so that neither of them says the end.
    """
    from playwright.sync_api import expect

    page.locator(".rti-foot").wait_for(timeout=PATIENCE)
    expect(page.get_by_test_id("stApp")).to_have_attribute("data-test-script-state", "notRunning")
    expect(page.get_by_test_id("stStatusWidget")).to_have_count(0)


@pytest.fixture(scope="session")
def public_app(built_home: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """Address of the public app on the session's home."""
    with serving(built_home, tmp_path_factory.mktemp("app") / "public.log") as address:
        yield address


@pytest.fixture
def open_page(browser: Browser, public_app: str) -> Iterator[Callable[..., Page]]:
    """Open a path of the public app at a width; ends with a check that nothing was asked of another host."""
    strange: list[str] = []
    pages: list[Page] = []

    def note(url: str) -> None:
        if not url.startswith((public_app, public_app.replace("http", "ws", 1), "data:", "blob:")):
            strange.append(url)

    def open_at(path: str = "", width: int = 1280, height: int = 900) -> Page:
        page = browser.new_page(viewport={"width": width, "height": height})
        pages.append(page)
        page.on("request", lambda request: note(request.url))
        page.on("websocket", lambda socket: note(socket.url))
        page.goto(f"{public_app}/{path}")
        settled(page)
        return page

    yield open_at
    for page in pages:
        page.close()
    assert not strange, f"asked of other hosts: {strange}"
