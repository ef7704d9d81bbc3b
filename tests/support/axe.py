"""Check pages in a browser with axe, an accessibility checker."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from playwright.sync_api import Page

SERIOUS = ("serious", "critical")


def find_violations(page: Page) -> list[dict[str, Any]]:
    """Return the violations that axe finds on a page, each with its rule, impact and elements.

    A document receives the script of axe (570 kB) once. Only violations are returned: the full result of a page has
    megabytes of rules that passed.
    """
    from axe_playwright_python.base import AXE_SCRIPT

    if not page.evaluate("'axe' in window"):
        page.evaluate(AXE_SCRIPT)
    violations: list[dict[str, Any]] = page.evaluate(
        "axe.run({resultTypes: ['violations']}).then(result => result.violations)"
    )
    return violations
