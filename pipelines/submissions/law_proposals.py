"""Proposals about the law: one person makes them, another one decides.

Proposals and decisions are entries of the audit log alone, with the proposal's id as their subject, so that the
history is complete and nothing is ever changed. `assessments.py`,
`treaty_statements.py` and `provision_statements.py` each declare one kind.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, replace
from datetime import datetime
from typing import Any, Final, Generic, Literal, Protocol, TypeVar

import sqlalchemy as sa

from pipelines.core import clock
from pipelines.core.i18n import mark
from pipelines.ledger import audit_log
from pipelines.ledger.database import open_read_transaction
from pipelines.ledger.identity import Identity
from pipelines.ledger.permissions import Act, has_role_for, make_missing_role_error
from pipelines.ledger.schema import AUDIT
from pipelines.ledger.transitions import TransitionError
from pipelines.submissions.changes import Book, open_book, refuse_words, require_book_role

INSTRUMENT: Final = "legislation"
"""Instrument for which the roles must be held."""
State = Literal["waiting", "approved", "rejected", "withdrawn"]
_PROPOSE: Final = "propose"
_DECISIONS: Final[Mapping[str, State]] = {"approve": "approved", "reject": "rejected", "withdraw": "withdrawn"}
"""Second half of each action of the audit log, and the state to which it leads."""


class Content(Protocol):
    """Content of a proposal. `jurisdiction` is the place for whose law the roles must be held, or `*` for all."""

    @property
    def jurisdiction(self) -> str: ...


ContentT = TypeVar("ContentT", bound=Content)


@dataclass(frozen=True, slots=True)
class Proposal(Generic[ContentT]):
    """Content that somebody proposed, with its history. `comment` is that of the decision."""

    proposal_id: str
    content: ContentT
    proposed_by: str
    proposed_at: str
    state: State = "waiting"
    decided_by: str = ""
    decided_at: str = ""
    comment: str = ""
    sequence: int = field(default=0, repr=False)
    """Number of the audit entry of the decision, or of the proposal: later acts have higher numbers."""


@dataclass(frozen=True, slots=True)
class ProposalKind(Generic[ContentT]):
    """One kind of proposals.

    `prefix` begins its actions in the audit log, `letter` its ids. `clean` returns the content without superfluous
    blanks and raises TransitionError if something is missing or wrong; it may read what was approved before. `key`
    names what only one proposal may wait for at a time. `find_last` returns, from the approved proposals of one key,
    the one that a new one must differ from.
    """

    prefix: str
    letter: str
    load: Callable[[dict[str, Any]], ContentT]
    dump: Callable[[ContentT], dict[str, Any]]
    clean: Callable[[ContentT, sa.Connection], ContentT]
    key: Callable[[ContentT], tuple[str, ...]]
    find_last: Callable[[list[Proposal[ContentT]]], Proposal[ContentT] | None]

    def name_action(self, act: str) -> str:
        """Return an action of the audit log."""
        return f"{self.prefix}.{act}"


# -- Reading


def read_proposals(engine: sa.Engine, kind: ProposalKind[ContentT]) -> list[Proposal[ContentT]]:
    """Return all proposals of a kind with their state, in the order in which they were made."""
    with open_read_transaction(engine) as connection:
        return list(select_proposals(connection, kind).values())


def select_proposals(connection: sa.Connection, kind: ProposalKind[ContentT]) -> dict[str, Proposal[ContentT]]:
    """Return the same by id, within a transaction."""
    decisions = {kind.name_action(act): state for act, state in _DECISIONS.items()}
    query = sa.select(AUDIT).where(AUDIT.c.action.in_((kind.name_action(_PROPOSE), *decisions))).order_by(AUDIT.c.seq)
    proposals: dict[str, Proposal[ContentT]] = {}
    for row in connection.execute(query):
        detail = json.loads(row.detail)
        if row.action not in decisions:
            proposals[row.subject] = Proposal(row.subject, kind.load(detail), row.actor, row.at, sequence=row.seq)
        else:
            proposals[row.subject] = replace(
                proposals[row.subject],
                state=decisions[row.action],
                decided_by=row.actor,
                decided_at=row.at,
                comment=detail["comment"],
                sequence=row.seq,
            )
    return proposals


# -- Acts


def record_proposal(engine: sa.Engine, kind: ProposalKind[ContentT], content: ContentT, *, actor: str) -> str:
    """Record a proposal and return its id.

    Raises TransitionError for content that is wrong or was approved already or while another proposal waits,
    NotAllowedError, ClockSetBackError.
    """
    with open_book(engine, (), [actor]) as book:
        require_role(book, actor, "propose_law", content)
        content = kind.clean(content, book.connection)
        proposals = select_proposals(book.connection, kind)
        same = [item for item in proposals.values() if kind.key(item.content) == kind.key(content)]
        if any(item.state == "waiting" for item in same):
            raise TransitionError(mark("Another proposal waits for a decision. Decide on it, or withdraw it, first."))
        last = kind.find_last([item for item in same if item.state == "approved"])
        if last is not None and last.content == content:
            raise TransitionError(mark("This was approved already. Change something before you propose it again."))
        entry = make_entry(kind, content, actor, clock.now())
        if entry.subject in proposals:
            raise TransitionError(mark("This was proposed already. Read it again."))
        audit_log.append_many(book.connection, [entry])
    return entry.subject


def make_entry(kind: ProposalKind[ContentT], content: ContentT, actor: str, at: datetime) -> audit_log.AuditEntry:
    """Return the entry of the audit log for a proposal; its subject is the id."""
    detail = kind.dump(content)
    identity = json.dumps([detail, actor, clock.format_timestamp(at)], sort_keys=True)
    proposal_id = kind.letter + hashlib.sha256(identity.encode()).hexdigest()[:15]
    return audit_log.AuditEntry(at, actor, kind.name_action(_PROPOSE), proposal_id, detail)


def make_approval(kind: ProposalKind[ContentT], proposal_id: str, actor: str, at: datetime) -> audit_log.AuditEntry:
    """Return the entry of the audit log for an approval without a comment."""
    return audit_log.AuditEntry(at, actor, kind.name_action("approve"), proposal_id, {"comment": "", "override": False})


def require_role(book: Book, actor: str, act: Act, content: Content, *, override: bool = False) -> None:
    """Refuse an act that the actor has no role for. Raises NotAllowedError."""
    require_book_role(book, actor, act, (content.jurisdiction, INSTRUMENT), override=override)


def approve_proposal(
    engine: sa.Engine,
    kind: ProposalKind[ContentT],
    proposal_id: str,
    *,
    actor: str,
    comment: str = "",
    override: bool = False,
) -> None:
    """Approve a proposal of another person. `override` is for stewards and needs a comment.

    Raises TransitionError, NotAllowedError, ClockSetBackError.
    """
    _decide(engine, kind, "approve_law", proposal_id, actor, comment, override=override)


def reject_proposal(
    engine: sa.Engine, kind: ProposalKind[ContentT], proposal_id: str, *, actor: str, comment: str
) -> None:
    """Reject a proposal of another person, with a reason.

    Raises TransitionError, NotAllowedError, ClockSetBackError.
    """
    _decide(engine, kind, "reject_law", proposal_id, actor, comment)


def withdraw_proposal(engine: sa.Engine, kind: ProposalKind[ContentT], proposal_id: str, *, actor: str) -> None:
    """Withdraw one's own proposal. Raises TransitionError, NotAllowedError, ClockSetBackError."""
    _decide(engine, kind, "withdraw_law", proposal_id, actor, "")


