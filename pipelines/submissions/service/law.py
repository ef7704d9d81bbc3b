"""Propose and decide on assessments of the law, and on statements about treaties, on behalf of a person.

Each function checks the role of the caller's identity and then calls the ledger, which checks that of the account again
(`pipelines/submissions/law_proposals.py`).
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Generic

from pipelines.declarations.treaties import list_legal_areas
from pipelines.ledger.identity import EVERY
from pipelines.ledger.permissions import can_read, make_missing_role_error, missing_role, roles_for
from pipelines.submissions import assessments, law_proposals, provision_statements, treaty_statements
from pipelines.submissions.law_proposals import INSTRUMENT, ContentT, Proposal, ProposalKind, has_role_for_law
from pipelines.submissions.service.desk import Desk

if TYPE_CHECKING:
    from pipelines.declarations.treaties import Provision
    from pipelines.ledger.identity import Identity
    from pipelines.ledger.permissions import Act
    from pipelines.submissions.assessments import Assessment
    from pipelines.submissions.provision_statements import ProvisionStatement
    from pipelines.submissions.treaty_statements import TreatyStatement

_KINDS: tuple[ProposalKind[Any], ...] = (assessments.KIND, treaty_statements.KIND, provision_statements.KIND)


@dataclass(frozen=True, slots=True)
class ProposalView(Generic[ContentT]):
    """A proposal as one person sees it, with what the person may do."""

    proposal: Proposal[ContentT]
    may_approve: bool
    may_override: bool
    may_reject: bool
    may_withdraw: bool


def list_law_jurisdictions(desk: Desk, who: Identity) -> list[str]:
    """Return the jurisdictions whose assessments a person may see, in the order of the declarations."""
    territories = [item for _, item in sorted(desk.registry.territories.items()) if item.kind == desk.kind]
    places = [code for territory in territories for code in list_legal_areas(territory)]
    return [code for code in places if can_read(who, code, INSTRUMENT)]


def list_treaty_territories(desk: Desk, who: Identity) -> list[str]:
    """Return the territories whose treaties a person may see: treaties bind a territory as a whole."""
    territories = [code for code, item in sorted(desk.registry.territories.items()) if item.kind == desk.kind]
    return [code for code in territories if can_read(who, code, INSTRUMENT)]


def list_proposals(desk: Desk, who: Identity, jurisdiction: str) -> list[ProposalView[Assessment]]:
    """Return the assessments of a jurisdiction, newest first. Raises NotAllowedError for one that may not be seen."""
    if jurisdiction not in list_law_jurisdictions(desk, who):
        raise make_missing_role_error()
    return _list_views(desk, who, assessments.KIND, jurisdiction)


def list_statements(desk: Desk, who: Identity, territory: str) -> list[ProposalView[TreatyStatement]]:
    """Return the statements on treaties of a territory, newest first. Raises NotAllowedError likewise."""
    if territory not in list_treaty_territories(desk, who):
        raise make_missing_role_error()
    return _list_views(desk, who, treaty_statements.KIND, territory)


def list_provisions(desk: Desk, who: Identity) -> tuple[Provision, ...]:
    """Return what the treaties provide for now. Raises NotAllowedError for people without a role for legislation."""
    _require_reader(desk, who)
    return provision_statements.read_provisions(desk.engine)


def list_provision_statements(desk: Desk, who: Identity) -> list[ProposalView[ProvisionStatement]]:
    """Return the statements on what treaties provide for, newest first. Raises NotAllowedError likewise."""
    _require_reader(desk, who)
    return _list_views(desk, who, provision_statements.KIND, EVERY)


def _require_reader(desk: Desk, who: Identity) -> None:
    if not list_law_jurisdictions(desk, who) and not list_treaty_territories(desk, who):
        raise make_missing_role_error()


def _list_views(
    desk: Desk, who: Identity, kind: ProposalKind[ContentT], jurisdiction: str
) -> list[ProposalView[ContentT]]:
    proposals = reversed(law_proposals.read_proposals(desk.engine, kind))
    return [_make_view(who, item) for item in proposals if item.content.jurisdiction == jurisdiction]


def may_propose(who: Identity, jurisdiction: str) -> bool:
    """Return True if a person may propose for a jurisdiction, for a territory, or (`*`) for all."""
    return has_role_for_law(who, "propose_law", jurisdiction)


def propose_assessment(desk: Desk, who: Identity, assessment: Assessment) -> str:
    """Propose an assessment and return the id of the proposal. Raises NotAllowedError, TransitionError."""
    if assessment.jurisdiction not in list_law_jurisdictions(desk, who):
        raise make_missing_role_error()
    _require(who, "propose_law", assessment.jurisdiction)
    return law_proposals.record_proposal(desk.engine, assessments.KIND, assessment, actor=who.account)


def propose_statement(desk: Desk, who: Identity, statement: TreatyStatement) -> str:
    """Propose a statement on a treaty and return the id of the proposal. Raises NotAllowedError, TransitionError."""
    if statement.jurisdiction not in list_treaty_territories(desk, who):
        raise make_missing_role_error()
    _require(who, "propose_law", statement.jurisdiction)
    return law_proposals.record_proposal(desk.engine, treaty_statements.KIND, statement, actor=who.account)


def propose_provision_statement(desk: Desk, who: Identity, statement: ProvisionStatement) -> str:
    """Propose what a treaty provides for and return the id of the proposal. Raises NotAllowedError, TransitionError."""
    _require_reader(desk, who)
    _require(who, "propose_law", statement.jurisdiction)
    return law_proposals.record_proposal(desk.engine, provision_statements.KIND, statement, actor=who.account)


def approve_proposal(desk: Desk, who: Identity, proposal_id: str, *, comment: str = "", override: bool = False) -> None:
    """Approve a proposal of another person. Raises NotAllowedError, TransitionError."""
    kind, proposal = _find(desk, who, proposal_id)
    _require(who, "approve_law", proposal.content.jurisdiction, override=override)
    law_proposals.approve_proposal(
        desk.engine, kind, proposal_id, actor=who.account, comment=comment, override=override
    )


def reject_proposal(desk: Desk, who: Identity, proposal_id: str, comment: str) -> None:
    """Reject a proposal of another person, with a reason. Raises NotAllowedError, TransitionError."""
    kind, proposal = _find(desk, who, proposal_id)
    _require(who, "reject_law", proposal.content.jurisdiction)
    law_proposals.reject_proposal(desk.engine, kind, proposal_id, actor=who.account, comment=comment)


def withdraw_proposal(desk: Desk, who: Identity, proposal_id: str) -> None:
    """Withdraw one's own proposal. Raises NotAllowedError, TransitionError."""
    kind, proposal = _find(desk, who, proposal_id)
    _require(who, "withdraw_law", proposal.content.jurisdiction)
    law_proposals.withdraw_proposal(desk.engine, kind, proposal_id, actor=who.account)


