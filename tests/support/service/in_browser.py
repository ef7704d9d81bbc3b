"""Somebody in a browser, signed in by the demonstration's password."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from playwright.sync_api import Browser, Page

    from tests.support.service.running import Service

PATIENCE = 120_000


def password(service: Service) -> str:
    """The one password of a demonstration's accounts."""
    told = (service.home.restricted / "demonstration-accounts.txt").read_text(encoding="utf-8")
    return next(line for line in told.splitlines() if line.startswith("password: ")).removeprefix("password: ")


@contextmanager
def signed_in(browser: Browser, service: Service, account: str) -> Iterator[Page]:
    """A page of the portal in a browser context of its own."""
    context = browser.new_context(viewport={"width": 1280, "height": 900}, locale="en-GB")
    try:
        page = context.new_page()
        page.goto(f"{service.address}/sign-in")
        page.get_by_label("Account").fill(account, timeout=PATIENCE)
        page.get_by_label("Password").fill(password(service))
        page.get_by_role("button", name="Sign in").click()
        page.locator(".rti-head-who").wait_for(timeout=PATIENCE)
        yield page
    finally:
        context.close()
