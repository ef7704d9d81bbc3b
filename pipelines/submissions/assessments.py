"""Assessments of the law on joint investigation teams: proposed by one person, approved by another.

Proposals and decisions are entries of the audit log alone, with the proposal's id as their subject, so that the
history is complete and nothing is ever changed. An assessment gives one element of the law of one jurisdiction a result
for each treaty that provides for the element.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import asdict, dataclass, field, replace
from datetime import date, datetime
from pathlib import Path
from typing import Final, Literal

import sqlalchemy as sa

from pipelines.core import clock, codes
from pipelines.core.i18n import mark
from pipelines.declarations.law import partial_date
from pipelines.declarations.treaties import list_standards
from pipelines.ledger import audit_log, facts
from pipelines.ledger.database import open_read_transaction
from pipelines.ledger.identity import Identity
from pipelines.ledger.permissions import Act, has_role_for, make_missing_role_error
from pipelines.ledger.schema import AUDIT
from pipelines.ledger.transitions import TransitionError
from pipelines.submissions.changes import open_book, refuse_words, require_book_role

INSTRUMENT: Final = "legislation"
"""Instrument for which the roles must be held."""
PROPOSED: Final = "law.propose"
APPROVED: Final = "law.approve"
REJECTED: Final = "law.reject"
WITHDRAWN: Final = "law.withdraw"
State = Literal["waiting", "approved", "rejected", "withdrawn"]
_DECISIONS: Final[Mapping[str, State]] = {APPROVED: "approved", REJECTED: "rejected", WITHDRAWN: "withdrawn"}
UNKNOWN: Final = "unknown"
"""Result of an element that nobody has assessed."""
_LONGEST_ARTICLE: Final = 200
EXPORTED: Final = {
    **dict.fromkeys(("assessment_id", "jurisdiction", "element", "treaty", "result", "article", "citation"), str),
    "applies_from": str,
    "first_day": date,
    "reviewer_role": str,
    "approved_at": str,
    "sequence": int,
}
"""Columns of the exported table. `first_day` is that of `applies_from`; `sequence` grows with each decision."""


@dataclass(frozen=True, slots=True)
class Assessment:
    """Results of one element of the law of a jurisdiction.

    `results` has a code of `law_status` for each treaty that provides for the element. `article` names the article and
    the law, `citation` quotes or points to the text, `applies_from` is the day, month or year from which the law
    applies, and `reviewer_role` is a code of `reviewer_role`: the role of the person who assessed, never a name.
    """

    jurisdiction: str
    element: str
    results: Mapping[str, str]
    article: str
    citation: str
    applies_from: str
    reviewer_role: str


@dataclass(frozen=True, slots=True)
class Proposal:
    """An assessment with its history. `comment` is that of the decision."""

    proposal_id: str
    assessment: Assessment
    proposed_by: str
    proposed_at: str
    state: State = "waiting"
    decided_by: str = ""
    decided_at: str = ""
    comment: str = ""
    sequence: int = field(default=0, repr=False)
    """Number of the audit entry of the decision, or of the proposal: later acts have higher numbers."""

    @property
    def key(self) -> tuple[str, str]:
        """Return the jurisdiction and the element."""
        return self.assessment.jurisdiction, self.assessment.element


# -- Reading


def read_proposals(engine: sa.Engine) -> list[Proposal]:
    """Return all proposals with their state, in the order in which they were made."""
    with open_read_transaction(engine) as connection:
        return list(_select_proposals(connection).values())


def _select_proposals(connection: sa.Connection) -> dict[str, Proposal]:
    query = sa.select(AUDIT).where(AUDIT.c.action.in_((PROPOSED, *_DECISIONS))).order_by(AUDIT.c.seq)
    proposals: dict[str, Proposal] = {}
    for row in connection.execute(query):
        detail = json.loads(row.detail)
        if row.action == PROPOSED:
            assessment = Assessment(**detail)
            proposals[row.subject] = Proposal(row.subject, assessment, row.actor, row.at, sequence=row.seq)
        else:
            proposals[row.subject] = replace(
                proposals[row.subject],
                state=_DECISIONS[row.action],
                decided_by=row.actor,
                decided_at=row.at,
                comment=detail["comment"],
                sequence=row.seq,
            )
    return proposals


def order_approved(proposals: Iterable[Proposal]) -> dict[tuple[str, str], list[Proposal]]:
    """Return the approved proposals by jurisdiction and element, in the order in which the law applied.

    Of two assessments of the law of the same day, the one that was approved last comes last.
    """
    approved: dict[tuple[str, str], list[Proposal]] = {}
    for proposal in proposals:
        if proposal.state == "approved":
            approved.setdefault(proposal.key, []).append(proposal)
    for history in approved.values():
        history.sort(key=lambda item: (_first_day(item.assessment.applies_from), item.sequence))
    return approved


def find_current(history: Sequence[Proposal], day: date) -> Proposal | None:
    """Return the assessment of the law that applies on a day; `history` is a list of `order_approved`."""
    applying = [item for item in history if _first_day(item.assessment.applies_from) <= day]
    return applying[-1] if applying else None


def _first_day(text: str) -> date:
    day = partial_date(text)
    assert day is not None, "an assessment has a date"
    return day


# -- Acts


def propose_assessment(engine: sa.Engine, assessment: Assessment, *, actor: str) -> str:
    """Record a proposal and return its id.

    Raises TransitionError for a wrong or unchanged assessment or while another one waits for the same element,
    NotAllowedError, ClockSetBackError.
    """
    assessment = _clean(assessment)
    with open_book(engine, (), [actor]) as book:
        require_book_role(book, actor, "propose_assessment", (assessment.jurisdiction, INSTRUMENT))
        proposals = _select_proposals(book.connection)
        of_element = [item for item in proposals.values() if item.key == (assessment.jurisdiction, assessment.element)]
        if any(item.state == "waiting" for item in of_element):
            raise TransitionError(
                mark("Another assessment of this element waits for a decision. Decide on it, or withdraw it, first.")
            )
        history = order_approved(of_element).get((assessment.jurisdiction, assessment.element), [])
        if history and any(item.assessment == assessment for item in history[-1:]):
            raise TransitionError(
                mark("This assessment was approved already. Change the result, the article or the date.")
            )
        now = clock.now()
        proposal_id = _make_id(assessment, actor, now)
        if proposal_id in proposals:
            raise TransitionError(mark("This assessment was proposed already. Read it again."))
        audit_log.append_entry(
            book.connection,
            at=now,
            actor=actor,
            action=PROPOSED,
            subject=proposal_id,
            detail={**asdict(assessment), "results": dict(assessment.results)},
        )
    return proposal_id


def approve_assessment(
    engine: sa.Engine, proposal_id: str, *, actor: str, comment: str = "", override: bool = False
) -> None:
    """Approve a proposal of another person. `override` is for stewards and needs a comment.

    Raises TransitionError, NotAllowedError, ClockSetBackError.
    """
    _decide(engine, "approve_assessment", APPROVED, proposal_id, actor, comment, override=override)


def reject_assessment(engine: sa.Engine, proposal_id: str, *, actor: str, comment: str) -> None:
    """Reject a proposal of another person, with a reason.

    Raises TransitionError, NotAllowedError, ClockSetBackError.
    """
    _decide(engine, "reject_assessment", REJECTED, proposal_id, actor, comment)


def withdraw_assessment(engine: sa.Engine, proposal_id: str, *, actor: str) -> None:
    """Withdraw one's own proposal. Raises TransitionError, NotAllowedError, ClockSetBackError."""
    _decide(engine, "withdraw_assessment", WITHDRAWN, proposal_id, actor, "")


