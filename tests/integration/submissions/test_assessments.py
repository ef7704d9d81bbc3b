"""Assessments of the law: two people, one at a time, complete history, and nothing that names a person."""

from __future__ import annotations

import threading
from collections.abc import Callable, Mapping
from dataclasses import replace
from datetime import date
from pathlib import Path

import polars as pl
import pytest
import sqlalchemy as sa

from pipelines.core import clock
from pipelines.declarations.treaties import list_standards
from pipelines.ledger import audit_log
from pipelines.ledger.identity import SYSTEM, Grant, NotAllowedError
from pipelines.ledger.transitions import TransitionError
from pipelines.submissions import assessments, law_proposals
from pipelines.submissions.accounts import accounts
from pipelines.submissions.assessments import KIND, Assessment, Proposal
from tests.support.fakes.ledger_fakes import home_and_ledger, time_at

GIVEN = Assessment(
    "QQ", "DURATION", {"EU_MLA": "met", "ETS182": "partly", "PCC_SEE": "not_met"}, "Article 12, Act on Cooperation",
    "Official Gazette 1/2020, p. 3", "2020-05-01", "prosecutor",
)  # fmt: skip


def _create_people(engine: sa.Engine) -> None:
    people = {
        "drafter": (Grant("submitter", "QQ", "legislation"),),
        "chief": (Grant("approver", "QQ", "legislation"),),
        "both": (Grant("submitter", "QQ"), Grant("approver", "QQ")),
        "counts": (Grant("submitter", "QQ", "justice"), Grant("approver", "QQ", "justice")),
        "neighbour": (Grant("submitter", "RR"), Grant("approver", "RR"), Grant("steward", "RR")),
        "the-steward": (Grant("steward"),),
        "gone": (Grant("submitter"), Grant("approver"), Grant("steward")),
    }
    with clock.freeze_time(time_at(-30)):
        accounts.create_many(
            engine, [accounts.NewAccount(name, name, grants) for name, grants in people.items()], by=SYSTEM
        )
        accounts.disable_account(engine, "gone", by=SYSTEM)


@pytest.fixture
def engine(tmp_path: Path) -> sa.Engine:
    return home_and_ledger(tmp_path, _create_people)[1]


def _propose(engine: sa.Engine, actor: str = "drafter", days: float = 0, **changes: object) -> str:
    with clock.freeze_time(time_at(days)):
        return law_proposals.record_proposal(engine, KIND, replace(GIVEN, **changes), actor=actor)  # type: ignore[arg-type]


def _approve(engine: sa.Engine, identity: str, actor: str = "chief", days: float = 1) -> None:
    with clock.freeze_time(time_at(days)):
        law_proposals.approve_proposal(engine, KIND, identity, actor=actor)


def _by_id(engine: sa.Engine) -> Mapping[str, Proposal]:
    return {item.proposal_id: item for item in assessments.read_proposals(engine)}


@pytest.mark.usefixtures("database")
def test_approved_assessment_is_exported_without_accounts(engine: sa.Engine, tmp_path: Path) -> None:
    identity = _propose(engine)
    assert assessments.export_assessments(engine, tmp_path / "a.parquet") == 0, "nothing was approved yet"
    _approve(engine, identity)
    assert assessments.export_assessments(engine, tmp_path / "a.parquet") == 3
    rows = pl.read_parquet(tmp_path / "a.parquet")
    assert dict(rows.select("treaty", "result").iter_rows()) == GIVEN.results
    assert rows["first_day"].to_list() == [date(2020, 5, 1)] * 3
    assert not {"drafter", "chief"} & {str(value) for row in rows.iter_rows() for value in row}


@pytest.mark.parametrize("actor", ["chief", "counts", "neighbour", "the-steward", "gone", "unknown"])
def test_proposal_needs_the_role_for_legislation_of_the_jurisdiction(engine: sa.Engine, actor: str) -> None:
    with pytest.raises(NotAllowedError):
        _propose(engine, actor)
    assert assessments.read_proposals(engine) == []


@pytest.mark.parametrize("actor", ["drafter", "counts", "neighbour", "gone", "unknown", "the-steward"])
def test_approval_needs_the_role_for_legislation_of_the_jurisdiction(engine: sa.Engine, actor: str) -> None:
    identity = _propose(engine)
    with pytest.raises(NotAllowedError):
        _approve(engine, identity, actor)
    assert _by_id(engine)[identity].state == "waiting"


def test_nobody_decides_on_their_own_proposal(engine: sa.Engine) -> None:
    identity = _propose(engine, "both")
    with pytest.raises(TransitionError, match="second person"):
        _approve(engine, identity, "both")
    with pytest.raises(TransitionError, match="second person"):
        law_proposals.reject_proposal(engine, KIND, identity, actor="both", comment="it is wrong")
    assert _by_id(engine)[identity].state == "waiting"


