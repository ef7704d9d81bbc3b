"""Tests of the page "Law on joint teams": who sees it, how two people assess an element, and what is refused."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from pipelines.ledger.identity import SYSTEM, Grant
from pipelines.submissions.accounts import accounts
from tests.support.fakes.ledger_fakes import home_and_ledger
from tests.support.service.office_client import Office, open_office

ELEMENT = {"place": "ME", "element": "COSTS"}
ANSWERS = {
    "result-EU_MLA": "met",
    "result-ETS182": "partly",
    "article": "Article 12, Act on Cooperation",
    "citation": "Official Gazette 1/2020, p. 3",
    "applies_from": "2026-11",
    "reviewer_role": "judge",
}


PEOPLE = {
    "me-lawyer": (Grant("submitter", "ME", "legislation"),),
    "me-judge": (Grant("approver", "ME", "legislation"),),
    "rs-lawyer": (Grant("submitter", "RS", "legislation"), Grant("approver", "RS", "legislation")),
}


@pytest.fixture(scope="module")
def office(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Office]:
    """The pages of an empty home with two people for the law of Montenegro, and one of another territory."""
    new = [accounts.NewAccount(name, name, grants) for name, grants in PEOPLE.items()]
    home, _ = home_and_ledger(
        tmp_path_factory.mktemp("law"), lambda engine: accounts.create_many(engine, new, by=SYSTEM)
    )
    with pytest.MonkeyPatch.context() as patch, open_office(home, patch) as opened:
        yield opened


def test_page_is_offered_to_those_with_a_role_for_legislation(office: Office) -> None:
    assert office.open("al-sender", "/law").status == 403
    assert "/law" not in office.open("al-sender", "/").text
    page = office.open("me-lawyer", "/law")
    assert page.status == 200 and "Montenegro" in page.main
    assert len(page.find_elements("table tbody tr")) == 14 + 6, "elements of the law, and treaties"
    assert "Serbia" not in page.main, "the law of others is on the public pages"
    assert office.open("me-lawyer", "/law/element", place="RS", element="COSTS").status == 403
    assert office.open("me-lawyer", "/law/element", place="ZZ", element="COSTS").status == 403


def test_two_people_assess_an_element(office: Office) -> None:
    page = office.open("me-lawyer", "/law/element", **ELEMENT)
    assert "Propose an assessment" in page.main
    page = page.submit_form("Propose", **ANSWERS)
    assert "A second person decides on it" in page.main
    assert "Approve</button>" not in page.text
    assert "Costs, language and evaluation" in office.open("me-judge", "/law").main
    page = office.open("me-judge", "/law/element", **ELEMENT)
    assert "Propose an assessment" not in page.main, "an approver does not draft"
    page = page.submit_form("Approve")
    assert "It is part of the next release" in page.main
    assert "Article 12, Act on Cooperation" in page.main and "me-lawyer" in page.main


def test_rejection_shows_the_reason_to_its_author(office: Office) -> None:
    where = {**ELEMENT, "element": "EVIDENCE"}
    office.open("me-lawyer", "/law/element", **where).submit_form("Propose", **ANSWERS)
    page = office.open("me-judge", "/law/element", **where).submit_form("Reject", comment="Article 12 was repealed.")
    assert "rejected" in page.main
    assert "Article 12 was repealed." in office.open("me-lawyer", "/law/element", **where).main


def test_incomplete_proposal_keeps_what_was_entered(office: Office) -> None:
    page = office.open("me-lawyer", "/law/element", place="ME", element="PURPOSE")
    page = page.submit_form("Propose", **{**ANSWERS, "result-PCC_SEE": "met", "applies_from": "soon"})
    assert page.status == 409 and "Enter the date from which the law applies" in page.text
    assert ANSWERS["article"] in page.response.text and "soon" in page.response.text


def test_steward_approves_with_a_reason(office: Office) -> None:
    where = {"place": "RS", "element": "COSTS"}
    office.open("rs-lawyer", "/law/element", **where).submit_form("Propose", **{**ANSWERS, "applies_from": "2026-10"})
    own_page = office.open("rs-lawyer", "/law/element", **where)
    assert "so a second person decides on it" in own_page.main
    page = office.open("secretariat", "/law/element", **where)
    page = page.submit_form("Approve on behalf of the office", comment="The office has one lawyer only.")
    assert "It is part of the next release" in page.main and "The office has one lawyer only." in page.main
