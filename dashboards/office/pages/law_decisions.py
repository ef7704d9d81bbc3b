"""Decide on proposals about the law: the routes that assessments of elements and statements on treaties share."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Final

from fastapi import APIRouter
from starlette.responses import Response

from dashboards.office import words
from dashboards.office.context import PageContext
from dashboards.office.requests import Form, SubmittedForm
from pipelines.core.i18n import mark
from pipelines.design import components as ui
from pipelines.submissions.law_proposals import ContentT, Proposal
from pipelines.submissions.service import law

_STATES: Final[Mapping[str, words.Sign]] = {
    "waiting": ("sent", "➜", mark("Waiting for a decision")),
    "approved": ("good", "✔", mark("Approved")),
    "rejected": ("error", "✖", mark("Rejected")),
    "withdrawn": ("off", "⊘", mark("Withdrawn")),
}
Act = Callable[[SubmittedForm, Callable[[], object], str], Response]
"""Does an act and returns to the page with its result, a text of the catalogue, or shows why it was refused."""


def add_decisions(router: APIRouter, path: str, act: Act) -> None:
    """Add the addresses for decisions below the path of a page."""

    @router.post(path + "/approve")
    def approve_proposal(form: Form) -> Response:
        """Approve a proposal; a steward does so with a reason where the office has no approver."""
        context = form.context
        return act(
            form,
            lambda: law.approve_proposal(
                context.desk,
                context.who,
                form.read_text("proposal"),
                comment=form.read_text("comment"),
                override=form.has_field("override"),
            ),
            mark("The proposal is approved. It is part of the next release."),
        )

    @router.post(path + "/reject")
    def reject_proposal(form: Form) -> Response:
        """Reject a proposal with a reason."""
        context = form.context
        return act(
            form,
            lambda: law.reject_proposal(
                context.desk, context.who, form.read_text("proposal"), form.read_text("comment")
            ),
            mark("The proposal is rejected. Its author reads your comment here."),
        )

    @router.post(path + "/withdraw")
    def withdraw_proposal(form: Form) -> Response:
        """Withdraw one's own proposal."""
        context = form.context
        return act(
            form,
            lambda: law.withdraw_proposal(context.desk, context.who, form.read_text("proposal")),
            mark("You have withdrawn your proposal."),
        )


def render_state(context: PageContext, proposal: Proposal[ContentT]) -> ui.Part:
    """Return the badge of the state of a proposal."""
    kind, sign, text = _STATES[proposal.state]
    return ui.render_badge(kind, sign, context.tell(text))


def name_proposer(proposal: Proposal[ContentT]) -> str:
    """Return who proposed, and when."""
    return f"{proposal.proposed_by}, {proposal.proposed_at[:10]}"


def name_decider(proposal: Proposal[ContentT]) -> str:
    """Return who decided, and when; an empty text while the proposal waits."""
    return f"{proposal.decided_by}, {proposal.decided_at[:10]}" if proposal.decided_by else ""
