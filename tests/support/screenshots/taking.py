"""Open one browser and take pictures of whole pages, for the public pages and those of the offices."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING

from tests.support.chromium import FLAGS, find_chromium

if TYPE_CHECKING:
    from playwright.sync_api import Browser, Page

HEIGHT = 900
"""Pixels of the window; a picture is as high as its page."""
LONGEST_WAIT = 300_000
"""Milliseconds for one picture: those of the longest pages take minutes on a machine with much other work."""


@contextmanager
def open_browser() -> Iterator[Browser]:
    """Yield the browser that takes all pictures. Raises RuntimeError without a Chromium."""
    from playwright.sync_api import sync_playwright

    chromium = find_chromium()
    if chromium is None:
        raise RuntimeError("There is no Chromium for the pictures: run `make browser`.")
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=chromium, args=list(FLAGS))
        try:
            yield browser
        finally:
            browser.close()


def set_width(page: Page, width: int) -> None:
    """Set the width of a page's window, in pixels."""
    page.set_viewport_size({"width": width, "height": HEIGHT})


def take_widths(page: Page, target: Path, widths: Sequence[int], suffix: str = "") -> list[Path]:
    """Take the whole page that is shown at each width, as `<target>-<width><suffix>.png`; return the files.

    A page that is wider than its window is reported: its picture is wider, too.
    """
    files = []
    for width in widths:
        set_width(page, width)
        files.append(target.with_name(f"{target.name}-{width}{suffix}.png"))
        page.screenshot(path=files[-1], full_page=True, timeout=LONGEST_WAIT)
        if (needed := page.evaluate("document.documentElement.scrollWidth")) > width:
            print(f"{files[-1]}: the page needs {needed} pixels", flush=True)
    return files