def _decide(
    engine: sa.Engine,
    kind: ProposalKind[ContentT],
    act: Act,
    proposal_id: str,
    actor: str,
    comment: str,
    *,
    override: bool = False,
) -> None:
    refuse_words(comment)
    comment = " ".join(comment.split())
    with open_book(engine, (), [actor]) as book:
        proposal = select_proposals(book.connection, kind).get(proposal_id)
        if proposal is None:
            raise make_missing_role_error()
        require_role(book, actor, act, proposal.content, override=override)
        if proposal.state != "waiting":
            raise TransitionError(mark("This proposal was decided on already. Read it again."))
        if act == "withdraw_law" and actor != proposal.proposed_by:
            raise TransitionError(mark("Only the person who made a proposal can withdraw it."))
        if act != "withdraw_law" and actor == proposal.proposed_by:
            raise TransitionError(mark("You made this proposal, so a second person decides on it."))
        if not comment and (override or act == "reject_law"):
            field = "override-comment" if override else "reject-comment"
            raise TransitionError(mark("Give a reason in a comment. It is kept with the proposal.")).at_field(field)
        audit_log.append_entry(
            book.connection,
            at=clock.now(),
            actor=actor,
            action=kind.name_action(act.partition("_")[0]),
            subject=proposal_id,
            detail={"comment": comment, "override": override},
        )


def has_role_for_law(who: Identity, act: Act, jurisdiction: str, *, override: bool | None = False) -> bool:
    """Return True if an identity holds a role that permits an act on the law of a jurisdiction."""
    return has_role_for(who, act, jurisdiction, INSTRUMENT, override=override)
