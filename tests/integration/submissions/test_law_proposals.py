"""Proposals about the law, whatever they are about: roles, two people, one at a time, and a decision that stays."""

from __future__ import annotations

import threading
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest
import sqlalchemy as sa

from pipelines.core import clock
from pipelines.ledger import audit_log
from pipelines.ledger.identity import NotAllowedError
from pipelines.ledger.transitions import TransitionError
from pipelines.submissions import assessments, law_proposals, provision_statements, treaty_statements
from pipelines.submissions.assessments import Assessment
from pipelines.submissions.law_proposals import Proposal, ProposalKind
from pipelines.submissions.provision_statements import ProvisionStatement
from pipelines.submissions.treaty_statements import TreatyStatement
from tests.support.fakes.ledger_fakes import time_at
from tests.support.law_ledger import approve_content, make_law_ledger, propose_content

ASSESSMENT = Assessment(
    "QQ", "DURATION", {"EU_MLA": "met", "ETS182": "partly", "PCC_SEE": "not_met"}, "Article 12, Act on Cooperation",
    "Official Gazette 1/2020, p. 3", "2020-05-01", "prosecutor",
)  # fmt: skip
STATEMENT = TreatyStatement("QQ", "ETS182", "ratified", "2008-10-20", "Council of Europe, Treaty Office, 182")
PROVISION = ProvisionStatement("PCC_SEE", "PURPOSE", True, "Secretariat of the Convention, text of 2006, article 27")


@dataclass(frozen=True)
class Case:
    """A kind, a content of it, a field that another proposal changes, and the people who may propose and decide."""

    kind: ProposalKind[Any]
    content: Any
    change: dict[str, Any]
    prefix: str

    @property
    def chief(self) -> str:
        return f"{self.prefix}chief"

    def make_proposal(self, engine: sa.Engine, actor: str = "", days: float = 0, **changes: Any) -> str:
        return propose_content(engine, self.kind, self.content, actor or f"{self.prefix}drafter", days, **changes)

    def approve_one(self, engine: sa.Engine, identity: str, actor: str = "", days: float = 1) -> None:
        approve_content(engine, self.kind, identity, actor or self.chief, days)

    def read_all(self, engine: sa.Engine) -> dict[str, Proposal[Any]]:
        return {item.proposal_id: item for item in law_proposals.read_proposals(engine, self.kind)}


CASES = {
    "assessment": Case(assessments.KIND, ASSESSMENT, {"article": "Article 13, Act on Cooperation"}, ""),
    "treaty": Case(treaty_statements.KIND, STATEMENT, {"event": "in_force", "date": "2009-02-01"}, ""),
    "provision": Case(provision_statements.KIND, PROVISION, {"is_provided": False}, "region-"),
}


@pytest.fixture(params=CASES.values(), ids=CASES.keys())
def case(request: pytest.FixtureRequest) -> Case:
    assert isinstance(request.param, Case)
    return request.param


@pytest.fixture
def engine(tmp_path: Path) -> sa.Engine:
    return make_law_ledger(tmp_path)


@pytest.mark.parametrize("actor", ["counts", "neighbour", "the-steward", "gone", "unknown"])
def test_proposal_needs_the_role_of_a_submitter_for_legislation(engine: sa.Engine, case: Case, actor: str) -> None:
    for name in (actor, case.chief):
        with pytest.raises(NotAllowedError):
            case.make_proposal(engine, name)
    assert case.read_all(engine) == {}


def test_what_holds_for_the_region_needs_the_roles_of_the_region(engine: sa.Engine) -> None:
    case = CASES["provision"]
    for actor in ("drafter", "both"):
        with pytest.raises(NotAllowedError):
            case.make_proposal(engine, actor)
    identity = case.make_proposal(engine)
    for actor in ("chief", "both", "neighbour"):
        with pytest.raises(NotAllowedError):
            case.approve_one(engine, identity, actor)
    with pytest.raises(NotAllowedError):
        law_proposals.approve_proposal(
            engine, case.kind, identity, actor="neighbour", comment="of one territory", override=True
        )
    assert case.read_all(engine)[identity].state == "waiting"


@pytest.mark.parametrize("actor", ["counts", "neighbour", "gone", "unknown", "the-steward"])
def test_approval_needs_the_role_of_an_approver_for_legislation(engine: sa.Engine, case: Case, actor: str) -> None:
    identity = case.make_proposal(engine)
    for name in (actor, f"{case.prefix}drafter"):
        with pytest.raises(NotAllowedError):
            case.approve_one(engine, identity, name)
    assert case.read_all(engine)[identity].state == "waiting"


