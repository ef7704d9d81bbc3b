"""Render and answer the pages on which two people decide on the law: elements, treaties, and their provisions.

Each page describes its content; the routes, the proposal that waits, the history and the answers to acts are here.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Any, Final

from fastapi import APIRouter
from starlette.responses import Response

from dashboards.office import words
from dashboards.office.confirmation import CONFIRMED, ask_for_confirmation
from dashboards.office.context import PageContext
from dashboards.office.requests import Form, SubmittedForm
from dashboards.office.responses import FieldError, redirect_to, render_page, render_refusal
from pipelines.core.i18n import mark
from pipelines.design import components as ui
from pipelines.ledger.identity import NotAllowedError
from pipelines.ledger.transitions import TransitionError
from pipelines.submissions.law_proposals import ContentT, Proposal
from pipelines.submissions.service import law
from pipelines.submissions.service.law import ProposalView
from pipelines.words.language import make_phrase

_STATES: Final[Mapping[str, words.Sign]] = {
    "waiting": ("sent", "➜", mark("Waiting for a decision")),
    "approved": ("good", "✔", mark("Approved")),
    "rejected": ("error", "✖", mark("Rejected")),
    "withdrawn": ("off", "⊘", mark("Withdrawn")),
}
Act = Callable[[SubmittedForm, Callable[[], object], str], Response]
"""Does an act and returns to the page with its result, a text of the catalogue, or shows why it was refused."""


def add_decisions(router: APIRouter, path: str, act: Act, find_page: Callable[[SubmittedForm], str]) -> None:
    """Add the addresses for decisions below the path of a page; `find_page` returns the page of a form's proposal."""

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
        """Reject a proposal with a reason, after a confirmation."""
        context = form.context
        # Without a reason, the page itself asks for it.
        if form.read_text("comment") and not form.has_field(CONFIRMED):
            return ask_for_confirmation(
                form,
                title=context.tell("Reject the proposal"),
                question=context.tell("You are about to reject a proposal"),
                consequence=context.tell("This cannot be undone. Its author can make a new proposal."),
                facts=[(context.tell("Reason"), form.read_text("comment"))],
                yes=context.tell("Yes, reject it"),
                back=find_page(form),
            )
        return act(
            form,
            lambda: law.reject_proposal(
                context.desk, context.who, form.read_text("proposal"), form.read_text("comment")
            ),
            mark("The proposal is rejected. Its author reads your comment here."),
        )

    @router.post(path + "/withdraw")
    def withdraw_proposal(form: Form) -> Response:
        """Withdraw one's own proposal, after a confirmation."""
        context = form.context
        if not form.has_field(CONFIRMED):
            return ask_for_confirmation(
                form,
                title=context.tell("Withdraw the proposal"),
                question=context.tell("You are about to withdraw your proposal"),
                consequence=context.tell("Nobody can approve it after that. If you need it again, make a new one."),
                facts=[],
                yes=context.tell("Yes, withdraw it"),
                back=find_page(form),
            )
        return act(
            form,
            lambda: law.withdraw_proposal(context.desk, context.who, form.read_text("proposal")),
            mark("You have withdrawn your proposal."),
        )


def answer_act(
    form: SubmittedForm,
    act: Callable[[], object],
    message: str,
    *,
    address: str,
    show: Callable[[Sequence[FieldError]], Response],
) -> Response:
    """Do an act and return to the page at `address` with its result; `show` renders the page with errors."""
    context = form.context
    try:
        act()
    except NotAllowedError as error:
        return render_refusal(context, error)
    except TransitionError as error:
        return show((context.describe_form_error(error),))
    return redirect_to(context, address, message=context.tell(message))  # marked by the callers


def render_proposals(
    context: PageContext,
    template: str,
    views: Sequence[ProposalView[ContentT]],
    *,
    path: str,
    hidden: Mapping[str, str],
    errors: Sequence[FieldError],
    may_propose: bool,
    describe: Callable[[ContentT], Sequence[tuple[str, ui.Part]]],
    summarise: Callable[[ContentT], Sequence[tuple[str, ui.Part]]] | None = None,
    **values: Any,
) -> Response:
    """Render a template that extends `law_proposal.html`, with the proposals of one thing, newest first.

    `describe` returns all of a content with names, and `summarise` the columns of the history if they are fewer.
    `hidden` are the fields of each form by name. The form for a proposal is left out while another one waits for its
    decision.
    """
    waiting = next((view for view in views if view.proposal.state == "waiting"), None)
    by = [(context.tell("Proposed by"), _name_proposer(context, waiting.proposal))] if waiting is not None else []
    return render_page(
        context,
        template,
        errors=errors,
        status=409 if errors else 200,
        path=path,
        hidden=list(hidden.items()),
        waiting=waiting,
        proposed=[*describe(waiting.proposal.content), *by] if waiting is not None else (),
        history=_make_history(context, views, summarise or describe),
        may_propose=may_propose and waiting is None,
        **values,
    )


def _make_history(
    context: PageContext,
    views: Sequence[ProposalView[ContentT]],
    summarise: Callable[[ContentT], Sequence[tuple[str, ui.Part]]],
) -> ui.PageTable | None:
    if not views:
        return None
    tell = context.tell
    rows = []
    for view in views:
        proposal = view.proposal
        fields = [text for _, text in summarise(proposal.content)]
        decision = (_name_decider(context, proposal), proposal.comment)
        rows.append(
            ui.PageRow(_name_proposer(context, proposal), (_render_state(context, proposal), *fields, *decision))
        )
    names = [name for name, _ in summarise(views[0].proposal.content)]
    columns = [tell("State"), *names, tell("Decided by"), tell("Comment")]
    table = ui.PageTable(tell("History"), tell("Proposed"), columns, rows, wide=True, quiet=True)
    return ui.drop_empty_columns(table)


def render_verification(context: PageContext, *, is_verified: bool) -> ui.Markup:
    """Return the badge that says whether a source was read."""
    if is_verified:
        return ui.render_badge("good", "✔", context.tell("verified"))
    return ui.render_badge("off", "–", make_phrase(context.tell("Source not yet verified.")))


def _render_state(context: PageContext, proposal: Proposal[ContentT]) -> ui.Part:
    """Return the badge of the state of a proposal."""
    kind, sign, text = _STATES[proposal.state]
    return ui.render_badge(kind, sign, context.tell(text))


def _name_proposer(context: PageContext, proposal: Proposal[ContentT]) -> str:
    """Return who proposed, and when."""
    return f"{context.name_person(proposal.proposed_by)}, {proposal.proposed_at[:10]}"


def _name_decider(context: PageContext, proposal: Proposal[ContentT]) -> str:
    """Return who decided, and when; an empty text while the proposal waits."""
    if not proposal.decided_by:
        return ""
    return f"{context.name_person(proposal.decided_by)}, {proposal.decided_at[:10]}"
