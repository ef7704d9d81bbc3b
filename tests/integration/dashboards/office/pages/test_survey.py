"""The steward's rounds and the results of the questionnaire, over HTTP."""

from __future__ import annotations

import random
from collections.abc import Iterator

import pytest

from pipelines.core import clock
from pipelines.ledger.identity import Grant
from pipelines.submissions.accounts import accounts
from pipelines.survey import service
from pipelines.survey.service import SurveyDesk
from pipelines.web import background_worker
from tests.support import surveys as fakes
from tests.support.fakes import ledger_fakes
from tests.support.service.office_client import Office, open_office

PEOPLE = {
    "keeper": Grant("steward"), "al-keeper": Grant("steward", "AL"), "al-viewer": Grant("viewer", "AL", "justice"),
    "ba-sender": Grant("submitter", "BA_FED", "justice"),
}  # fmt: skip


@pytest.fixture(scope="module")
def office(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Office]:
    home, engine = ledger_fakes.home_and_ledger(tmp_path_factory.mktemp("survey"), lambda _engine: None)
    engine.dispose()
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("RTI_NOW", fakes.MONDAY)
        with open_office(home, patch) as opened:
            new_accounts = [
                accounts.NewAccount(name, name, (grant,), issuer="https://id.example", subject=name)
                for name, grant in PEOPLE.items()
            ]
            accounts.create_many(opened.desk.engine, new_accounts, by="system")
            yield opened


def desk_of(office: Office) -> SurveyDesk:
    return office.client.app.state.survey.survey_desk  # type: ignore[attr-defined, no-any-return]


def test_round_from_plan_to_results(office: Office) -> None:
    desk = desk_of(office)
    assert "no round yet" in office.open("keeper", "/survey").main
    assert "no results yet" in office.open("al-viewer", "/survey-results").main
    cells = (("AL", "police", 12), ("BA", "police", 10), ("XK", "judge", 3))
    round_ = service.plan_round(
        desk, fakes.STEWARD, "pulse", "2026-Q4", fakes.OPENS, fakes.CLOSES, fakes.make_invitees(cells)
    )
    question = office.open("keeper", "/survey").submit_form("Open the round")
    facts = [element.text_content() for element in question.find_elements("dl.rti-facts dd")]
    assert facts == [fakes.OPENS.isoformat(), "25", "0", fakes.CLOSES.isoformat()]
    assert "What is sent cannot be taken back." in question.main
    assert desk.surveys.invitations.list_rounds()[0].state == "planned", "not before it is confirmed"
    opened = question.submit_form("Open the round")
    assert opened.result.startswith("The round is open")
    background_worker.keep_survey(office.desk.home, office.desk.engine, office.desk.registry)
    tokens = fakes.read_outbox(office.desk.home)
    assert len(tokens) == 25
    rng = random.Random(4)
    with clock.freeze_time(clock.parse_time(fakes.DURING)):
        for address, sent in tokens.items():
            if not address.startswith("police9"):
                fakes.fill_in(desk.surveys, round_.round_id, sent[0], rng)
    page = office.open("keeper", "/survey")
    rows = [[cell.text_content() for cell in row] for row in page.find_elements("tr")]
    rates = {row[0]: row[1:] for row in rows}
    assert rates["All territories"] == ["All roles", "25", "23", "92%"]
    assert rates["Albania"] == ["Police officer", "12", "11", "92%"]
    assert any(name.startswith("Kosovo") and name.endswith("*") for name in rates)
    name = "Quarterly questionnaire, 2026 Q4"
    assert page.find_links(name) == [f"/survey?round={round_.round_id}"]
    assert f"Response rates: {name}" in page.main
    assert round_.round_id not in page.main, "an id that only commands use"
    question = page.submit_form("Close the round")
    facts = [element.text_content() for element in question.find_elements("dl.rti-facts dd")]
    assert facts == [fakes.OPENS.isoformat(), "25", "23", fakes.CLOSES.isoformat()], (
        "who closes a round knows how many have answered"
    )
    assert "cannot be opened again" in question.main and question.heading == f"Close the round: {name}"
    assert question.submit_form("Close the round").result.startswith("The round is closed")
    results = office.open("al-viewer", "/survey-results")
    assert results.status == 200
    assert "How easy is it to get an answer" in results.main
    assert "95% confidence interval" in results.main


def test_pages_are_refused_to_others(office: Office) -> None:
    for account in ("al-keeper", "al-viewer", "ba-sender"):
        page = office.open(account, "/survey")
        assert page.status == 403 or "no access" in page.main.lower() or "Ask" in page.main
        assert not page.find_forms("Open the round")
    assert office.open("ba-sender", "/survey-results", territory="AL").status == 403
    options = office.open("ba-sender", "/survey-results").find_elements("select[name=territory] option")
    assert {option.get("value") for option in options} <= {"BA"}
