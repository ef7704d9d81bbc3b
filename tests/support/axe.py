"""Check pages in a browser with axe, an accessibility checker."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from playwright.sync_api import Page

SERIOUS = ("serious", "critical")
NEVER_SERIOUS = ("region", "empty-table-header")
"""Rules of lower impact that take up to a fifth of the time of all rules; `test_portal.py` checks their impact."""


def find_violations(page: Page, *, without: Sequence[str] = ()) -> list[dict[str, Any]]:
    """Return the violations that axe finds on a page, each with its rule, impact and elements.

    A document receives the script of axe (570 kB) once. Only violations are returned: the full result of a page has
    megabytes of rules that passed. The rules `without` are not run.
    """
    from axe_playwright_python.base import AXE_SCRIPT

    if not page.evaluate("'axe' in window"):
        page.evaluate(AXE_SCRIPT)
    options = {"resultTypes": ["violations"], "rules": {rule: {"enabled": False} for rule in without}}
    violations: list[dict[str, Any]] = page.evaluate(
        "options => axe.run(options).then(result => result.violations)", options
    )
    return violations


def find_serious_violations(page: Page) -> list[dict[str, Any]]:
    """Return the violations of serious or critical impact."""
    violations = find_violations(page, without=NEVER_SERIOUS)
    return [violation for violation in violations if violation["impact"] in SERIOUS]