def test_steward_overrides_with_a_comment_only(engine: sa.Engine) -> None:
    identity = _propose(engine)
    with pytest.raises(TransitionError, match="reason"):
        law_proposals.approve_proposal(engine, KIND, identity, actor="the-steward", override=True)
    with pytest.raises(NotAllowedError):
        law_proposals.approve_proposal(engine, KIND, identity, actor="neighbour", comment="I may not", override=True)
    law_proposals.approve_proposal(
        engine, KIND, identity, actor="the-steward", comment="no approver yet", override=True
    )
    assert (_by_id(engine)[identity].state, _by_id(engine)[identity].comment) == ("approved", "no approver yet")


def test_rejection_needs_a_comment_and_frees_the_element(engine: sa.Engine) -> None:
    identity = _propose(engine)
    with pytest.raises(TransitionError, match="waits for a decision"):
        _propose(engine, days=1, article="Article 13, Act on Cooperation")
    with pytest.raises(TransitionError, match="reason"):
        law_proposals.reject_proposal(engine, KIND, identity, actor="chief", comment="  ")
    with clock.freeze_time(time_at(1)):
        law_proposals.reject_proposal(engine, KIND, identity, actor="chief", comment="the article was repealed")
    with pytest.raises(TransitionError, match="decided on already"):
        _approve(engine, identity)
    again = _propose(engine, days=2)
    assert _by_id(engine)[again].state == "waiting"


def test_only_the_proposer_withdraws(engine: sa.Engine) -> None:
    identity = _propose(engine)
    with pytest.raises(TransitionError, match="Only the person"):
        law_proposals.withdraw_proposal(engine, KIND, identity, actor="both")
    law_proposals.withdraw_proposal(engine, KIND, identity, actor="drafter")
    assert _by_id(engine)[identity].state == "withdrawn"


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"element": "NOTHING"}, "element"),
        ({"results": {"EU_MLA": "met"}}, "each treaty"),
        ({"results": {**GIVEN.results, "UNTOC": "met"}}, "each treaty"),
        ({"results": {**GIVEN.results, "EU_MLA": "good"}}, "each treaty"),
        ({"reviewer_role": "Jane Roe"}, "role of the person"),
        ({"article": " "}, "Name the article"),
        ({"citation": ""}, "Name the article"),
        ({"applies_from": ""}, "date from which"),
        ({"applies_from": "1 May 2020"}, "date from which"),
        ({"article": "x" * 201}, "200"),
        ({"citation": "x" * 4001}, "4000"),
        ({"citation": "a text with \x00"}, "not allowed"),
    ],
)
def test_wrong_assessment_is_refused_and_nothing_is_recorded(
    engine: sa.Engine, changes: dict[str, object], message: str
) -> None:
    before = audit_log.list_entries(engine)
    with pytest.raises(TransitionError, match=message):
        _propose(engine, **changes)
    assert audit_log.list_entries(engine) == before


def test_element_without_assessment_can_be_recorded_as_unknown(engine: sa.Engine) -> None:
    results = dict.fromkeys(list_standards("DURATION"), "unknown")
    assert _propose(engine, results=results, article="", citation="")


def test_law_that_applies_on_a_day_is_the_newest_one_before_it(engine: sa.Engine) -> None:
    later = {**GIVEN.results, "PCC_SEE": "met"}
    new_law = _propose(engine, results=later, applies_from="2024")
    _approve(engine, new_law)
    old_law = _propose(engine, days=2)
    _approve(engine, old_law, days=3)
    history = assessments.order_approved(assessments.read_proposals(engine))["QQ", "DURATION"]
    assert [item.proposal_id for item in history] == [old_law, new_law], "by the law, not by the approval"

    def find_id(day: date) -> str | None:
        current = assessments.find_current(history, day)
        return current.proposal_id if current else None

    days = (date(2020, 4, 30), date(2020, 5, 1), date(2023, 12, 31), date(2024, 1, 1))
    assert [find_id(day) for day in days] == [None, old_law, old_law, new_law]


def test_unchanged_assessment_is_refused(engine: sa.Engine) -> None:
    _approve(engine, _propose(engine))
    with pytest.raises(TransitionError, match="approved already"):
        _propose(engine, days=2)


@pytest.mark.usefixtures("database")
def test_two_decisions_at_once_leave_one(engine: sa.Engine) -> None:
    identity = _propose(engine)
    outcomes: list[str] = []

    def try_decision(act: Callable[[], None]) -> None:
        try:
            act()
            outcomes.append("done")
        except TransitionError:
            outcomes.append("refused")

    acts = (
        lambda: law_proposals.approve_proposal(engine, KIND, identity, actor="chief"),
        lambda: law_proposals.reject_proposal(engine, KIND, identity, actor="both", comment="the article was repealed"),
    )
    threads = [threading.Thread(target=try_decision, args=(act,)) for act in acts]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert sorted(outcomes) == ["done", "refused"]
    decisions = [
        entry for entry in audit_log.list_entries(engine, subject=identity) if entry["action"] != "law.propose"
    ]
    assert len(decisions) == 1
