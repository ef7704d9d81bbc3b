"""Network of experts, monitoring and measures in a browser: 320 pixels, without scripts, by keyboard, and by axe.

`tests/e2e/dashboards/test_portal.py` opens each of their pages at every width.
"""

from __future__ import annotations

import email
import re
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date
from email.policy import default
from typing import Any

import pytest
from playwright.sync_api import Browser, Page

from pipelines.core import clock
from pipelines.declarations.registry import load
from pipelines.ledger.identity import Grant
from pipelines.submissions.accounts import accounts
from pipelines.submissions.experts.letters import remind_experts
from pipelines.submissions.experts.model import ExpertDetails
from pipelines.submissions.service import expert_links, experts
from pipelines.submissions.service.desk import Desk
from pipelines.survey import measures
from pipelines.survey.service import SurveyDesk
from pipelines.survey.surveys import open_surveys
from tests.support import axe, monitoring
from tests.support.demonstration import CLOCK
from tests.support.fakes import ledger_fakes
from tests.support.service.running import WITHOUT_UPLOADS, run_service

pytestmark = pytest.mark.browser
NARROW = 320
PASSWORD = "unmistakably long words 7"
DETAILS = ExpertDetails(
    "XK", "Special prosecution of the whole territory", "Expert 1 of the office", "prosecution", ("sq", "en", "sr"),
    ("TIP", "SOM"), ("joint_team", "financial_investigation"), "North",
)  # fmt: skip


@dataclass
class RestrictedPages:
    """A running service with a confirmed entry, the link of one that waits, and something to monitor."""

    address: str
    link: str


@pytest.fixture(scope="module")
def pages(tmp_path_factory: pytest.TempPathFactory) -> Iterator[RestrictedPages]:
    folder = tmp_path_factory.mktemp("experts")
    home, engine = ledger_fakes.home_and_ledger(folder)
    with clock.freeze_time(clock.parse_time(CLOCK)):
        steward = accounts.get_identity(engine, "the-steward")
        keeper = (Grant("steward"),)
        accounts.create_account(
            engine,
            "keeper",
            "Keeper",
            grants=keeper,
            password=PASSWORD,
            must_change=False,
            email="keeper@office.example",
            by="the-steward",
        )
        desk = Desk(home, engine, load())
        links = []
        for position in (DETAILS.position, "Expert 2 of the office"):
            details = ExpertDetails(
                **{n: getattr(DETAILS, n) for n in DETAILS.__dataclass_fields__} | {"position": position}
            )
            experts.save_expert(desk, steward, details, f"{len(links)}@xk.example")
            remind_experts(home, engine)
            newest = max((home.restricted / "outbox").glob("*.eml"), key=lambda path: path.stat().st_mtime_ns)
            body: Any = email.message_from_bytes(newest.read_bytes(), policy=default).get_body(("plain",))
            links += re.findall(r"/expert-link/([\w-]+)", body.get_content())
        expert_links.confirm_by_link(desk, links[0])
        survey_desk = SurveyDesk(open_surveys(home), engine, desk.registry)
        monitoring.write_counts(home)
        monitoring.write_results(survey_desk)
        text, deadline = "Name one contact for urgent requests.", date(2026, 1, 1)
        measures.add_measure(survey_desk, steward, "AL", "FR01", text, "police", deadline, "executed_outgoing")
    engine.dispose()
    with run_service(home.root, folder, command=WITHOUT_UPLOADS) as running:
        yield RestrictedPages(running.address, f"{running.address}/expert-link/{links[1]}")


@pytest.fixture(scope="module")
def page(browser: Browser, pages: RestrictedPages) -> Iterator[Page]:
    """A narrow page in which the keeper has signed in."""
    context = browser.new_context(viewport={"width": NARROW, "height": 700}, locale="en-GB")
    opened = context.new_page()
    opened.goto(f"{pages.address}/sign-in")
    opened.locator("input[autocomplete=username]").fill("keeper")
    opened.locator("input[type=password]").fill(PASSWORD)
    with opened.expect_navigation():
        opened.keyboard.press("Enter")
    yield opened
    context.close()


def check_page(page: Page) -> None:
    """Check headings, width and accessibility of the page that is shown."""
    assert page.locator("h1").count() == 1
    assert page.evaluate("document.documentElement.scrollWidth") <= NARROW, page.locator("h1").inner_text()
    faults = [
        (violation["id"], node["html"][:200])
        for violation in axe.find_serious_violations(page)
        for node in violation["nodes"]
    ]
    assert faults == []


@pytest.mark.sampled(turn=4)
def test_page_of_a_link_fits_a_phone_and_passes_axe(page: Page, pages: RestrictedPages) -> None:
    for address in (pages.link, pages.link[:-1]):
        page.goto(address)
        check_page(page)


@pytest.mark.sampled(turn=1)
def test_entry_is_reached_and_left_by_keyboard(page: Page, pages: RestrictedPages) -> None:
    page.goto(f"{pages.address}/experts?search=1")
    link = page.get_by_role("link", name="Expert 1 of the office")
    link.focus()
    assert page.evaluate("getComputedStyle(document.activeElement).outlineStyle") != "none"
    with page.expect_navigation():
        page.keyboard.press("Enter")
    check_page(page)
    page.locator("#text").focus()
    page.keyboard.type("Speak?")
    page.keyboard.press("Tab")
    with page.expect_navigation():
        page.keyboard.press("Enter")
    assert "Write the message in" in page.locator("#errors").inner_text()
    assert page.locator("#text").input_value() == "Speak?"


@pytest.mark.sampled(turn=6)
def test_measure_is_changed_by_keyboard(page: Page, pages: RestrictedPages) -> None:
    page.goto(f"{pages.address}/monitoring?area=AL")
    with page.expect_navigation():
        page.get_by_role("link", name="Name one contact for urgent requests.").first.press("Enter")
    check_page(page)
    page.locator("#status").focus()
    page.keyboard.press("ArrowDown")
    page.keyboard.press("Tab")
    page.keyboard.type("Contacts were named in March.")
    with page.expect_navigation():
        page.get_by_role("button", name="Save the changes").press("Enter")
    assert "The measure is changed" in page.locator("#result").inner_text()


def test_link_is_confirmed_without_scripts(browser: Browser, pages: RestrictedPages) -> None:
    context = browser.new_context(viewport={"width": NARROW, "height": 700}, java_script_enabled=False, locale="en-GB")
    page = context.new_page()
    page.goto(pages.link)
    assert page.locator("h1").inner_text() == "Is your entry correct?"
    with page.expect_navigation():
        page.get_by_role("button", name="The entry is correct").click()
    assert page.locator("h1").inner_text() == "Thank you. The entry is confirmed."
    page.goto(pages.link)
    assert "has been used" in page.locator("main").inner_text()
    context.close()
