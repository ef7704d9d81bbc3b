"""Statements on treaties: a source, two people, a right date, and nothing that names a person."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import polars as pl
import pytest
import sqlalchemy as sa

from pipelines.core import clock
from pipelines.ledger import audit_log
from pipelines.ledger.identity import SYSTEM, Grant, NotAllowedError
from pipelines.ledger.transitions import TransitionError
from pipelines.submissions import assessments, law_proposals
from pipelines.submissions.accounts import accounts
from pipelines.submissions.treaty_statements import KIND, TreatyStatement, export_statements
from tests.support.fakes.ledger_fakes import home_and_ledger, time_at

GIVEN = TreatyStatement("QQ", "ETS182", "ratified", "2008-10-20", "Council of Europe, Treaty Office, 182")


def _create_people(engine: sa.Engine) -> None:
    people = {
        "drafter": (Grant("submitter", "QQ", "legislation"),),
        "chief": (Grant("approver", "QQ", "legislation"),),
        "both": (Grant("submitter", "QQ"), Grant("approver", "QQ")),
        "counts": (Grant("submitter", "QQ", "justice"), Grant("approver", "QQ", "justice")),
        "the-steward": (Grant("steward"),),
    }
    with clock.freeze_time(time_at(-30)):
        accounts.create_many(
            engine, [accounts.NewAccount(name, name, grants) for name, grants in people.items()], by=SYSTEM
        )


@pytest.fixture
def engine(tmp_path: Path) -> sa.Engine:
    return home_and_ledger(tmp_path, _create_people)[1]


def _propose(engine: sa.Engine, actor: str = "drafter", days: float = 0, **changes: str) -> str:
    with clock.freeze_time(time_at(days)):
        return law_proposals.record_proposal(engine, KIND, replace(GIVEN, **changes), actor=actor)


def _approve(engine: sa.Engine, identity: str, actor: str = "chief", days: float = 1) -> None:
    with clock.freeze_time(time_at(days)):
        law_proposals.approve_proposal(engine, KIND, identity, actor=actor)


@pytest.mark.usefixtures("database")
def test_approved_statement_is_exported_without_accounts(engine: sa.Engine, tmp_path: Path) -> None:
    identity = _propose(engine, source="  Council of Europe,   Treaty Office, 182 ")
    assert export_statements(engine, tmp_path / "t.parquet") == 0, "nothing was approved yet"
    _approve(engine, identity)
    assert export_statements(engine, tmp_path / "t.parquet") == 1
    (row,) = pl.read_parquet(tmp_path / "t.parquet").iter_rows(named=True)
    assert [row[name] for name in ("territory", "treaty", "event", "date", "source")] == [
        "QQ", "ETS182", "ratified", "2008-10-20", "Council of Europe, Treaty Office, 182",
    ]  # fmt: skip
    assert not {"drafter", "chief"} & {str(value) for value in row.values()}
    actions = [entry["action"] for entry in audit_log.list_entries(engine, subject=identity)]
    assert sorted(actions) == ["treaty.approve", "treaty.propose"]
    assert assessments.read_proposals(engine) == [], "a statement is not an assessment"


@pytest.mark.parametrize("actor", ["chief", "counts", "the-steward"])
def test_statement_needs_the_role_of_a_submitter_for_legislation(engine: sa.Engine, actor: str) -> None:
    with pytest.raises(NotAllowedError):
        _propose(engine, actor)
    assert law_proposals.read_proposals(engine, KIND) == []


def test_nobody_confirms_their_own_statement(engine: sa.Engine, tmp_path: Path) -> None:
    identity = _propose(engine, "both")
    with pytest.raises(TransitionError, match="second person"):
        _approve(engine, identity, "both")
    with pytest.raises(TransitionError, match="reason"):
        law_proposals.approve_proposal(engine, KIND, identity, actor="the-steward", override=True)
    law_proposals.approve_proposal(
        engine, KIND, identity, actor="the-steward", comment="read in the same list", override=True
    )
    assert export_statements(engine, tmp_path / "t.parquet") == 1


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"treaty": "NATO"}, "from the lists"), ({"event": "heard"}, "from the lists"), ({"source": " "}, "document"),
        ({"source": "x" * 301}, "more than"), ({"date": ""}, "Enter a date"), ({"date": "soon"}, "Enter a date"),
        ({"event": "not_party"}, "Enter a date"), ({"date": "2008-13"}, "Enter a date"),
    ],
)  # fmt: skip
def test_incomplete_statement_is_refused(engine: sa.Engine, changes: dict[str, str], message: str) -> None:
    with pytest.raises(TransitionError, match=message):
        _propose(engine, **changes)
    assert law_proposals.read_proposals(engine, KIND) == []


def test_one_statement_of_a_treaty_waits_and_none_is_repeated(engine: sa.Engine) -> None:
    identity = _propose(engine)
    with pytest.raises(TransitionError, match="waits for a decision"):
        _propose(engine, days=0.5, event="in_force")
    _approve(engine, identity)
    with pytest.raises(TransitionError, match="approved already"):
        _propose(engine, days=2)
    assert _propose(engine, days=3, event="in_force", date="2009-02-01") != identity