def _find(desk: Desk, who: Identity, proposal_id: str) -> tuple[ProposalKind[Any], Proposal[Any]]:
    """Return a proposal that a person may see, with its kind. Raises NotAllowedError."""
    visible = {*list_law_jurisdictions(desk, who), *list_treaty_territories(desk, who)}
    if visible:
        visible.add(EVERY)
    for kind in _KINDS:
        for proposal in law_proposals.read_proposals(desk.engine, kind):
            if proposal.proposal_id == proposal_id and proposal.content.jurisdiction in visible:
                return kind, proposal
    raise make_missing_role_error()


def _require(who: Identity, act: Act, jurisdiction: str, *, override: bool = False) -> None:
    if not has_role_for_law(who, act, jurisdiction, override=override):
        raise missing_role(who.account, roles_for(act, override=override)[0], jurisdiction, INSTRUMENT)


def _make_view(who: Identity, proposal: Proposal[ContentT]) -> ProposalView[ContentT]:
    jurisdiction = proposal.content.jurisdiction
    is_own, is_waiting = proposal.proposed_by == who.account, proposal.state == "waiting"
    is_others = is_waiting and not is_own
    may_approve = is_others and has_role_for_law(who, "approve_law", jurisdiction)
    return ProposalView(
        proposal,
        may_approve=may_approve,
        may_override=is_others
        and not may_approve
        and has_role_for_law(who, "approve_law", jurisdiction, override=True),
        may_reject=is_others and has_role_for_law(who, "reject_law", jurisdiction),
        may_withdraw=is_waiting and is_own and has_role_for_law(who, "withdraw_law", jurisdiction),
    )
