"""A ledger with people for the law of a territory and of the region, in which tests propose and decide."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import Any

import sqlalchemy as sa

from pipelines.core import clock
from pipelines.ledger.identity import SYSTEM, Grant
from pipelines.submissions import law_proposals
from pipelines.submissions.accounts import accounts
from pipelines.submissions.law_proposals import ContentT, ProposalKind
from tests.support.fakes.ledger_fakes import home_and_ledger, time_at

PEOPLE = {
    "drafter": (Grant("submitter", "QQ", "legislation"),),
    "chief": (Grant("approver", "QQ", "legislation"),),
    "both": (Grant("submitter", "QQ"), Grant("approver", "QQ")),
    "counts": (Grant("submitter", "QQ", "justice"), Grant("approver", "QQ", "justice")),
    "neighbour": (Grant("submitter", "RR"), Grant("approver", "RR"), Grant("steward", "RR")),
    "region-drafter": (Grant("submitter", "*", "legislation"),),
    "region-chief": (Grant("approver", "*", "legislation"),),
    "region-both": (Grant("submitter", "*", "legislation"), Grant("approver", "*", "legislation")),
    "the-steward": (Grant("steward"),),
    "gone": (Grant("submitter"), Grant("approver"), Grant("steward")),
}


def _create_people(engine: sa.Engine) -> None:
    with clock.freeze_time(time_at(-30)):
        accounts.create_many(
            engine, [accounts.NewAccount(name, name, grants) for name, grants in PEOPLE.items()], by=SYSTEM
        )
        accounts.disable_account(engine, "gone", by=SYSTEM)


def make_law_ledger(folder: Path) -> sa.Engine:
    """Return the ledger of an empty home with these people."""
    return home_and_ledger(folder, _create_people)[1]


def propose_content(
    engine: sa.Engine,
    kind: ProposalKind[ContentT],
    content: ContentT,
    actor: str = "drafter",
    days: float = 0,
    **changes: Any,
) -> str:
    """Propose a content with some fields changed, some days after the first day of the tests; return the id."""
    with clock.freeze_time(time_at(days)):
        return law_proposals.record_proposal(engine, kind, replace(content, **changes), actor=actor)  # type: ignore[type-var]


def approve_content(
    engine: sa.Engine, kind: ProposalKind[ContentT], identity: str, actor: str = "chief", days: float = 1
) -> None:
    """Approve a proposal."""
    with clock.freeze_time(time_at(days)):
        law_proposals.approve_proposal(engine, kind, identity, actor=actor)
