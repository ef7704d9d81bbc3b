"""Tests of what the pages share on which two people decide on the law: propose, approve, reject, withdraw, override."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass

import pytest

from tests.support.service.law_office import open_law_office
from tests.support.service.office_client import Document, Office

_ASSESSMENT = {
    "result-EU_MLA": "met", "result-ETS182": "partly", "article": "Article 12, Act on Cooperation",
    "citation": "Official Gazette 1/2020, p. 3", "applies_from": "2026-11", "reviewer_role": "judge",
}  # fmt: skip


@dataclass(frozen=True)
class Case:
    """A page: its address, its things by field, an answer with another one, and who proposes and decides."""

    address: str
    things: tuple[Mapping[str, str], ...]
    answers: Mapping[str, str]
    others: Mapping[str, str]
    lawyer: str
    judge: str

    def open_page(self, office: Office, person: str, thing: int) -> Document:
        return office.open(person, self.address, **self.things[thing])


def _list_things(**fields: tuple[str, ...]) -> tuple[dict[str, str], ...]:
    (name, values), (place_name, constant) = fields.items()
    return tuple({place_name: constant[0], name: value} for value in values)


CASES = {
    "element": Case(
        "/law/element", _list_things(element=("COSTS", "EVIDENCE", "DATA_PROTECTION"), place=("ME",)),
        _ASSESSMENT, {"article": "Article 13, Act on Cooperation"}, "me-lawyer", "me-judge",
    ),
    "treaty": Case(
        "/treaties", _list_things(treaty=("ETS182", "SOM_PROTOCOL", "UNTOC"), area=("ME",)),
        {"event": "ratified", "date": "2008-10-20", "source": "Council of Europe, Treaty Office, 182"},
        {"date": "2006-10-23"}, "me-lawyer", "me-judge",
    ),
    "provision": Case(
        "/provisions", _list_things(element=("PURPOSE", "DURATION", "LEADERSHIP"), treaty=("PCC_SEE",)),
        {"is_provided": "yes", "source": "Text of 2006, article 27"}, {"is_provided": "no"},
        "region-lawyer", "region-judge",
    ),
}  # fmt: skip


@pytest.fixture(scope="module")
def office(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Office]:
    with open_law_office(tmp_path_factory.mktemp("law")) as opened:
        yield opened


@pytest.fixture(params=CASES.values(), ids=CASES.keys())
def case(request: pytest.FixtureRequest) -> Case:
    assert isinstance(request.param, Case)
    return request.param


def test_two_people_settle_it(office: Office, case: Case) -> None:
    form = case.open_page(office, case.lawyer, 0)
    assert "Nobody decides on their own proposal. Nothing changes before it is approved." in form.main
    page = form.submit_form("Propose", **case.answers)
    assert "A second person decides on it" in page.main
    assert "Approve</button>" not in page.text and "Propose</button>" not in page.text
    page = case.open_page(office, case.judge, 0)
    assert "Propose</button>" not in page.text, "an approver does not draft"
    page = page.submit_form("Approve")
    assert "It is part of the next release" in page.main and case.lawyer in page.main
    assert "Propose</button>" in case.open_page(office, case.lawyer, 0).response.text


def test_rejected_and_withdrawn_proposals_change_nothing(office: Office, case: Case) -> None:
    before = case.open_page(office, case.lawyer, 1).main.partition("History")[0].strip()
    case.open_page(office, case.lawyer, 1).submit_form("Propose", **case.answers)
    page = case.open_page(office, case.judge, 1).submit_form("Reject", comment="The text says otherwise.")
    assert "You are about to reject a proposal" in page.main and "The text says otherwise." in page.main
    assert "Reject" in page.follow_link("No, leave it as it is").list_buttons(), "not before it is confirmed"
    assert "rejected" in page.submit_form("Yes, reject it").main
    page = case.open_page(office, case.lawyer, 1)
    assert "The text says otherwise." in page.main
    page = page.submit_form("Propose", **{**case.answers, **case.others}).submit_form("Withdraw the proposal")
    assert "Withdraw the proposal" in page.follow_link("No, leave it as it is").list_buttons()
    page = page.submit_form("Yes, withdraw it")
    assert "You have withdrawn your proposal." in page.main
    assert case.open_page(office, case.lawyer, 1).main.partition("History")[0].strip() == before


def test_steward_approves_with_a_reason(office: Office, case: Case) -> None:
    case.open_page(office, case.lawyer, 2).submit_form("Propose", **case.answers)
    assert "so a second person decides on it" in case.open_page(office, case.lawyer, 2).main
    page = case.open_page(office, "secretariat", 2)
    page = page.submit_form("Approve on behalf of the office", comment="The office has one lawyer only.")
    assert "It is part of the next release" in page.main and "The office has one lawyer only." in page.main