def _decide(
    engine: sa.Engine,
    act: Act,
    action: str,
    proposal_id: str,
    actor: str,
    comment: str,
    *,
    override: bool = False,
) -> None:
    refuse_words(comment)
    comment = " ".join(comment.split())
    with open_book(engine, (), [actor]) as book:
        proposal = _select_proposals(book.connection).get(proposal_id)
        if proposal is None:
            raise make_missing_role_error()
        require_book_role(book, actor, act, (proposal.assessment.jurisdiction, INSTRUMENT), override=override)
        if proposal.state != "waiting":
            raise TransitionError(mark("This assessment was decided on already. Read it again."))
        if act == "withdraw_assessment" and actor != proposal.proposed_by:
            raise TransitionError(mark("Only the person who proposed an assessment can withdraw it."))
        if act != "withdraw_assessment" and actor == proposal.proposed_by:
            raise TransitionError(mark("You proposed this assessment, so a second person decides on it."))
        if not comment and (override or act == "reject_assessment"):
            raise TransitionError(mark("Give a reason in a comment. It is kept with the assessment."))
        detail = {"comment": comment, "override": override}
        audit_log.append_entry(
            book.connection, at=clock.now(), actor=actor, action=action, subject=proposal_id, detail=detail
        )


@dataclass(frozen=True, slots=True)
class ListedAssessment:
    """An assessment of a demonstration with its proposal and its approval; without an approver it waits."""

    assessment: Assessment
    proposer: str
    proposed_at: datetime
    approver: str = ""
    approved_at: datetime | None = None


