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


def wait_until_settled(page: Page) -> None:
    """Wait until the script of an open page has finished.

    The footer shows that the script has started. It may be drawn before the sidebar, and the status widget appears
    only some time after the script starts, so that neither of them alone shows that the script has finished.
    """
    from playwright.sync_api import expect

    page.locator(".rti-foot").wait_for(timeout=PATIENCE)
    expect(page.get_by_test_id("stApp")).to_have_attribute("data-test-script-state", "notRunning")
    expect(page.get_by_test_id("stStatusWidget")).to_have_count(0)
