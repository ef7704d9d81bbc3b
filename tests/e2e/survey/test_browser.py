"""The questionnaire in a browser: on a phone of 320 pixels, with and without scripts, by keyboard, and by axe."""

from __future__ import annotations

import io
import re
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date, timedelta
from typing import Literal

import openpyxl
import pytest
from playwright.sync_api import Browser, Page

from pipelines.core import clock, i18n
from pipelines.declarations.registry import load
from pipelines.survey import letters, service
from pipelines.survey.letters import PATH
from pipelines.survey.service import SurveyDesk
from pipelines.survey.surveys import open_surveys
from tests.support import axe
from tests.support import surveys as fakes
from tests.support.demonstration import CLOCK
from tests.support.fakes import ledger_fakes
from tests.support.service.running import WITHOUT_UPLOADS, run_service

pytestmark = pytest.mark.browser
NARROW = 320


@dataclass
class Questionnaire:
    """A running service with an open round; `links` are used up by the tests."""

    address: str
    links: list[str]

    def take_link(self) -> str:
        """Return the address of a link that no other test uses."""
        return f"{self.address}{PATH}/2026-Q4-pulse/{self.links.pop()}"


@pytest.fixture(scope="module")
def questionnaire(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Questionnaire]:
    folder = tmp_path_factory.mktemp("survey")
    home, engine = ledger_fakes.home_and_ledger(folder)
    today = date.fromisoformat(CLOCK[:10])
    with clock.freeze_time(clock.parse_time(CLOCK)):
        desk = SurveyDesk(open_surveys(home), engine, load())
        invitees = fakes.make_invitees([("XK", "police", 14)])
        round_ = service.plan_round(
            desk, fakes.STEWARD, "pulse", "2026-Q4", today, today + timedelta(days=20), invitees
        )
        service.open_round(desk, fakes.STEWARD, round_.round_id)
        letters.send_letters(desk.surveys)
    engine.dispose()
    links = [sent[0] for sent in fakes.read_outbox(home).values()]
    with run_service(home.root, folder, command=WITHOUT_UPLOADS) as running:
        yield Questionnaire(running.address, links)


def open_page(browser: Browser, address: str, *, scripts: bool = True) -> Page:
    context = browser.new_context(
        viewport={"width": NARROW, "height": 700}, java_script_enabled=scripts, locale="en-GB"
    )
    page = context.new_page()
    page.goto(address)
    return page


def press_and_wait(page: Page, role: Literal["button", "link"], name: str) -> None:
    """Press a button or a link, and wait for the page that it leads to: without scripts nothing else would wait."""
    with page.expect_navigation():
        page.get_by_role(role, name=name).click()


def check_page(page: Page) -> None:
    """Check headings, width and accessibility of the page that is shown."""
    assert page.locator("h1").count() == 1
    assert page.evaluate("document.documentElement.scrollWidth") <= NARROW, page.locator("h1").inner_text()
    found_violations = [
        (violation["id"], node["html"][:200])
        for violation in axe.find_serious_violations(page)
        for node in violation["nodes"]
    ]
    assert found_violations == []


def answer_all(page: Page) -> None:
    """Choose "I have no experience of this" for each question of a page."""
    for choice in page.locator("input[value=no_experience]").all():
        choice.check()


@pytest.mark.sampled(turn=3)
def test_every_page_fits_a_phone_and_passes_axe(browser: Browser, questionnaire: Questionnaire) -> None:
    page = open_page(browser, questionnaire.take_link())
    check_page(page)
    press_and_wait(page, "link", "Begin")
    titles = []
    while page.get_by_role("button", name="Save and continue").count():
        titles.append(page.locator("h1").inner_text())
        check_page(page)
        press_and_wait(page, "button", "Save and continue")
    assert len(titles) == 3
    check_page(page)
    press_and_wait(page, "button", "Send my answers")
    assert page.locator("#errors").evaluate("e => e === document.activeElement")
    check_page(page)
    page.goto(f"{questionnaire.address}{PATH}/2026-Q4-pulse/cut-off")
    check_page(page)
    page.goto(f"{questionnaire.address}{PATH}/sent")
    check_page(page)


@pytest.mark.sampled(turn=4)
def test_questionnaire_is_filled_in_without_scripts(browser: Browser, questionnaire: Questionnaire) -> None:
    page = open_page(browser, questionnaire.take_link(), scripts=False)
    press_and_wait(page, "link", "Begin")
    while page.get_by_role("button", name="Save and continue").count():
        answer_all(page)
        press_and_wait(page, "button", "Save and continue")
    press_and_wait(page, "button", "Send my answers")
    assert page.locator("h1").inner_text() == "Your answers have been received"


@pytest.mark.sampled(turn=5)
def test_questionnaire_is_filled_in_by_keyboard(browser: Browser, questionnaire: Questionnaire) -> None:
    page = open_page(browser, questionnaire.take_link() + "/1")
    page.locator("#FR01 input").first.focus()
    page.keyboard.press("ArrowDown")
    page.keyboard.press("ArrowDown")
    assert page.locator("#FR01 input:checked").get_attribute("value") == "3"
    for _ in range(60):
        page.keyboard.press("Tab")
        focused = page.evaluate("[document.activeElement.tagName, document.activeElement.value]")
        assert page.evaluate("getComputedStyle(document.activeElement).outlineStyle") != "none"
        if focused == ["BUTTON", "on"]:
            break
    page.keyboard.press("Enter")
    page.wait_for_url("**/2")
    press_and_wait(page, "button", "Save and go back")
    assert page.locator("#FR01 input:checked").get_attribute("value") == "3"


