"""Fixtures of the pages of the public app in a browser."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

import pytest

from tests.support.service.public_app import FORGET, PATIENCE, wait_until_settled
from tests.support.service.running import Service

if TYPE_CHECKING:
    from playwright.sync_api import Browser, BrowserContext, Page


@pytest.fixture(scope="session", autouse=True)
def _patience() -> None:
    from playwright.sync_api import expect

    expect.set_options(timeout=PATIENCE)


@pytest.fixture(scope="session")
def public_app(public: Service) -> str:
    """Address of the public app on the session's home."""
    return public.address


@pytest.fixture(scope="session")
def visitor(browser: Browser, public_app: str) -> Iterator[BrowserContext]:
    """A browser context that keeps only loaded scripts, so that each load starts like a first visit.

    Measured with four pages: 2.6 s of processor time per page, 3.4 s with a separate context for each. A page without
    scripts stays open, and with it the process that has compiled those of the others.

    The visitor prefers no motion: drawing how the placeholder of a page pulses until the page is there took up to half
    of that time. `test_frozen_release.py` and `test_reader_tasks.py` open pages with motion.
    """
    context = browser.new_context(reduced_motion="reduce")
    context.set_default_timeout(PATIENCE)
    context.new_page().goto(f"{public_app}/en/")
    context.add_init_script(FORGET)
    yield context
    context.close()


@dataclass
class Opener:
    """Opens paths of the public app at a width, and records the requests to other hosts."""

    visitor: BrowserContext
    address: str
    foreign_urls: list[str] = field(default_factory=list)
    pages: list[Page] = field(default_factory=list)

    def open_blank(self, width: int = 1280, height: int = 900) -> Page:
        """Return a page that has not opened any address."""
        self.visitor.clear_cookies()
        page = self.visitor.new_page()
        page.set_viewport_size({"width": width, "height": height})
        self.pages.append(page)
        page.on("request", lambda request: self._record_foreign_url(request.url))
        page.on("websocket", lambda socket: self._record_foreign_url(socket.url))
        return page

    def __call__(self, path: str = "region", width: int = 1280, height: int = 900) -> Page:
        page = self.open_blank(width, height)
        page.goto(f"{self.address}/{path}")
        wait_until_settled(page)
        return page

    def _record_foreign_url(self, url: str) -> None:
        if not url.startswith((self.address, self.address.replace("http", "ws", 1), "data:", "blob:")):
            self.foreign_urls.append(url)

    def close_pages(self) -> None:
        """Close all pages; check that no other host was contacted."""
        for page in self.pages:
            page.close()
        assert not self.foreign_urls, f"requests to other hosts: {self.foreign_urls}"


@pytest.fixture
def open_page(visitor: BrowserContext, public_app: str) -> Iterator[Callable[..., Page]]:
    """Open a path of the public app at a width; check at the end that no other host was contacted."""
    opener = Opener(visitor, public_app)
    yield opener
    opener.close_pages()


@pytest.fixture
def blank_page(visitor: BrowserContext, public_app: str) -> Iterator[Page]:
    """A page that has not opened any address; check at the end that no other host was contacted."""
    opener = Opener(visitor, public_app)
    yield opener.open_blank()
    opener.close_pages()


@pytest.fixture(scope="session")
def show_page(visitor: BrowserContext, public_app: str) -> Iterator[Callable[[str], Page]]:
    """Show a page of the public app that is loaded once, for tests that only look at it."""
    opener = Opener(visitor, public_app)
    loaded: dict[str, Page] = {}

    def show_path(path: str = "region") -> Page:
        if path not in loaded:
            loaded[path] = opener(path)
        loaded[path].bring_to_front()
        return loaded[path]

    yield show_path
    opener.close_pages()
