"""Test that the accessibility checker finds the same with the time-savers of `tests/support/axe.py` as without."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest
from axe_playwright_python.base import AXE_SCRIPT

from tests.support import axe

if TYPE_CHECKING:
    from playwright.sync_api import Browser

pytestmark = pytest.mark.browser
GREYS = ("#777", "rgb(118 118 118)", "rgba(0, 0, 0, 0.4)", "hsl(0 0% 60%)", "oklch(0.7 0 0)", "silver", "black")
TEXTS = "".join(f'<p style="color: {grey}">On white and on grey</p>' for grey in GREYS)
HTML = f"""<!doctype html><html lang="en"><head><title>Faults</title></head><body><main><h1>Faults</h1>
    {TEXTS}<div style="background: #eee">{TEXTS}</div><div style="background: rgb(0 0 0 / 10%)">{TEXTS}</div>
    <div style="opacity: 0.5">{TEXTS}</div><div style="background: linear-gradient(red, blue)">{TEXTS}</div>
    <img src="data:,"><input><button></button><a href="#x"></a><h4>Two levels lower</h4>
    <ul><p>Not an item</p></ul><p id="a"></p><p id="a" role="nothing"></p></main></body></html>"""
WITHOUT_SAVING = """() => axe.run().then(({ violations }) => violations.map(
    ({ id, impact, nodes }) => ({ id, impact, nodes: nodes.map(({ html }) => ({ html })) })))"""


def test_axe_finds_the_same_with_known_colours_and_without_html(browser: Browser) -> None:
    page = browser.new_page()
    page.set_content(HTML)
    page.evaluate(AXE_SCRIPT)
    expected = page.evaluate(WITHOUT_SAVING)
    page.goto("about:blank")
    page.set_content(HTML)
    assert axe.find_violations(page) == axe.find_violations(page) == expected
    page.close()
    n_by_rule = {violation["id"]: len(violation["nodes"]) for violation in expected}
    assert n_by_rule["color-contrast"] > 15 and {"image-alt", "label", "button-name", "heading-order"} <= set(n_by_rule)
