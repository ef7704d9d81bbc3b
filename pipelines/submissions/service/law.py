"""Propose and decide on assessments of the law on joint investigation teams, on behalf of a person.

Each function checks the role of the caller's identity and then calls the ledger, which checks that of the account again
(`pipelines/submissions/assessments.py`).
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from pipelines.declarations.treaties import list_legal_areas
from pipelines.ledger.permissions import can_read, make_missing_role_error, missing_role, roles_for
from pipelines.submissions import assessments
from pipelines.submissions.assessments import INSTRUMENT, Assessment, Proposal, has_role_for_law
from pipelines.submissions.service.desk import Desk

if TYPE_CHECKING:
    from pipelines.ledger.identity import Identity
    from pipelines.ledger.permissions import Act


@dataclass(frozen=True, slots=True)
class ProposalView:
    """A proposal as one person sees it, with what the person may do."""

    proposal: Proposal
    may_approve: bool
    may_override: bool
    may_reject: bool
    may_withdraw: bool


def list_law_jurisdictions(desk: Desk, who: Identity) -> list[str]:
    """Return the jurisdictions whose assessments a person may see, in the order of the declarations."""
    territories = [item for _, item in sorted(desk.registry.territories.items()) if item.kind == desk.kind]
    places = [code for territory in territories for code in list_legal_areas(territory)]
    return [code for code in places if can_read(who, code, INSTRUMENT)]


def list_proposals(desk: Desk, who: Identity, jurisdiction: str) -> list[ProposalView]:
    """Return the proposals for a jurisdiction, newest first. Raises NotAllowedError for one that may not be seen."""
    if jurisdiction not in list_law_jurisdictions(desk, who):
        raise make_missing_role_error()
    proposals = assessments.read_proposals(desk.engine)
    return [_make_view(who, item) for item in reversed(proposals) if item.assessment.jurisdiction == jurisdiction]


def may_propose(who: Identity, jurisdiction: str) -> bool:
    """Return True if a person may propose assessments for a jurisdiction."""
    return has_role_for_law(who, "propose_assessment", jurisdiction)


def propose_assessment(desk: Desk, who: Identity, assessment: Assessment) -> str:
    """Propose an assessment and return the id of the proposal. Raises NotAllowedError, TransitionError."""
    if assessment.jurisdiction not in list_law_jurisdictions(desk, who):
        raise make_missing_role_error()
    _require(who, "propose_assessment", assessment.jurisdiction)
    return assessments.propose_assessment(desk.engine, assessment, actor=who.account)


def approve_assessment(
    desk: Desk, who: Identity, proposal_id: str, *, comment: str = "", override: bool = False
) -> None:
    """Approve a proposal of another person. Raises NotAllowedError, TransitionError."""
    _require(who, "approve_assessment", _find(desk, who, proposal_id).assessment.jurisdiction, override=override)
    assessments.approve_assessment(desk.engine, proposal_id, actor=who.account, comment=comment, override=override)


def reject_assessment(desk: Desk, who: Identity, proposal_id: str, comment: str) -> None:
    """Reject a proposal of another person, with a reason. Raises NotAllowedError, TransitionError."""
    _require(who, "reject_assessment", _find(desk, who, proposal_id).assessment.jurisdiction)
    assessments.reject_assessment(desk.engine, proposal_id, actor=who.account, comment=comment)


def withdraw_assessment(desk: Desk, who: Identity, proposal_id: str) -> None:
    """Withdraw one's own proposal. Raises NotAllowedError, TransitionError."""
    _require(who, "withdraw_assessment", _find(desk, who, proposal_id).assessment.jurisdiction)
    assessments.withdraw_assessment(desk.engine, proposal_id, actor=who.account)


def _find(desk: Desk, who: Identity, proposal_id: str) -> Proposal:
    visible = list_law_jurisdictions(desk, who)
    for proposal in assessments.read_proposals(desk.engine):
        if proposal.proposal_id == proposal_id and proposal.assessment.jurisdiction in visible:
            return proposal
    raise make_missing_role_error()


def _require(who: Identity, act: Act, jurisdiction: str, *, override: bool = False) -> None:
    if not has_role_for_law(who, act, jurisdiction, override=override):
        raise missing_role(who.account, roles_for(act, override=override)[0], jurisdiction, INSTRUMENT)


def _make_view(who: Identity, proposal: Proposal) -> ProposalView:
    jurisdiction = proposal.assessment.jurisdiction
    is_own, is_waiting = proposal.proposed_by == who.account, proposal.state == "waiting"
    is_others = is_waiting and not is_own
    may_approve = is_others and has_role_for_law(who, "approve_assessment", jurisdiction)
    return ProposalView(
        proposal,
        may_approve=may_approve,
        may_override=is_others
        and not may_approve
        and has_role_for_law(who, "approve_assessment", jurisdiction, override=True),
        may_reject=is_others and has_role_for_law(who, "reject_assessment", jurisdiction),
        may_withdraw=is_waiting and is_own and has_role_for_law(who, "withdraw_assessment", jurisdiction),
    )
