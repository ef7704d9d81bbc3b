"""The page "Statements of institutions": drafting, clearing and returning, by two people."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest

from pipelines.core import clock
from pipelines.ledger.identity import SYSTEM, Grant
from pipelines.submissions.accounts import accounts
from pipelines.survey import statements
from pipelines.survey.bank import load_bank
from tests.support.fakes.ledger_fakes import home_and_ledger, time_at
from tests.support.service.office_client import Office, open_office

NOW = "2026-11-15T09:00:00Z"
PEOPLE = {
    "al-drafter": (Grant("submitter", "AL", "questionnaire"),),
    "al-focal": (Grant("approver", "AL", "questionnaire"),),
    "al-viewer": (Grant("viewer", "AL", "justice"),),
    "me-focal": (Grant("approver", "ME", "questionnaire"),),
}
PATH = "/statements"


@pytest.fixture(scope="module")
def office(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Office]:
    new = [accounts.NewAccount(name, name, grants) for name, grants in PEOPLE.items()]

    def create_people(engine: Any) -> None:
        with clock.freeze_time(time_at(0)):
            accounts.create_many(engine, new, by=SYSTEM)

    home, _ = home_and_ledger(tmp_path_factory.mktemp("statements"), create_people)
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("RTI_NOW", NOW)
        with open_office(home, patch) as opened:
            yield opened


def submit_form(office: Office, account: str, action: str, **fields: str) -> Any:
    """Post a form as an account, with the token of its session."""
    person = office.start_visit(account)
    tokens = person.open_page(PATH).find_elements("input[name=csrf]")
    return person.post_raw(f"{PATH}/{action}", data={"place": "AL", **fields, "csrf": tokens[0].get("value")})


def find_statement(office: Office, account: str) -> str:
    """Return the id of the statement that waits."""
    page = office.open(account, PATH, place="AL")
    return str(page.find_elements("input[name=statement]")[0].get("value"))


DRAFT = {"institution": "Central authority", "year": "2026", "answer-TR08": "2"}


def test_statement_goes_from_draft_over_return_to_clearance(office: Office) -> None:
    assert "There are no statements" in office.open("al-viewer", PATH).main
    assert "Draft a statement" not in office.open("al-focal", PATH).main
    assert submit_form(office, "al-drafter", "draft", **DRAFT).status == 200
    drafted = office.open("al-drafter", PATH).main
    assert "Withdraw the statement" in drafted and "Approve the statement" not in drafted
    assert "Central authority" not in office.open("al-viewer", PATH).main, "drafts are for those who work on them"
    waiting = office.open("al-focal", PATH, place="AL").find_elements("dl.rti-facts")[0].text_content()
    n_questions = len(statements.list_questions(load_bank()))
    assert n_questions > 1 and waiting.count("No answer") == n_questions - 1, "the approver sees what is missing"
    statement = find_statement(office, "al-focal")
    refused = submit_form(office, "al-focal", "return", statement=statement, comment="")
    assert refused.status == 409 and "Say in a comment what should be changed." in refused.text
    submit_form(office, "al-focal", "return", statement=statement, comment="Count the staff of November.")
    assert "Count the staff of November." in office.open("al-drafter", PATH).main
    submit_form(office, "al-drafter", "draft", **DRAFT)
    submit_form(office, "al-focal", "clear", statement=find_statement(office, "al-focal"))
    content = office.open("al-viewer", PATH).main
    assert "Central authority" in content and "Is the number of specialised staff" in content
    assert "Count the staff of November." not in content


def test_wrong_draft_is_shown_again_with_its_entries(office: Office) -> None:
    answer = submit_form(office, "al-drafter", "draft", **DRAFT | {"year": "2031", "institution": "Border police"})
    assert answer.status == 409 and "It must have begun." in answer.text
    assert answer.wrong_fields == ["year"]
    content = answer.response.text
    assert 'value="Border police"' in content and 'value="2031"' in content


def test_author_withdraws_a_draft_after_a_question(office: Office) -> None:
    submit_form(office, "al-drafter", "draft", **DRAFT | {"institution": "Labour inspectorate"})
    question = office.open("al-drafter", PATH).submit_form("Withdraw the statement")
    assert "Labour inspectorate" in question.main and "2026" in question.main
    assert "Withdraw the statement" in question.follow_link("No, leave it as it is").list_buttons()
    assert question.submit_form("Yes, withdraw it").result == "You have withdrawn your statement."


def test_others_can_neither_draft_nor_clear(office: Office) -> None:
    submit_form(office, "al-drafter", "draft", **DRAFT | {"institution": "Police"})
    statement = find_statement(office, "al-focal")
    for account in ("al-viewer", "me-focal"):
        assert submit_form(office, account, "draft", **DRAFT).status == 403
        assert submit_form(office, account, "clear", statement=statement).status == 403
    assert "Central authority" not in office.open("me-focal", PATH, place="AL").main
    submit_form(office, "al-focal", "clear", statement=statement)
