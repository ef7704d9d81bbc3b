"""Tests of the page "Law on joint teams": who sees it, what applies, and what is refused."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from pipelines.core.i18n import tell
from pipelines.submissions.accounts import accounts
from tests.support.service.law_office import open_law_office
from tests.support.service.office_client import Office

ELEMENT = {"place": "ME", "element": "COSTS"}
ANSWERS = {
    "result-EU_MLA": "met",
    "result-ETS182": "partly",
    "article": "Article 12, Act on Cooperation",
    "citation": "Official Gazette 1/2020, p. 3",
    "applies_from": "2026-11",
    "reviewer_role": "judge",
}


@pytest.fixture(scope="module")
def office(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Office]:
    with open_law_office(tmp_path_factory.mktemp("law")) as opened:
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


def test_approved_assessment_is_what_applies(office: Office) -> None:
    page = office.open("me-lawyer", "/law/element", **ELEMENT)
    assert "Propose an assessment" in page.main and "has not been assessed" in page.main
    page.submit_form("Propose", **ANSWERS)
    assert "Costs, language and evaluation" in office.open("me-judge", "/law").main
    assert "Choose an element to read its article and its history." in office.open("me-judge", "/law").main
    page = office.open("me-judge", "/law/element", **ELEMENT).submit_form("Approve")
    assert "Article 12, Act on Cooperation" in page.main and "me-lawyer" in page.main


def test_definition_of_an_element_is_in_the_language_of_the_reader(office: Office) -> None:
    definition = "Costs, language and evaluation of the team are settled"
    assert definition in office.open("me-lawyer", "/law/element", **ELEMENT).main
    accounts.set_language(office.desk.engine, "me-lawyer", "mk", by="me-lawyer")
    try:
        page = office.open("me-lawyer", "/law/element", **ELEMENT)
    finally:
        accounts.set_language(office.desk.engine, "me-lawyer", "en", by="me-lawyer")
    assert tell(definition, "mk") != definition and f"{tell(definition, 'mk')}." in page.main
    assert definition not in page.main and page.find_elements("#content p[lang=en]") == []


def test_incomplete_proposal_keeps_what_was_entered(office: Office) -> None:
    page = office.open("me-lawyer", "/law/element", place="ME", element="PURPOSE")
    page = page.submit_form("Propose", **{**ANSWERS, "result-PCC_SEE": "met", "applies_from": "soon"})
    assert page.status == 409 and "Enter the date from which the law applies" in page.text
    assert page.wrong_fields == ["applies_from"]
    assert ANSWERS["article"] in page.response.text and "soon" in page.response.text


def test_footnote_of_serbia_brings_that_of_kosovo_which_it_names(office: Office) -> None:
    page = office.open("region-lawyer", "/treaties", area="RS", treaty="ETS182")
    assert "Serbia†" in page.text and "do not include Kosovo" in page.text
    assert "* " in page.text and "United Nations Security Council resolution 1244" in page.text
