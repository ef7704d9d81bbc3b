"""Carry out what people do with a return: send, approve, give back, override, explain, withdraw.

Each act reads its form, names what is missing, and calls the desk, which checks every right and every state.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

from dashboards.office.context import PageContext
from dashboards.office.pages.answer.answer import Answer, load_answer
from dashboards.office.pages.answer.findings import find_earlier_explanations
from dashboards.office.requests import SubmittedForm

if TYPE_CHECKING:
    from pipelines.office.answers import LocalizedFinding
    from pipelines.submissions.service import SubmissionEntry


@dataclass(frozen=True)
class Outcome:
    """The outcome of an act: the sentence about it, and the part of the page to go to."""

    message: str
    anchor: str = ""


class MissingInputError(Exception):
    """A form lacks something; `field` is the id of its control."""

    def __init__(self, text: str, field: str) -> None:
        super().__init__(text)
        self.text = text
        self.field = field


Act = Callable[[PageContext, str, SubmittedForm], Outcome]
"""An act on the submission of this id. Raises MissingInputError and the errors of the desk."""


def send_return(context: PageContext, submission_id: str, form: SubmittedForm) -> Outcome:
    """Send a return for approval, with a reason if it replaces an accepted one."""
    from pipelines.submissions import service

    reason = None
    if service.get_submission(context.desk, context.who, submission_id).replaces:
        reason = _read_reason(form, "send-reason")
        if reason is None:
            raise MissingInputError(context.tell("Choose the reason for the revision first."), "send-reason")
    comment = form.read_text("send-comment") or None
    service.send_submission(context.desk, context.who, submission_id, reason=reason, comment=comment)
    return Outcome(context.tell("Sent. Your receipt is below. Please keep it."))


def approve_return(context: PageContext, submission_id: str, form: SubmittedForm) -> Outcome:
    """Approve a return, with a comment if there is one."""
    from pipelines.submissions import service

    comment = form.read_text("decide-comment") or None
    service.approve_submission(context.desk, context.who, submission_id, comment=comment)
    return Outcome(context.tell("Approved. It counts from the next update of the figures."))


def give_back(context: PageContext, submission_id: str, form: SubmittedForm) -> Outcome:
    """Give a return back to its sender with a comment."""
    from pipelines.submissions import service

    comment = form.read_text("decide-comment")
    if not comment:
        raise MissingInputError(context.tell("Explain in the comment why you are returning it."), "decide-comment")
    service.give_back(context.desk, context.who, submission_id, comment)
    return Outcome(context.tell("Returned to its sender with your comment."))


def approve_by_override(context: PageContext, submission_id: str, form: SubmittedForm) -> Outcome:
    """Approve a return as steward on behalf of the office."""
    from pipelines.submissions import service

    comment = form.read_text("override-comment")
    if not comment:
        raise MissingInputError(context.tell("Give a reason first. It is saved and shown."), "override-comment")
    service.approve_submission(context.desk, context.who, submission_id, comment=comment, override=True)
    return Outcome(context.tell("Approved by override. Your comment is shown with it."))


# --------------------------------------------------------------------------------------------------------- explanations


def explain_warnings(context: PageContext, submission_id: str, form: SubmittedForm) -> Outcome:
    """Store a reason and a comment for each open place of a group of warnings."""
    answer = load_answer(context, submission_id)
    return _store_explanation(answer, form, answer.open_findings)


def change_explanation(context: PageContext, submission_id: str, form: SubmittedForm) -> Outcome:
    """Store another reason and comment for a group of warnings that are explained already."""
    answer = load_answer(context, submission_id)
    return _store_explanation(answer, form, answer.changeable_findings)


def _store_explanation(
    answer: Answer, form: SubmittedForm, findings_by_group: Mapping[str, Sequence[LocalizedFinding]]
) -> Outcome:
    from pipelines.core import codes
    from pipelines.submissions import service
    from pipelines.submissions.decisions import MINIMUM_TEXT

    context, group_id = answer.context, form.read_text("group")
    reason = form.read_choice(f"reason-{group_id}", codes.list_codes("justification_reason"))
    text = form.read_text(f"text-{group_id}")
    if reason is None:
        raise MissingInputError(context.tell("Choose a reason first."), f"reason-{group_id}")
    try:
        return _keep_explanation(answer, group_id, findings_by_group.get(group_id, ()), reason, text)
    except service.TransitionError as error:
        if len(text) >= MINIMUM_TEXT:
            raise
        raise MissingInputError(context.localize_error(error), f"text-{group_id}") from error


def explain_as_before(context: PageContext, submission_id: str, form: SubmittedForm) -> Outcome:
    """Use the explanation of the same warning in an earlier return again."""
    answer = load_answer(context, submission_id)
    group_id = form.read_text("group")
    earlier = find_earlier_explanations(answer).get(group_id)
    if earlier is None:
        raise MissingInputError(context.tell("Choose a reason first."), f"reason-{group_id}")
    findings = answer.open_findings.get(group_id, ())
    return _keep_explanation(answer, group_id, findings, earlier.reason, earlier.text)


def _keep_explanation(
    answer: Answer, group_id: str, findings: Sequence[LocalizedFinding], reason: str, text: str
) -> Outcome:
    """Explain warnings of a group; the page then continues with the next open group."""
    from pipelines.submissions import service

    context = answer.context
    # A group that is not open any more has no findings: the desk then refuses its id in the words of its errors.
    keys = tuple(finding.key for finding in findings) or (group_id,)
    still_open = service.justify_warnings(context.desk, context.who, answer.submission_id, keys, reason, text)
    message = (
        context.many("Saved. {n} warning is still open.", "Saved. {n} warnings are still open.", still_open)
        if still_open
        else context.tell("Saved. Every warning is explained.")
    )
    return Outcome(message, next((group for group in answer.open_findings if group != group_id), ""))


# ----------------------------------------------------------------------------------------------------------- withdrawal


def ask_withdrawal(context: PageContext, submission_id: str, form: SubmittedForm) -> Outcome:
    """Ask a second person of the office to withdraw an accepted return."""
    from pipelines.submissions import service

    reason, comment = _read_withdrawal(context, form, "request")
    service.ask_withdrawal(context.desk, context.who, submission_id, reason, comment)
    return Outcome(context.tell("Request sent. Your colleagues who can approve it will be notified."))


def withdraw_return(context: PageContext, submission_id: str, form: SubmittedForm) -> Outcome:
    """Withdraw a return, by override if the person may do so as steward only."""
    from pipelines.submissions import service

    reason, comment = read_confirmed_withdrawal(context, form)
    entry = service.get_submission(context.desk, context.who, submission_id)
    service.withdraw_submission(
        context.desk, context.who, submission_id, reason, comment, override=is_withdrawn_by_override(entry)
    )
    return Outcome(context.tell("Withdrawn."))


def read_confirmed_withdrawal(context: PageContext, form: SubmittedForm) -> tuple[str, str]:
    """Return the reason and the comment of a withdrawal. Raises MissingInputError."""
    return _read_withdrawal(context, form, "withdraw")


def is_withdrawn_by_override(entry: SubmissionEntry) -> bool:
    """Return True if this person may withdraw a return as steward only."""
    return entry.may_override_withdrawal and not entry.may_withdraw


def _read_withdrawal(context: PageContext, form: SubmittedForm, prefix: str) -> tuple[str, str]:
    reason, comment = _read_reason(form, f"{prefix}-reason"), form.read_text(f"{prefix}-comment")
    if reason is None or not comment:
        text = context.tell("Choose a reason and explain it in your own words.")
        raise MissingInputError(text, f"{prefix}-reason" if reason is None else f"{prefix}-comment")
    return reason, comment


def _read_reason(form: SubmittedForm, field: str) -> str | None:
    from pipelines.core import codes

    return form.read_choice(field, codes.list_codes("revision_reason"))


ACTS: Mapping[str, Act] = {
    "send": send_return,
    "approve": approve_return,
    "return": give_back,
    "override": approve_by_override,
    "explain": explain_warnings,
    "change-explanation": change_explanation,
    "explain-as-before": explain_as_before,
    "request-withdrawal": ask_withdrawal,
    "withdraw": withdraw_return,
}
"""Acts by the last part of the address to which their forms are submitted."""
