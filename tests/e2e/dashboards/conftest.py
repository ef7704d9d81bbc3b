"""Fixtures of the public app, started once per session, and of its pages in a browser."""

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


@pytest.fixture(scope="session")
def visitor(browser: Browser, public_app: str) -> Iterator[BrowserContext]:
    """A browser context that keeps only loaded scripts, so that each load starts like a first visit.

    Measured with four pages: 2.6 s of processor time per page, 3.4 s with a separate context for each. A page without
    scripts stays open, and with it the process that has compiled those of the others.
    """
    context = browser.new_context()
    context.new_page().goto(f"{public_app}/en/")
    context.add_init_script(FORGET)
    yield context
    context.close()


@pytest.fixture
def open_page(visitor: BrowserContext, public_app: str) -> Iterator[Callable[..., Page]]:
    """Open a path of the public app at a width; check at the end that no other host was contacted."""
    foreign_urls: list[str] = []
    pages: list[Page] = []

    def record_foreign_url(url: str) -> None:
        if not url.startswith((public_app, public_app.replace("http", "ws", 1), "data:", "blob:")):
            foreign_urls.append(url)

    def open_at(path: str = "region", width: int = 1280, height: int = 900) -> Page:
        visitor.clear_cookies()
        page = visitor.new_page()
        page.set_viewport_size({"width": width, "height": height})
        pages.append(page)
        page.on("request", lambda request: record_foreign_url(request.url))
        page.on("websocket", lambda socket: record_foreign_url(socket.url))
        page.goto(f"{public_app}/{path}")
        wait_until_settled(page)
        return page

    yield open_at
    for page in pages:
        page.close()
    assert not foreign_urls, f"requests to other hosts: {foreign_urls}"
