"""Tests of the page on what a treaty provides for: read by all who see the law, changed by people of the region."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from tests.support.service.law_office import open_law_office
from tests.support.service.office_client import Office

COSTS = {"treaty": "PCC_SEE", "element": "COSTS"}
SOURCE = "Secretariat of the Convention, text of 2006, article 27"


@pytest.fixture(scope="module")
def office(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Office]:
    with open_law_office(tmp_path_factory.mktemp("provisions")) as opened:
        yield opened


def test_people_of_one_territory_read_and_do_not_propose(office: Office) -> None:
    page = office.open("me-lawyer", "/law/element", place="ME", element="COSTS")
    assert 'href="/provisions?treaty=PCC_SEE&amp;element=COSTS"' in page.response.text
    page = office.open("me-lawyer", "/provisions", **COSTS)
    assert "not provided for" in page.main and "not yet verified" in page.main
    assert "Propose</button>" not in page.response.text
    assert office.open("al-sender", "/provisions", **COSTS).status == 403
    assert office.open("me-lawyer", "/provisions", treaty="NATO", element="COSTS").status == 200, "the page on the law"


def test_provision_that_was_read_is_assessed_from_then_on(office: Office) -> None:
    where = {"place": "ME", "element": "COSTS"}
    assert "result-PCC_SEE" not in office.open("me-lawyer", "/law/element", **where).response.text
    page = office.open("region-lawyer", "/provisions", **COSTS).submit_form("Propose", is_provided="yes", source=SOURCE)
    assert "A second person decides on it" in page.main
    assert "/provisions?treaty=PCC_SEE" in office.open("region-judge", "/law").response.text
    page = office.open("region-judge", "/provisions", **COSTS).submit_form("Approve")
    current = page.main.partition("What is known")[2].partition("History")[0]
    assert (
        "provided for" in current
        and "not provided for" not in current
        and SOURCE in current
        and "not yet verified" not in current
    )
    assert "result-PCC_SEE" in office.open("me-lawyer", "/law/element", **where).response.text


def test_faulty_statement_keeps_what_was_entered(office: Office) -> None:
    page = office.open("region-lawyer", "/provisions", treaty="UNTOC", element="COSTS")
    page = page.submit_form("Propose", is_provided="yes", source="x" * 301)
    assert page.status == 409 and "more than 300 characters" in page.text
    assert "x" * 301 in page.response.text and '<option value="yes" selected' in page.response.text
