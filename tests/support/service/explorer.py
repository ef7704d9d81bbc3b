"""Follow the explorer's menu in a browser, and read the choices in its address."""

from __future__ import annotations

from typing import TYPE_CHECKING
from urllib.parse import parse_qs, urlparse

from dashboards.public.menu import PAGES, compose_title
from tests.support.service.public_app import wait_until, wait_until_settled

if TYPE_CHECKING:
    from playwright.sync_api import Page


def read_query(page: Page) -> dict[str, str]:
    """Return the choices in the address of a page."""
    return {key: values[0] for key, values in parse_qs(urlparse(page.url).query).items()}


def follow_menu(page: Page, path: str) -> None:
    """Follow a link of the menu and wait for its page."""
    menu = page.get_by_role("navigation", name="Pages")
    summary = menu.get_by_text("Menu", exact=True)
    if summary.is_visible():
        summary.click()
    menu.get_by_role("link", name=PAGES[path], exact=True).click()
    wait_for_page(page, path)


def wait_for_page(page: Page, path: str) -> None:
    """Wait until a page has its title and its script has finished."""
    wait_until(page, "title => document.title === title", compose_title(path))
    wait_until_settled(page)
