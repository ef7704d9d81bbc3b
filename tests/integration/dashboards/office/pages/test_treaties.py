"""Tests of the page of a treaty: what is not verified is marked until two people have confirmed it with a source."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from pipelines.ledger.identity import SYSTEM, Grant
from pipelines.submissions.accounts import accounts
from tests.support.fakes.ledger_fakes import home_and_ledger
from tests.support.service.office_client import Office, open_office

PEOPLE = {
    "me-lawyer": (Grant("submitter", "ME", "legislation"),),
    "me-judge": (Grant("approver", "ME", "legislation"),),
    "state-lawyer": (Grant("submitter", "BA_STATE", "legislation"),),
    "ba-lawyer": (Grant("submitter", "BA"), Grant("submitter", "BA_STATE")),
}
TREATY = {"area": "ME", "treaty": "ETS182"}
READ = {"event": "ratified", "date": "2008-10-20", "source": "Council of Europe, Treaty Office, 182"}


@pytest.fixture(scope="module")
def office(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Office]:
    """The pages of an empty home with people for the law of Montenegro, and of Bosnia and Herzegovina."""
    new = [accounts.NewAccount(name, name, grants) for name, grants in PEOPLE.items()]
    home, _ = home_and_ledger(
        tmp_path_factory.mktemp("treaties"), lambda engine: accounts.create_many(engine, new, by=SYSTEM)
    )
    with pytest.MonkeyPatch.context() as patch, open_office(home, patch) as opened:
        yield opened


def test_two_people_confirm_the_source_of_a_treaty(office: Office) -> None:
    assert "not yet verified" in office.open("me-lawyer", "/treaties", **TREATY).main
    page = office.open("me-lawyer", "/treaties", **TREATY)
    page = page.submit_form("Propose", source=READ["source"])  # event and date are those that nobody has verified
    assert "2008-10-20" in page.main and "A second person decides on it" in page.main
    assert "not yet verified" in page.main, "one person is not enough"
    assert "Approve</button>" not in page.text
    page = office.open("me-judge", "/treaties", **TREATY)
    assert "Propose</button>" not in page.text, "an approver does not draft"
    assert 'href="/treaties?area=ME&amp;treaty=ETS182"' in office.open("me-judge", "/law").response.text
    page = page.submit_form("Approve")
    assert "It is part of the next release" in page.main
    assert "not yet verified" not in page.main and READ["source"] in page.main


def test_faulty_statement_keeps_what_was_entered(office: Office) -> None:
    where = {"area": "ME", "treaty": "UNTOC"}
    page = office.open("me-lawyer", "/treaties", **where).submit_form("Propose", **{**READ, "date": "one day"})
    assert page.status == 409 and "Enter a date such as" in page.text
    assert "one day" in page.response.text and READ["source"] in page.response.text


def test_rejected_and_withdrawn_statements_change_nothing(office: Office) -> None:
    where = {"area": "ME", "treaty": "SOM_PROTOCOL"}
    office.open("me-lawyer", "/treaties", **where).submit_form("Propose", **READ)
    page = office.open("me-judge", "/treaties", **where).submit_form("Reject", comment="The list has another day.")
    assert "rejected" in page.main and "not yet verified" in page.main
    page = office.open("me-lawyer", "/treaties", **where)
    assert "The list has another day." in page.main
    page = page.submit_form("Propose", **{**READ, "date": "2006-10-23"}).submit_form("Withdraw the proposal")
    assert "You have withdrawn your proposal." in page.main and "not yet verified" in page.main


def test_treaties_are_those_of_a_whole_territory(office: Office) -> None:
    assert office.open("me-lawyer", "/treaties", area="RS", treaty="ETS182").status == 403
    assert office.open("al-sender", "/treaties", **TREATY).status == 403
    assert office.open("state-lawyer", "/treaties", area="BA", treaty="ETS182").status == 403
    assert "Treaties: " not in office.open("state-lawyer", "/law").main
    page = office.open("ba-lawyer", "/law", place="BA_STATE")
    assert "Treaties: Bosnia and Herzegovina" in page.main
    assert 'href="/treaties?area=BA&amp;treaty=ETS182"' in page.response.text
    assert office.open("ba-lawyer", "/treaties", area="BA", treaty="ETS182").status == 200