def record_listed(engine: sa.Engine, listed: Sequence[ListedAssessment]) -> int:
    """Record the proposals and approvals of a demonstration in one transaction; return how many are new.

    A proposal that was recorded before is left out. Rights are asked as for any other act. Raises TransitionError,
    NotAllowedError, ClockSetBackError.
    """
    people = {name for item in listed for name in (item.proposer, item.approver) if name}
    with open_book(engine, (), sorted(people)) as book:
        recorded = _select_proposals(book.connection)
        entries = []
        n_new = 0
        for item in listed:
            assessment = _clean(item.assessment)
            identity = _make_id(assessment, item.proposer, item.proposed_at)
            if identity in recorded:
                continue
            n_new += 1
            require_book_role(book, item.proposer, "propose_assessment", (assessment.jurisdiction, INSTRUMENT))
            detail = {**asdict(assessment), "results": dict(assessment.results)}
            entries.append(audit_log.AuditEntry(item.proposed_at, item.proposer, PROPOSED, identity, detail))
            if item.approver and item.approved_at is not None:
                require_book_role(book, item.approver, "approve_assessment", (assessment.jurisdiction, INSTRUMENT))
                decision = {"comment": "", "override": False}
                entries.append(audit_log.AuditEntry(item.approved_at, item.approver, APPROVED, identity, decision))
        audit_log.append_many(book.connection, sorted(entries, key=lambda entry: entry.at))
    return n_new


def has_role_for_law(who: Identity, act: Act, jurisdiction: str, *, override: bool | None = False) -> bool:
    """Return True if an identity holds a role that permits an act on the law of a jurisdiction."""
    return has_role_for(who, act, jurisdiction, INSTRUMENT, override=override)


def _make_id(assessment: Assessment, actor: str, at: datetime) -> str:
    content = [asdict(assessment), actor, clock.format_timestamp(at)]
    return "L" + hashlib.sha256(json.dumps(content, sort_keys=True).encode()).hexdigest()[:15]


def _clean(assessment: Assessment) -> Assessment:
    """Return an assessment without superfluous blanks. Raises TransitionError if something is missing or wrong."""
    cleaned = replace(
        assessment,
        results=dict(assessment.results),
        **{name: " ".join(getattr(assessment, name).split()) for name in ("article", "citation", "applies_from")},
    )
    refuse_words(cleaned.article)
    refuse_words(cleaned.citation)
    if cleaned.element not in codes.list_codes("law_element"):
        raise TransitionError(mark("Choose an element of the law from the list."))
    if tuple(sorted(cleaned.results)) != tuple(sorted(list_standards(cleaned.element))) or any(
        result not in codes.list_codes("law_status") for result in cleaned.results.values()
    ):
        raise TransitionError(mark("Give a result for each treaty that provides for the element."))
    if cleaned.reviewer_role not in codes.list_codes("reviewer_role"):
        raise TransitionError(mark("Choose the role of the person who assessed the law."))
    is_assessed = any(result != UNKNOWN for result in cleaned.results.values())
    if is_assessed and not (cleaned.article and cleaned.citation):
        raise TransitionError(mark("Name the article and the law, and give the citation on which the result rests."))
    if len(cleaned.article) > _LONGEST_ARTICLE:
        raise TransitionError(mark("The name of the article has more than {n} characters."), n=_LONGEST_ARTICLE)
    try:
        day = partial_date(cleaned.applies_from)
    except ValueError:
        day = None
    if day is None:
        raise TransitionError(mark("Enter the date from which the law applies, such as 2022-05-01, 2022-05 or 2022."))
    return cleaned


def export_assessments(engine: sa.Engine, path: Path) -> int:
    """Write the approved assessments, one row for each treaty and without accounts, as Parquet; return their number."""
    import polars as pl

    rows = [
        {
            "assessment_id": proposal.proposal_id,
            "jurisdiction": proposal.assessment.jurisdiction,
            "element": proposal.assessment.element,
            "treaty": treaty,
            "result": result,
            "article": proposal.assessment.article,
            "citation": proposal.assessment.citation,
            "applies_from": proposal.assessment.applies_from,
            "first_day": _first_day(proposal.assessment.applies_from),
            "reviewer_role": proposal.assessment.reviewer_role,
            "approved_at": proposal.decided_at,
            "sequence": proposal.sequence,
        }
        for history in order_approved(read_proposals(engine)).values()
        for proposal in history
        for treaty, result in sorted(proposal.assessment.results.items())
    ]
    frame = pl.DataFrame(rows, schema=EXPORTED).sort("jurisdiction", "element", "sequence", "treaty")
    facts.write_parquet(frame, path)
    return frame.height
