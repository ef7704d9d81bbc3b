"""Test that axe runs every rule of WCAG 2.2 AA, and finds the same with our time-savers as without."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest
from axe_playwright_python.base import AXE_SCRIPT

from tests.support import axe, sampling

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
WITHOUT_SAVING = """rules => axe.run({ rules }).then(({ violations }) => violations.map(
    ({ id, impact, nodes }) => ({ id, impact, nodes: nodes.map(({ html }) => ({ html })) })))"""
LEVELS = ("wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "wcag22a", "wcag22aa")
"""Tags of the rules of axe for criteria of WCAG 2.2, levels A and AA, by the version that brought them."""
LIST_RULES = """levels => axe.getRules(levels).filter(({ tags }) => !tags.includes("deprecated"))
    .map(({ ruleId }) => ruleId)"""
LIST_RUN = """rules => axe.run({ rules }).then(({ violations, passes, incomplete, inapplicable }) =>
    [violations, passes, incomplete, inapplicable].flat().map(({ id }) => id))"""
ROWS = "".join(f"<tr><th scope='row'>{row}</th>{'<td>1</td>' * 4}</tr>" for row in "abcd")
NOT_BY_DEFAULT = f"""<!doctype html><html lang="en"><head><title>Faults</title><style>
    .small {{ display: inline-block; font-size: 8px; line-height: 8px; height: 8px; width: 8px; overflow: hidden; }}
    @media (orientation: portrait) {{ html {{ transform: rotate(90deg); }} }}</style></head><body><main><h1>Faults</h1>
    <p style="font-size: 2em; font-weight: bold">Looks like a heading</p><p>{"A paragraph below it. " * 5}</p>
    <div><button class="small">a</button><button class="small">b</button></div>
    <button aria-label="Other words">Send the file</button>
    <table><tr><td colspan="5">A caption in a cell</td></tr>
    <tr><td>1</td><td>2</td><td>3</td><td>4</td><td>5</td></tr>{ROWS}</table>
    <table><tr><td>1</td><td>2</td><td>3</td><td>4</td></tr>{"<tr><td>1</td><td>2</td><td>3</td><td>4</td></tr>" * 3}
    </table></main></body></html>"""


@pytest.mark.sampled(turn=5)
def test_axe_finds_the_same_with_known_colours_and_without_html(browser: Browser) -> None:
    page = browser.new_page()
    page.set_content(HTML)
    page.evaluate(AXE_SCRIPT)
    expected = page.evaluate(WITHOUT_SAVING, axe.choose_rules())
    page.goto("about:blank")
    page.set_content(HTML)
    assert axe.find_violations(page) == axe.find_violations(page) == expected
    page.close()
    n_by_rule = {violation["id"]: len(violation["nodes"]) for violation in expected}
    assert n_by_rule["color-contrast"] > 15 and {"image-alt", "label", "button-name", "heading-order"} <= set(n_by_rule)


FIELDS = "<th scope='row'>Area</th><td>1</td><td><a href='#a'>2</a></td>"
WITH_ALIKE_ROWS = f"""<!doctype html><html lang="en"><head><title>Faults</title><style>
    .faint {{ color: #ccc; }} tr:nth-child(even) td {{ color: #bbb; }}</style></head><body><main><h1>Faults</h1><table>
    <caption>Figures</caption><thead><tr><th scope="col">Area</th><th scope="col">One</th><th scope="col">Two</th></tr>
    </thead><tbody>{f"<tr>{FIELDS}</tr>" * 8}<tr class="faint">{FIELDS}</tr>
    <tr>{FIELDS.replace("1", "<i>1</i>")}</tr><tr>{FIELDS.replace("2", "")}</tr></tbody></table></main></body></html>"""


def test_rows_that_are_alike_are_checked_once_and_others_always(
    browser: Browser, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Plant faults in every second row, in a row of another class, in a part of a field, and in an empty link."""
    page = browser.new_page()
    page.set_content(WITH_ALIKE_ROWS)
    sampled = axe.find_violations(page)
    monkeypatch.setattr(sampling, "_is_complete", True)
    whole = axe.find_violations(page)
    page.close()
    assert [violation["id"] for violation in sampled] == [violation["id"] for violation in whole]
    assert {"color-contrast", "link-name"} <= {violation["id"] for violation in whole}
    faults, all_faults = ([node["html"] for violation in violations for node in violation["nodes"]]
                          for violations in (sampled, whole))  # fmt: skip
    assert set(faults) == set(all_faults)
    assert len(faults) == len(all_faults) - 6, "the two faults of three rows that are like the second one"


def test_every_rule_of_the_claimed_levels_is_run(browser: Browser) -> None:
    page = browser.new_page()
    page.set_content(HTML)
    page.evaluate(AXE_SCRIPT)
    expected = set(page.evaluate(LIST_RULES, LEVELS))
    by_default = set(page.evaluate(LIST_RUN, {}))
    assert expected <= set(page.evaluate(LIST_RUN, axe.choose_rules()))
    page.close()
    assert expected - by_default == set(axe.WITHOUT_DEFAULT)


def test_rules_that_are_off_by_default_find_planted_faults(browser: Browser) -> None:
    page = browser.new_page(viewport={"width": 320, "height": 800})
    page.set_content(NOT_BY_DEFAULT)
    rules = {violation["id"] for violation in axe.find_violations(page)}
    without = {violation["id"] for violation in axe.find_violations(page, without=axe.WITHOUT_DEFAULT)}
    page.close()
    assert set(axe.WITHOUT_DEFAULT) <= rules
    assert not set(axe.WITHOUT_DEFAULT) & without