@pytest.mark.sampled(turn=5)
def test_questions_fit_a_phone_in_every_language(browser: Browser, questionnaire: Questionnaire) -> None:
    link = f"{questionnaire.address}{PATH}/2026-Q4-pulse/{questionnaire.links[0]}"
    page = open_page(browser, link)
    for language in i18n.list_languages():
        page.goto(f"{link}?lang={language}")
        for part in ("", "/1", "/2", "/check"):
            page.goto(f"{link}{part}")
            assert page.locator("html").get_attribute("lang") == i18n.html_lang(language)
            assert page.evaluate("document.documentElement.scrollWidth") <= NARROW, (language, part)


def fill_workbook(content: bytes) -> bytes:
    """Return a downloaded workbook in which every question has the answer "I have no experience of this"."""
    workbook = openpyxl.load_workbook(io.BytesIO(content))
    for key, _, answer, *_ in workbook.worksheets[0].iter_rows():
        if re.fullmatch(r"[A-Z]{2}\d{2}", str(key.value)):
            answer.value = "I have no experience of this"
        elif str(key.value).endswith(":no_experience"):
            answer.value = "x"
    buffer = io.BytesIO()
    workbook.save(buffer)
    return buffer.getvalue()


@pytest.mark.sampled()
@pytest.mark.parametrize("scripts", [True, False])
def test_workbook_is_downloaded_filled_in_and_uploaded(
    browser: Browser, questionnaire: Questionnaire, scripts: bool
) -> None:
    page = open_page(browser, questionnaire.take_link(), scripts=scripts)
    press_and_wait(page, "link", "Answer offline in an Excel workbook instead")
    if scripts:  # axe is a script
        check_page(page)
    with page.expect_download() as download:
        page.get_by_role("link", name="Download the workbook").click()
    content = fill_workbook(download.value.path().read_bytes())
    page.get_by_label("Your workbook").set_input_files(
        {"name": "answers.xlsx", "mimeType": "application/octet-stream", "buffer": content}
    )
    press_and_wait(page, "button", "Upload and check")
    assert page.url.endswith("/check"), page.locator("main").inner_text()[:300]
    assert page.get_by_text("I have no experience of this").count() >= 3
    press_and_wait(page, "button", "Send my answers")
    assert page.locator("h1").inner_text() == "Your answers have been received"


@pytest.mark.sampled()
@pytest.mark.parametrize("scripts", [True, False])
def test_broken_workbook_gets_a_plain_answer_and_loses_nothing(
    browser: Browser, questionnaire: Questionnaire, scripts: bool
) -> None:
    link = questionnaire.take_link()
    page = open_page(browser, f"{link}/1", scripts=scripts)
    page.locator("#FR01 input").first.check()
    press_and_wait(page, "button", "Save and continue")
    files = {
        "broken.xlsx": (b"PK\x03\x04 this is cut off", "This file cannot be read"),
        "picture.xlsx": (b"\x89PNG\r\n\x1a\n", "This file cannot be read"),
        "empty.xlsx": (b"", "Choose a file first."),
        "other.xlsx": (make_other_workbook(), "workbook"),
    }
    for name, (content, message) in files.items():
        page.goto(f"{link}/workbook")
        page.get_by_label("Your workbook").set_input_files(
            {"name": name, "mimeType": "application/octet-stream", "buffer": content}
        )
        press_and_wait(page, "button", "Upload and check")
        assert message in page.locator("#errors").inner_text(), name
        if scripts:
            check_page(page)
        page.goto(f"{link}/1")
        assert page.locator("#FR01 input:checked").get_attribute("value") == "1", f"{name} lost an answer"


def make_other_workbook() -> bytes:
    """Return a workbook that is not one of the questionnaire."""
    workbook = openpyxl.Workbook()
    workbook.worksheets[0]["A1"] = "A list of something else"
    buffer = io.BytesIO()
    workbook.save(buffer)
    return buffer.getvalue()


def test_workbook_page_works_by_keyboard(browser: Browser, questionnaire: Questionnaire) -> None:
    page = open_page(browser, f"{questionnaire.take_link()}/workbook")
    focused_names = []
    for _ in range(12):
        page.keyboard.press("Tab")
        focused_names.append(page.evaluate("document.activeElement.textContent.trim() || document.activeElement.id"))
        assert page.evaluate("getComputedStyle(document.activeElement).outlineStyle") != "none", focused_names
        if focused_names[-1] == "Upload and check":
            break
    order = [name for name in focused_names if name in ("Download the workbook", "file", "Upload and check")]
    assert order == ["Download the workbook", "file", "Upload and check"]
    page.keyboard.press("Enter")
    assert page.url.endswith("/workbook") and page.locator("#file:invalid").count(), "the browser asks for a file first"
    page.locator("#file").set_input_files({"name": "a.xlsx", "mimeType": "text/plain", "buffer": b"no workbook"})
    page.get_by_role("button", name="Upload and check").focus()
    with page.expect_navigation():
        page.keyboard.press("Enter")
    assert "This file cannot be read" in page.locator("#errors").inner_text()
    assert page.locator("#errors").evaluate("e => e === document.activeElement")
    check_page(page)
