"""Statements of institutions: two people for each, apart from answers, and seen by those who may."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import replace
from typing import Any

import pytest

from pipelines.core import clock
from pipelines.ledger import audit_log
from pipelines.ledger.identity import SYSTEM, Grant, Identity, NotAllowedError
from pipelines.ledger.transitions import TransitionError
from pipelines.ledger.verification import verify_ledger
from pipelines.submissions.accounts import accounts
from pipelines.survey import service, statements
from pipelines.survey.service import SurveyDesk
from pipelines.survey.statements import Statement
from tests.support import surveys as fakes
from tests.support.fakes.ledger_fakes import time_at

PEOPLE = {
    "drafter": (Grant("submitter", "AL", "questionnaire"),),
    "focal": (Grant("approver", "AL", "questionnaire"),),
    "both": (Grant("submitter", "AL", "questionnaire"), Grant("approver", "AL", "questionnaire")),
    "viewer": (Grant("viewer", "AL", "justice"),),
    "neighbour": (Grant("submitter", "ME", "questionnaire"), Grant("approver", "ME", "questionnaire")),
    "office": (Grant("submitter", "AL", "justice"), Grant("approver", "AL", "justice")),
}
GIVEN = Statement("AL", "Central  authority", "2026", {"FR03.1": "", "FR04.1": ""})
REFUSED = {
    "no institution": ({"institution": " "}, "Name the institution"),
    "a mail address": ({"institution": "a@b.example"}, "Name the institution"),
    "a year that has not begun": ({"year": "2027"}, "must have begun"),
    "a year in words": ({"year": "last"}, "must have begun"),
    "no answer": ({"answers": {"FR03.1": ""}}, "at least one question"),
    "an answer that is not in the list": ({"answers": {"FR03.1": "many"}}, "at least one question"),
    "a question of practitioners": ({"answers": {"FR01.1": "1"}}, "at least one question"),
}


@pytest.fixture
def desk(tmp_path: Any) -> Iterator[SurveyDesk]:
    with clock.freeze_time(time_at(0)):
        opened = fakes.make_desk(tmp_path)
        new = [accounts.NewAccount(name, name, grants) for name, grants in PEOPLE.items()]
        accounts.create_many(opened.engine, new, by=SYSTEM)
    with clock.freeze_time(clock.parse_time(fakes.DURING)):
        yield opened
    opened.engine.dispose()


def find_identity(name: str) -> Identity:
    return Identity(name, name, "en", PEOPLE[name])


def record_draft(desk: SurveyDesk, actor: str = "drafter", **changes: Any) -> str:
    return statements.draft_statement(
        desk.engine, desk.registry, desk.surveys.bank, replace(GIVEN, **changes), actor=actor
    )  # fmt: skip


def draft_valid(desk: SurveyDesk, actor: str = "drafter", **changes: Any) -> str:
    code = desk.surveys.bank.list_codes(desk.surveys.bank.find_question("FR03"))[0]
    return record_draft(desk, actor, **{"answers": {"FR03.1": code}, **changes})


def list_states(desk: SurveyDesk, name: str, place: str = "AL") -> list[str]:
    views = statements.list_statements(desk.engine, desk.registry, find_identity(name), place)
    return [view.filed.state for view in views]


def test_statement_is_drafted_by_one_person_and_cleared_by_another(desk: SurveyDesk) -> None:
    code = desk.surveys.bank.list_codes(desk.surveys.bank.find_question("FR03"))[1]
    statement_id = record_draft(desk, answers={"FR03.1": code, "FR04.1": ""})
    with pytest.raises(NotAllowedError):
        statements.clear_statement(desk.engine, statement_id, actor="drafter")
    statements.clear_statement(desk.engine, statement_id, actor="focal")
    (view,) = statements.list_statements(desk.engine, desk.registry, find_identity("viewer"), "AL")
    assert view.filed.statement == Statement("AL", "Central authority", "2026", {"FR03.1": code})
    assert (view.filed.drafted_by, view.filed.decided_by, view.may_clear) == ("drafter", "focal", False)
    actions = [entry["action"] for entry in audit_log.list_entries(desk.engine, subject=statement_id)]
    assert actions == [statements.DRAFTED, statements.CLEARED]
    assert verify_ledger(desk.engine).good


def test_author_with_both_roles_cannot_clear(desk: SurveyDesk) -> None:
    statement_id = draft_valid(desk, "both")
    for act in (
        lambda: statements.clear_statement(desk.engine, statement_id, actor="both"),
        lambda: statements.return_statement(desk.engine, statement_id, actor="both", comment="Because."),
    ):
        with pytest.raises(TransitionError, match="focal point approves it"):
            act()
    with pytest.raises(TransitionError, match="Only the person who drafted"):
        statements.withdraw_statement(desk.engine, draft_valid(desk, "drafter", institution="Police"), actor="both")


def test_returned_statement_needs_a_comment_and_makes_room_for_another(desk: SurveyDesk) -> None:
    statement_id = draft_valid(desk)
    with pytest.raises(TransitionError, match="waits for approval"):
        draft_valid(desk, institution="CENTRAL authority")
    with pytest.raises(TransitionError, match="Say in a comment"):
        statements.return_statement(desk.engine, statement_id, actor="focal", comment="  ")
    statements.return_statement(desk.engine, statement_id, actor="focal", comment="Count the year again.")
    with pytest.raises(TransitionError, match="does not wait"):
        statements.clear_statement(desk.engine, statement_id, actor="focal")
    statements.withdraw_statement(desk.engine, draft_valid(desk), actor="drafter")
    statements.clear_statement(desk.engine, draft_valid(desk), actor="focal")
    assert list_states(desk, "drafter") == ["cleared", "withdrawn", "returned"]
    assert list_states(desk, "viewer") == ["cleared"], "drafts are for those who work on them"


@pytest.mark.parametrize("fault", REFUSED)
def test_wrong_statement_is_refused(desk: SurveyDesk, fault: str) -> None:
    changes, message = REFUSED[fault]
    with pytest.raises(TransitionError, match=message):
        draft_valid(desk, **changes)


def test_people_without_the_role_neither_act_nor_read(desk: SurveyDesk) -> None:
    statement_id = draft_valid(desk)
    acts: list[Callable[[str], object]] = [
        lambda name: draft_valid(desk, name, institution="Other"),
        lambda name: statements.clear_statement(desk.engine, statement_id, actor=name),
        lambda name: statements.return_statement(desk.engine, statement_id, actor=name, comment="Because."),
        lambda name: statements.withdraw_statement(desk.engine, statement_id, actor=name),
        lambda name: statements.clear_statement(desk.engine, "F000000000000000", actor=name),
    ]
    for name in ("viewer", "neighbour", "office"):
        for act in acts:
            with pytest.raises(NotAllowedError):
                act(name)
    assert list_states(desk, "viewer") == [] and list_states(desk, "office") == []
    with pytest.raises(NotAllowedError):
        list_states(desk, "neighbour")
    assert list_states(desk, "focal") == ["waiting"]


def test_focal_point_reads_no_answers_and_no_responses(desk: SurveyDesk) -> None:
    round_id = fakes.open_round(desk, fakes.make_invitees([("AL", "police", 6)]))
    focal = find_identity("focal")
    for read in (service.list_rounds, service.count_responses, service.list_texts, service.close_round):
        arguments = () if read is service.list_rounds else (round_id,)
        with pytest.raises(NotAllowedError):
            read(desk, focal, *arguments)  # type: ignore[operator]
    assert service.read_results(desk, focal, "AL", "police") is None, "results are protected, and none is closed"


def test_parts_of_a_territory_state_for_themselves(desk: SurveyDesk) -> None:
    places = statements.list_places(desk.registry, Identity("head", "Head", "en", (Grant("steward"),)))
    assert "BA_FED" in places and "BA" not in places
    with pytest.raises(NotAllowedError):
        draft_valid(desk, jurisdiction="BA")
