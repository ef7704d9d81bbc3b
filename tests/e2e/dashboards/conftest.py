"""The public app, started once a session and ended by its own process id, and pages of it."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from tests.support.service.public_app import FORGET, PATIENCE, run_public_app, wait_until_settled

if TYPE_CHECKING:
    from playwright.sync_api import Browser, BrowserContext, Page


@pytest.fixture(scope="session", autouse=True)
def _patience() -> None:
    from playwright.sync_api import expect

    expect.set_options(timeout=PATIENCE)


@pytest.fixture(scope="session")
def public_app(built_home: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """Address of the public app on the session's home."""
    with run_public_app(built_home, tmp_path_factory.mktemp("app") / "public.log") as address:
        yield address


@pytest.fixture(scope="module")
def visitor(browser: Browser) -> Iterator[BrowserContext]:
    """A browser that keeps the scripts it has loaded, and nothing else: each load begins like a first visit.

    Measured with four pages: 2.6 s of processor time a page, 3.4 s with a context for each.
    """
    context = browser.new_context()
    context.add_init_script(FORGET)
    yield context
    context.close()


@pytest.fixture
def open_page(visitor: BrowserContext, public_app: str) -> Iterator[Callable[..., Page]]:
    """Open a path of the public app at a width; ends with a check that nothing was asked of another host."""
    strange: list[str] = []
    pages: list[Page] = []

    def note(url: str) -> None:
        if not url.startswith((public_app, public_app.replace("http", "ws", 1), "data:", "blob:")):
            strange.append(url)

    def open_at(path: str = "", width: int = 1280, height: int = 900) -> Page:
        visitor.clear_cookies()
        page = visitor.new_page()
        page.set_viewport_size({"width": width, "height": height})
        pages.append(page)
        page.on("request", lambda request: note(request.url))
        page.on("websocket", lambda socket: note(socket.url))
        page.goto(f"{public_app}/{path}")
        wait_until_settled(page)
        return page

    yield open_at
    for page in pages:
        page.close()
    assert not strange, f"asked of other hosts: {strange}"