def test_nobody_decides_on_their_own_proposal(engine: sa.Engine, case: Case) -> None:
    twofold = f"{case.prefix}both"
    identity = case.make_proposal(engine, twofold)
    with pytest.raises(TransitionError, match="second person"):
        case.approve_one(engine, identity, twofold)
    with pytest.raises(TransitionError, match="second person"):
        law_proposals.reject_proposal(engine, case.kind, identity, actor=twofold, comment="it is wrong")
    assert case.read_all(engine)[identity].state == "waiting"


def test_steward_overrides_with_a_comment_only(engine: sa.Engine, case: Case) -> None:
    identity = case.make_proposal(engine)
    with pytest.raises(TransitionError, match="reason"):
        law_proposals.approve_proposal(engine, case.kind, identity, actor="the-steward", override=True)
    with pytest.raises(NotAllowedError):
        law_proposals.approve_proposal(
            engine, case.kind, identity, actor="neighbour", comment="I may not", override=True
        )
    law_proposals.approve_proposal(
        engine, case.kind, identity, actor="the-steward", comment="no approver yet", override=True
    )
    assert (case.read_all(engine)[identity].state, case.read_all(engine)[identity].comment) == (
        "approved",
        "no approver yet",
    )


def test_rejection_needs_a_comment_and_frees_the_place(engine: sa.Engine, case: Case) -> None:
    identity = case.make_proposal(engine)
    with pytest.raises(TransitionError, match="waits for a decision"):
        case.make_proposal(engine, days=1, **case.change)
    with pytest.raises(TransitionError, match="reason"):
        law_proposals.reject_proposal(engine, case.kind, identity, actor=case.chief, comment="  ")
    with clock.freeze_time(time_at(1)):
        law_proposals.reject_proposal(engine, case.kind, identity, actor=case.chief, comment="it says otherwise")
    with pytest.raises(TransitionError, match="decided on already"):
        case.approve_one(engine, identity)
    again = case.make_proposal(engine, days=2)
    assert case.read_all(engine)[again].state == "waiting"


def test_only_the_proposer_withdraws(engine: sa.Engine, case: Case) -> None:
    identity = case.make_proposal(engine)
    with pytest.raises(TransitionError, match="Only the person"):
        law_proposals.withdraw_proposal(engine, case.kind, identity, actor=f"{case.prefix}both")
    law_proposals.withdraw_proposal(engine, case.kind, identity, actor=f"{case.prefix}drafter")
    assert case.read_all(engine)[identity].state == "withdrawn"


def test_approved_content_is_not_proposed_again_unchanged(engine: sa.Engine, case: Case) -> None:
    identity = case.make_proposal(engine)
    case.approve_one(engine, identity)
    with pytest.raises(TransitionError, match="approved already"):
        case.make_proposal(engine, days=2)
    assert case.make_proposal(engine, days=3, **case.change) != identity


def test_kinds_do_not_read_each_other(engine: sa.Engine) -> None:
    identities = {name: case.make_proposal(engine) for name, case in CASES.items()}
    for name, case in CASES.items():
        assert list(case.read_all(engine)) == [identities[name]]
        case.approve_one(engine, identities[name])
        actions = [entry["action"] for entry in audit_log.list_entries(engine, subject=identities[name])]
        assert sorted(actions) == [case.kind.name_action("approve"), case.kind.name_action("propose")]


@pytest.mark.usefixtures("database")
def test_two_decisions_at_once_leave_one(engine: sa.Engine, case: Case) -> None:
    identity = case.make_proposal(engine)
    outcomes: list[str] = []

    def try_decision(act: Callable[[], None]) -> None:
        try:
            act()
            outcomes.append("done")
        except TransitionError:
            outcomes.append("refused")

    acts = (
        lambda: law_proposals.approve_proposal(engine, case.kind, identity, actor=case.chief),
        lambda: law_proposals.reject_proposal(
            engine, case.kind, identity, actor=f"{case.prefix}both", comment="it says otherwise"
        ),
    )
    threads = [threading.Thread(target=try_decision, args=(act,)) for act in acts]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert sorted(outcomes) == ["done", "refused"]
    entries = audit_log.list_entries(engine, subject=identity)
    assert len([entry for entry in entries if entry["action"] != case.kind.name_action("propose")]) == 1
