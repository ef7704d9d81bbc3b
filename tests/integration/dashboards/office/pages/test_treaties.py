"""Tests of the page of a treaty: what is not verified is marked until two people have confirmed it with a source."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from tests.support.service.law_office import open_law_office
from tests.support.service.office_client import Office

TREATY = {"area": "ME", "treaty": "ETS182"}
READ = {"event": "ratified", "date": "2008-10-20", "source": "Council of Europe, Treaty Office, 182"}


@pytest.fixture(scope="module")
def office(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Office]:
    with open_law_office(tmp_path_factory.mktemp("treaties")) as opened:
        yield opened


def test_approved_source_verifies_what_was_declared(office: Office) -> None:
    page = office.open("me-lawyer", "/treaties", **TREATY)
    badges = [badge.text_content() for badge in page.find_elements(".rti-badge")]
    assert any("not yet verified" in badge for badge in badges) and not [text for text in badges if text.endswith(".")]
    page = page.submit_form("Propose", source=READ["source"])  # event and date are those that nobody has verified
    assert "2008-10-20" in page.main and "not yet verified" in page.main, "one person is not enough"
    assert 'href="/treaties?area=ME&amp;treaty=ETS182"' in office.open("me-judge", "/law").response.text
    page = office.open("me-judge", "/treaties", **TREATY).submit_form("Approve")
    assert "not yet verified" not in page.main and READ["source"] in page.main


def test_faulty_statement_keeps_what_was_entered(office: Office) -> None:
    where = {"area": "ME", "treaty": "UNTOC"}
    page = office.open("me-lawyer", "/treaties", **where).submit_form("Propose", **{**READ, "date": "one day"})
    assert page.status == 409 and "Enter a date such as" in page.text
    assert "one day" in page.response.text and READ["source"] in page.response.text


def test_treaties_are_those_of_a_whole_territory(office: Office) -> None:
    assert office.open("me-lawyer", "/treaties", area="RS", treaty="ETS182").status == 403
    assert office.open("al-sender", "/treaties", **TREATY).status == 403
    assert office.open("state-lawyer", "/treaties", area="BA", treaty="ETS182").status == 403
    assert "Treaties: " not in office.open("state-lawyer", "/law").main
    page = office.open("ba-lawyer", "/law", place="BA_STATE")
    assert "Treaties: Bosnia and Herzegovina" in page.main
    assert 'href="/treaties?area=BA&amp;treaty=ETS182"' in page.response.text
    assert office.open("ba-lawyer", "/treaties", area="BA", treaty="ETS182").status == 200
