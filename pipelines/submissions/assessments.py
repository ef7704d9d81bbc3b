"""Assessments of the law on joint investigation teams, as one kind of `law_proposals.py`.

An assessment gives one element of the law of one jurisdiction a result for each treaty that provides for the element.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import asdict, dataclass, replace
from datetime import date, datetime
from pathlib import Path
from typing import Any, Final, TypeAlias

import sqlalchemy as sa

from pipelines.core import codes
from pipelines.core.i18n import mark
from pipelines.declarations.law import partial_date
from pipelines.declarations.treaties import list_standards
from pipelines.ledger import audit_log, facts
from pipelines.ledger.transitions import TransitionError
from pipelines.submissions import law_proposals, provision_statements
from pipelines.submissions.changes import open_book, refuse_words

TABLE: Final = "legal_assessment"
"""Name of the exported table."""
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


Proposal: TypeAlias = law_proposals.Proposal[Assessment]
"""An assessment with its history."""


def _key(assessment: Assessment) -> tuple[str, ...]:
    return assessment.jurisdiction, assessment.element


# -- Reading


def read_proposals(engine: sa.Engine) -> list[Proposal]:
    """Return all proposals with their state, in the order in which they were made."""
    return law_proposals.read_proposals(engine, KIND)


def order_approved(proposals: Iterable[Proposal]) -> dict[tuple[str, str], list[Proposal]]:
    """Return the approved proposals by jurisdiction and element, in the order in which the law applied.

    Of two assessments of the law of the same day, the one that was approved last comes last.
    """
    approved: dict[tuple[str, str], list[Proposal]] = {}
    for proposal in proposals:
        if proposal.state == "approved":
            approved.setdefault((proposal.content.jurisdiction, proposal.content.element), []).append(proposal)
    for history in approved.values():
        history.sort(key=lambda item: (_first_day(item.content.applies_from), item.sequence))
    return approved


def find_current(history: Sequence[Proposal], day: date) -> Proposal | None:
    """Return the assessment of the law that applies on a day; `history` is a list of `order_approved`."""
    applying = [item for item in history if _first_day(item.content.applies_from) <= day]
    return applying[-1] if applying else None


def _first_day(text: str) -> date:
    day = partial_date(text)
    assert day is not None, "an assessment has a date"
    return day


def _find_last(approved: list[Proposal]) -> Proposal | None:
    """Return the assessment of the newest law; all are of one element."""
    return next((history[-1] for history in order_approved(approved).values()), None)


# -- Demonstration


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
        recorded = law_proposals.select_proposals(book.connection, KIND)
        entries = []
        n_new = 0
        for item in listed:
            assessment = _clean(item.assessment, book.connection)
            proposal = law_proposals.make_entry(KIND, assessment, item.proposer, item.proposed_at)
            if proposal.subject in recorded:
                continue
            n_new += 1
            law_proposals.require_role(book, item.proposer, "propose_law", assessment)
            entries.append(proposal)
            if item.approver and item.approved_at is not None:
                law_proposals.require_role(book, item.approver, "approve_law", assessment)
                entries.append(law_proposals.make_approval(KIND, proposal.subject, item.approver, item.approved_at))
        audit_log.append_many(book.connection, sorted(entries, key=lambda entry: entry.at))
    return n_new


# -- Checks


def _clean(assessment: Assessment, connection: sa.Connection) -> Assessment:
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
    standards = list_standards(cleaned.element, provision_statements.select_provisions(connection))
    if tuple(sorted(cleaned.results)) != tuple(sorted(standards)) or any(
        result not in codes.list_codes("law_status") for result in cleaned.results.values()
    ):
        raise TransitionError(mark("Give a result for each treaty that provides for the element."))
    if cleaned.reviewer_role not in codes.list_codes("reviewer_role"):
        raise TransitionError(mark("Choose the role of the person who assessed the law.")).at_field("reviewer_role")
    is_assessed = any(result != UNKNOWN for result in cleaned.results.values())
    if is_assessed and not (cleaned.article and cleaned.citation):
        field = "citation" if cleaned.article else "article"
        raise TransitionError(
            mark("Name the article and the law, and give the citation on which the result rests.")
        ).at_field(field)
    if len(cleaned.article) > _LONGEST_ARTICLE:
        raise TransitionError(
            mark("The name of the article has more than {n} characters."), n=_LONGEST_ARTICLE
        ).at_field("article")
    try:
        day = partial_date(cleaned.applies_from)
    except ValueError:
        day = None
    if day is None:
        raise TransitionError(
            mark("Enter the date from which the law applies, such as 2022-05-01, 2022-05 or 2022.")
        ).at_field("applies_from")
    return cleaned


def _dump(assessment: Assessment) -> dict[str, Any]:
    return {**asdict(assessment), "results": dict(assessment.results)}


KIND: Final = law_proposals.ProposalKind(
    "law", "L", lambda detail: Assessment(**detail), _dump, _clean, _key, _find_last
)
"""Assessments as a kind of proposals."""


def export_assessments(engine: sa.Engine, path: Path) -> int:
    """Write the approved assessments, one row for each treaty and without accounts, as Parquet; return their number."""
    import polars as pl

    rows = [
        {
            "assessment_id": proposal.proposal_id,
            "jurisdiction": proposal.content.jurisdiction,
            "element": proposal.content.element,
            "treaty": treaty,
            "result": result,
            "article": proposal.content.article,
            "citation": proposal.content.citation,
            "applies_from": proposal.content.applies_from,
            "first_day": _first_day(proposal.content.applies_from),
            "reviewer_role": proposal.content.reviewer_role,
            "approved_at": proposal.decided_at,
            "sequence": proposal.sequence,
        }
        for history in order_approved(read_proposals(engine)).values()
        for proposal in history
        for treaty, result in sorted(proposal.content.results.items())
    ]
    frame = pl.DataFrame(rows, schema=EXPORTED).sort("jurisdiction", "element", "sequence", "treaty")
    facts.write_parquet(frame, path)
    return frame.height
