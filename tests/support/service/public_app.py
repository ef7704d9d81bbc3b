"""Run the public app of a home as a separate process, and wait for its pages in a browser."""

from __future__ import annotations

import os
import subprocess
import sys
import time
import urllib.request
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING

from tests.support.paths import ROOT
from tests.support.ports import free_port

if TYPE_CHECKING:
    from playwright.sync_api import Page

PUBLIC_APP = [sys.executable, "-m", "dashboards.public.app"]
"""Command that starts the public app; a port is added to it."""
_LONGEST_START = 180.0
PATIENCE = 60_000
"""Milliseconds that a screen may take on a busy machine; on an idle one it takes one or two seconds.

The expectations do not change with it; Playwright's default of five seconds assumes an idle machine."""

FORGET = "if (!window.name) { localStorage.clear(); window.name = 'visited'; }"
"""Script for a browser context that several tests share: a new page begins like a first visit."""


@contextmanager
def run_public_app(home: Path, log: Path) -> Iterator[str]:
    """Run the public app of a home on a free port of the loopback, yield its address and end the process."""
    port = free_port()
    address = f"http://127.0.0.1:{port}"
    command = [*PUBLIC_APP, "--port", str(port)]
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


_IS_SETTLED = """() => {
    const app = document.querySelector("[data-testid=stApp]");
    return app && app.dataset.testScriptState === "notRunning"
        && !document.querySelector("[data-testid=stStatusWidget]")
        && document.querySelector(".rti-foot")?.checkVisibility();
}"""
_WAIT = """([patience, argument]) => new Promise((resolve, reject) => {
    const end = performance.now() + patience;
    const isTrue = CONDITION;
    const look = () => {
        try {
            if (isTrue(argument)) resolve();
            else if (performance.now() > end) reject(new Error("never true: " + isTrue));
            else setTimeout(look, 20);
        } catch (error) {
            reject(error);
        }
    };
    look();
})"""


def wait_until(page: Page, condition: str, argument: object = None) -> None:
    """Wait until a function of the page returns true for an argument.

    The page itself asks every 20 ms. Playwright's expectations ask after 100, 350 and 850 ms and then every second,
    so that a test waits for up to a second after the page is there. `wait_for_function` would evaluate a string, which
    the pages' content policy forbids.
    """
    from playwright.sync_api import Error

    while True:
        try:
            page.evaluate(_WAIT.replace("CONDITION", condition), [PATIENCE, argument])
            return
        except Error as error:
            # The page has led to another one, which is asked instead.
            if "Execution context was destroyed" not in error.message:
                raise


def wait_until_settled(page: Page) -> None:
    """Wait until the script of an open page has finished.

    The footer shows that the script has started. It may be drawn before the sidebar, and the status widget appears
    only some time after the script starts, so that neither of them alone shows that the script has finished.
    """
    wait_until(page, _IS_SETTLED)
