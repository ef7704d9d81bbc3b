"""Tests of `rti survey`: a round from its plan to its rates, and a measure, on a small home."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from pipelines.cli.main import main
from pipelines.core.home import open_home
from pipelines.ledger.identity import SYSTEM, Grant
from pipelines.ledger.opening import open_ledger
from pipelines.submissions.accounts import accounts
from tests.support import surveys as fakes
from tests.support.fakes import ledger_fakes

PEOPLE = "role,institution,territory,name,address,language\npolice,Police,AL,Ana,ana@al.example,sq\n"


@pytest.fixture(autouse=True)
def _home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    home, engine = ledger_fakes.home_and_ledger(tmp_path)
    engine.dispose()
    monkeypatch.setenv("RTI_HOME", str(home.root))
    monkeypatch.setenv("RTI_NOW", fakes.DURING)
    monkeypatch.setenv("RTI_ACTOR", "the-steward")
    (tmp_path / "people.csv").write_text(PEOPLE, encoding="utf-8")
    monkeypatch.chdir(tmp_path)


def run_json(capsys: pytest.CaptureFixture[str], *arguments: str) -> tuple[int, Any]:
    code = main(["survey", *arguments, "--json"])
    return code, json.loads(capsys.readouterr().out)


def test_round_from_plan_to_rates(capsys: pytest.CaptureFixture[str], tmp_path: Path) -> None:
    days = ("--opens", "2026-11-02", "--closes", "2026-11-20")
    code, planned = run_json(capsys, "plan", "pulse", "2026-Q4", "people.csv", *days)
    assert (code, planned["round_id"], planned["invited"]) == (0, "2026-Q4-pulse", 1)
    assert run_json(capsys, "open", "2026-Q4-pulse")[1]["state"] == "open"
    assert main(["survey", "open", "2026-Q4-pulse"]) == 3
    assert "cannot be opened" in capsys.readouterr().err
    assert run_json(capsys, "send") == (0, {"sent": 1, "failed": 0})
    (mail,) = (tmp_path / "home" / "restricted" / "outbox").glob("*.eml")
    assert "ana@al.example" in mail.read_text(encoding="utf-8")
    assert [round_["state"] for round_ in run_json(capsys, "list")[1]] == ["open"]
    (rates,) = run_json(capsys, "rates", "2026-Q4-pulse")[1]
    assert (rates["territory"], rates["invited"], rates["answered"]) == ("AL", 1, 0)
    assert run_json(capsys, "close", "2026-Q4-pulse") == (0, {"round_id": "2026-Q4-pulse", "answers": 0})
    assert run_json(capsys, "texts", "2026-Q4-pulse") == (0, [])


def test_only_the_steward_plans(capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("RTI_ACTOR", "office")
    days = ("--opens", "2026-11-02", "--closes", "2026-11-20")
    assert main(["survey", "plan", "pulse", "2026-Q4", "people.csv", *days]) == 3
    assert "Only a steward" in capsys.readouterr().err


def test_measure_is_added_updated_and_listed(capsys: pytest.CaptureFixture[str]) -> None:
    text = "Name one contact for urgent requests."
    options = ("--owner", "central_authority", "--deadline", "2027-03-31")
    code, measure = run_json(capsys, "add-measure", "AL", "FR01", text, *options)
    assert (code, measure["status"]) == (0, "planned")
    assert main(["survey", "update-measure", measure["measure_id"], "soon"]) == 3
    capsys.readouterr()
    evidence = ("--evidence", "Order 12 of the ministry")
    assert run_json(capsys, "update-measure", measure["measure_id"], "done", *evidence)[1]["status"] == "done"
    (listed,) = run_json(capsys, "measures")[1]
    assert (listed["status"], listed["first"], listed["newest"]) == ("done", None, None)


@pytest.fixture
def _people(_home: None) -> None:
    engine = open_ledger(open_home())
    for name, role in (("drafter", "submitter"), ("focal", "approver"), ("reader", "viewer")):
        account = accounts.NewAccount(name, name, (Grant(role, "AL", "questionnaire"),))
        accounts.create_many(engine, [account], by=SYSTEM)
    engine.dispose()


def run_statements(capsys: pytest.CaptureFixture[str], *arguments: str) -> tuple[int, Any]:
    code = main(["survey", "statements", *arguments, "--json"])
    printed = capsys.readouterr()
    return code, json.loads(printed.out) if code == 0 else printed.err


@pytest.mark.usefixtures("_people")
def test_statement_is_drafted_returned_and_cleared_by_two_accounts(capsys: pytest.CaptureFixture[str]) -> None:
    _, questions = run_statements(capsys, "questions")
    question, answer = questions[0]["question"], questions[0]["answers"][0]
    drafted = ("draft", "AL", "Central authority", "2026", f"{question}={answer}", "--as", "drafter")
    code, first = run_statements(capsys, *drafted)
    assert (code, first["state"]) == (0, "waiting")
    code, error = run_statements(capsys, "clear", first["statement_id"], "--as", "drafter")
    assert code == 3 and "role" in error
    assert run_statements(capsys, "list", "AL", "--as", "reader") == (0, [])
    returned = run_statements(capsys, "return", first["statement_id"], "--comment", "Count again.", "--as", "focal")
    assert returned == (0, {"statement_id": first["statement_id"], "state": "returned"})
    _, second = run_statements(capsys, *drafted)
    assert run_statements(capsys, "clear", second["statement_id"], "--as", "focal")[1]["state"] == "cleared"
    (read,) = run_statements(capsys, "list", "AL", "--as", "reader")[1]
    assert (read["state"], read["decided_by"], read["answers"]) == ("cleared", "focal", {f"{question}.1": answer})
    _, listed = run_statements(capsys, "list", "AL", "--as", "drafter")
    assert [item["state"] for item in listed] == ["cleared", "returned"]


@pytest.mark.usefixtures("_people")
@pytest.mark.parametrize("answer", ["FR01=1", "FR03", "FR03=many"])
def test_wrong_answer_of_an_institution_is_refused(answer: str, capsys: pytest.CaptureFixture[str]) -> None:
    code, error = run_statements(capsys, "draft", "AL", "Central authority", "2026", answer, "--as", "drafter")
    assert code == 3 and error
    assert run_statements(capsys, "list", "AL", "--as", "drafter") == (0, [])


@pytest.mark.usefixtures("_people")
def test_own_statement_is_withdrawn_and_a_stranger_sees_nothing(capsys: pytest.CaptureFixture[str]) -> None:
    _, questions = run_statements(capsys, "questions")
    answer = f"{questions[0]['question']}={questions[0]['answers'][0]}"
    _, drafted = run_statements(capsys, "draft", "AL", "Police", "2026", answer, "--as", "drafter")
    assert run_statements(capsys, "withdraw", drafted["statement_id"], "--as", "focal")[0] == 3
    assert run_statements(capsys, "withdraw", drafted["statement_id"], "--as", "drafter")[1]["state"] == "withdrawn"
    assert run_statements(capsys, "list", "ME", "--as", "drafter")[0] == 3
    assert main(["survey", "statements", "list", "AL", "--as", "drafter"]) == 0
    assert "withdrawn" in capsys.readouterr().out
