"""Tests of the report as a page in a browser: axe, links and keyboard."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

from pipelines.office import answers
from tests.support import axe
from tests.support.fakes.answers_fakes import edit_workbook, report_of

if TYPE_CHECKING:
    from playwright.sync_api import Browser, Page

pytestmark = pytest.mark.browser


def add_faults(book: Any) -> None:
    book["Т-02"]["F6"] = "Ослободни лица"
    book["Т-03"]["B9"] = 250
    book["Т-06"].insert_cols(1)


@pytest.fixture(scope="module", params=["en", "mk", "sq"])
def page(request: pytest.FixtureRequest, browser: Browser, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Page]:
    file: Path = tmp_path_factory.mktemp("page") / "report.html"
    text = answers.render_html(report_of(edit_workbook(add_faults)), request.param, demonstration=True)
    file.write_text(text, encoding="utf-8")
    browser_page = browser.new_page()
    browser_page.goto(file.as_uri())
    yield browser_page
    browser_page.close()


@pytest.mark.sampled(turn=2)
def test_page_has_no_axe_violation(page: Page) -> None:
    assert [(v["id"], v["impact"]) for v in axe.find_violations(page)] == []


def test_summary_links_lead_to_their_findings(page: Page) -> None:
    links = page.locator("nav.summary a")
    assert links.count() > 5
    for number in range(links.count()):
        target = links.nth(number).get_attribute("href")
        assert target is not None
        assert page.locator(f'[id="{target[1:]}"]').count() == 1


def test_first_finding_can_be_reached_by_keyboard(page: Page) -> None:
    page.keyboard.press("Tab")
    assert page.evaluate("document.activeElement.closest('nav.summary') !== null")
    page.keyboard.press("Enter")
    assert page.evaluate("location.hash") != ""


def test_page_does_not_scroll_sideways_on_a_narrow_screen(page: Page) -> None:
    page.set_viewport_size({"width": 360, "height": 800})
    assert page.evaluate("document.documentElement.scrollWidth <= document.documentElement.clientWidth")
