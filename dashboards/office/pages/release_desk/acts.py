"""Carry out the acts of the steward on the draft: explain, override, announce, publish, and name who sees it."""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, datetime

from fastapi import APIRouter
from starlette.responses import Response

from dashboards.office.confirmation import CONFIRMED, ask_for_confirmation
from dashboards.office.pages.release_desk.page import (
    ERRORS,
    PATH,
    describe_error,
    format_minute,
    is_steward,
    open_desk,
    render_desk,
)
from dashboards.office.requests import Form, SubmittedForm
from dashboards.office.responses import redirect_to, render_refusal
from pipelines.core.i18n import mark
from pipelines.design import components as ui
from pipelines.ledger.identity import NotAllowedError
from pipelines.refresh.embargo import read_approval
from pipelines.refresh.release_desk import desk as release_desk

router = APIRouter()


@router.post(PATH + "/explain")
def explain_check(form: Form) -> Response:
    """Explain the problems of a check."""
    desk, who = open_desk(form.context), form.context.who
    return _act(
        form,
        lambda: release_desk.explain_check(desk, who, form.read_text("check"), form.read_text("text")),
        mark("The explanation is saved. It applies to this draft only."),
        reason_field="text",
    )


@router.post(PATH + "/override")
def override_checklist(form: Form) -> Response:
    """Override the checks that are open, after a confirmation."""
    context, desk, who = form.context, open_desk(form.context), form.context.who
    reason = form.read_text("reason")
    # Without a reason, the desk itself asks for it.
    if reason and is_steward(context) and not form.has_field(CONFIRMED):
        return ask_for_confirmation(
            form,
            title=context.tell("Override the open checks"),
            question=context.tell("You are about to override the open checks"),
            consequence=context.tell(
                "It cannot be undone for this draft. Your reason is recorded in the audit log and shown on the "
                "release desk."
            ),
            facts=[(context.tell("Reason"), ui.mark_code(reason))],
            yes=context.tell("Yes, override them"),
            back=f"{PATH}#override",
        )
    return _act(
        form,
        lambda: release_desk.override_checklist(desk, who, reason),
        mark("The open checks are overridden for this draft."),
        reason_field="override-reason",
    )


@router.post(PATH + "/announce")
def announce_release(form: Form) -> Response:
    """Announce the minute of the release, or change it."""
    context = form.context
    entered = form.read_text("at")
    try:
        moment = datetime.fromisoformat(entered).replace(tzinfo=UTC)
    except ValueError:
        error = (context.tell("Enter a day and a time, such as 2027-02-15 09:00."), "at")
        return render_desk(context, (error,), announced_at=entered)
    desk = open_desk(context)
    return _act(
        form,
        lambda: release_desk.announce_release(desk, context.who, moment, form.read_text("reason")),
        mark("The release is announced in the public calendar."),
        reason_field="announce-reason",
    )


@router.post(PATH + "/publish")
def publish_release(form: Form) -> Response:
    """Publish the draft, or approve it for its announced minute, after a confirmation."""
    context, desk = form.context, open_desk(form.context)
    try:
        review = release_desk.review_draft(desk, context.who)
    except NotAllowedError as error:
        return render_refusal(context, error)
    except ERRORS as error:
        return render_desk(context, ((describe_error(context, error), ""),))
    if not form.has_field(CONFIRMED):
        moment = review.planned.moment if review.planned is not None else None
        return ask_for_confirmation(
            form,
            title=context.tell("Publish release {release}", release=review.release),
            question=context.tell("Do you want to publish release {release}?", release=review.release),
            consequence=context.tell("A published release never changes. A correction makes a new release."),
            facts=[(context.tell("Published at"), format_minute(context, moment) or context.tell("at once"))],
            yes=context.tell("Publish it"),
            back=PATH,
        )
    return _act(
        form,
        lambda: release_desk.publish_release(desk, context.who),
        mark("The release has been published, or will be at its announced time."),
    )


@router.post(PATH + "/withdraw-approval")
def withdraw_approval(form: Form) -> Response:
    """Withdraw the approval of the draft that waits for its minute, after a confirmation."""
    context, desk, who = form.context, open_desk(form.context), form.context.who
    approval = read_approval(desk.home) if is_steward(context) else None
    if approval is not None and not form.has_field(CONFIRMED):
        return ask_for_confirmation(
            form,
            title=context.tell("Withdraw the approval"),
            question=context.tell(
                "You are about to withdraw the approval of release {release}", release=approval.release
            ),
            consequence=context.tell("The release is not published at its announced time. You can approve it again."),
            facts=[],
            yes=context.tell("Yes, withdraw it"),
            back=PATH,
        )
    return _act(form, lambda: release_desk.withdraw_approval(desk, who), mark("The approval is withdrawn."))


@router.post(PATH + "/preview")
def grant_preview(form: Form) -> Response:
    """Add a person to the public list of those who see a draft before."""
    desk, who = open_desk(form.context), form.context.who
    person = (form.read_text("name"), form.read_text("organisation"), form.read_text("reason"))
    return _act(
        form,
        lambda: release_desk.grant_preview(desk, who, *person),
        mark("The public list has been updated."),
        reason_field="preview-reason",
    )


@router.post(PATH + "/end-preview")
def end_preview(form: Form) -> Response:
    """Remove a person from the list, after a confirmation."""
    context, desk, who = form.context, open_desk(form.context), form.context.who
    name = form.read_text("name")
    readers = release_desk.list_preview_readers(desk) if is_steward(context) else []
    reader = next((each for each in readers if each.name == name), None)
    if reader is not None and not form.has_field(CONFIRMED):
        return ask_for_confirmation(
            form,
            title=context.tell("Remove a person"),
            question=context.tell("You are about to remove a person from the public list"),
            consequence=context.tell("The person may not see drafts any more, and the public list changes at once."),
            facts=[(context.tell("Name"), reader.name), (context.tell("Organisation"), reader.organisation)],
            yes=context.tell("Yes, remove this person"),
            back=f"{PATH}#preview",
        )
    return _act(form, lambda: release_desk.end_preview(desk, who, name), mark("The public list has been updated."))


def _act(form: SubmittedForm, act: Callable[[], object], message: str, *, reason_field: str = "") -> Response:
    """Do an act of the steward and return to the desk with its result, or show why it was refused.

    `reason_field` is the id of the field with the reason.
    """
    context = form.context
    try:
        act()
    except NotAllowedError as error:
        return render_refusal(context, error)
    except ERRORS as error:
        _, field = context.describe_form_error(error, {"reason": reason_field})
        return render_desk(context, ((describe_error(context, error), field),))
    return redirect_to(context, PATH, message=context.tell(message))  # marked by the callers
