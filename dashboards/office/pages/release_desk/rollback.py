"""Withdraw the current release: show what follows, ask for a reason and a confirmation, and make another one current.

The act is that of `rti release rollback`.
"""

from __future__ import annotations

from collections.abc import Sequence

from fastapi import APIRouter
from starlette.responses import Response

from dashboards.office.confirmation import CONFIRMED, ask_for_confirmation
from dashboards.office.context import PageContext
from dashboards.office.pages.release_desk.page import ERRORS, PATH, ROLLBACK, describe_error, name_rollback, open_desk
from dashboards.office.requests import Form, Page, SubmittedForm
from dashboards.office.responses import FieldError, redirect_to, render_page, render_refusal
from pipelines.ledger.identity import NotAllowedError
from pipelines.publication.releases.publish import find_current_release
from pipelines.refresh.publication import MINIMUM_REASON, AlteredReleaseError
from pipelines.refresh.release_desk import desk as release_desk
from pipelines.refresh.release_desk.rollback_plan import RollbackPlan

router = APIRouter()
_RELEASE, _REASON, _EXPECTED = "release", "reason", "expected"
"""Fields: the release that becomes current, the public reason, and the release that was current when it was shown."""


@router.get(ROLLBACK)
def show_rollback(context: Page) -> Response:
    """Render what a rollback does, and its form."""
    return _render_form(context)


@router.post(ROLLBACK)
def roll_back(form: Form) -> Response:
    """Make an earlier release current again, after a confirmation that repeats the names of the releases."""
    context, desk = form.context, open_desk(form.context)
    release, reason = form.read_text(_RELEASE), form.read_text(_REASON)
    try:
        plan = release_desk.plan_rollback(desk, context.who, release)
    except NotAllowedError as error:
        return render_refusal(context, error)
    errors = _check_entries(context, plan, reason, form.read_text(_EXPECTED))
    if plan is None or errors:
        return _render_form(context, form, errors, status=422)
    if not form.has_field(CONFIRMED):
        return _ask_for_confirmation(form, plan, reason)
    try:
        release_desk.roll_back(desk, context.who, release, reason, plan.current)
    except NotAllowedError as error:
        return render_refusal(context, error)
    except ERRORS as error:
        field = _RELEASE if isinstance(error, AlteredReleaseError) else ""
        return _render_form(context, form, [(describe_error(context, error), field)], status=409)
    return redirect_to(context, PATH, message=context.tell("Release {release} is current again", release=release))


def _check_entries(context: PageContext, plan: RollbackPlan | None, reason: str, expected: str) -> list[FieldError]:
    """Return what is wrong with the entries of the form, each with its field."""
    errors: list[FieldError] = []
    if plan is None:
        errors.append((context.tell("Choose one of the releases in the list."), _RELEASE))
    elif plan.current != expected:
        text = context.tell(
            "Release {release} has become current since you opened this page. Read the page again before you decide.",
            release=plan.current,
        )
        errors.append((text, ""))
    if len(reason) < MINIMUM_REASON:
        text = context.tell("Write the reason in at least {n} characters. It becomes public.", n=MINIMUM_REASON)
        errors.append((text, _REASON))
    return errors


def _render_form(
    context: PageContext, form: SubmittedForm | None = None, errors: Sequence[FieldError] = (), status: int = 200
) -> Response:
    """Render the form with the entries that were submitted, or without."""
    desk = open_desk(context)
    try:
        targets = release_desk.list_rollback_targets(desk, context.who)
    except NotAllowedError as error:
        return render_refusal(context, error)
    folder = find_current_release(desk.home)
    current = folder.name if folder is not None else ""
    chosen = form.read_text(_RELEASE) if form is not None else ""
    return render_page(
        context,
        "release_rollback.html",
        title=name_rollback(context, current, targets),
        lead=context.tell("Nothing happens until you have read what follows and confirmed it."),
        status=status,
        errors=errors,
        address=ROLLBACK,
        back=PATH,
        current=current,
        targets=[(name, name) for name in targets],
        chosen=chosen if chosen in targets else "",
        reason=form.read_text(_REASON) if form is not None else "",
        shortest=MINIMUM_REASON,
    )


def _ask_for_confirmation(form: SubmittedForm, plan: RollbackPlan, reason: str) -> Response:
    """Ask for a confirmation, with the names of all releases whose state changes."""
    context, names = form.context, {"current": plan.current, "release": plan.release}
    is_withdrawal = plan.current in plan.withdrawn
    return ask_for_confirmation(
        form,
        title=context.tell("Make release {release} current again", release=plan.release),
        question=context.tell(
            "Do you want to withdraw release {current} and make release {release} current again?", **names
        )
        if is_withdrawal
        else context.tell("Do you want to make release {release} current again instead of release {current}?", **names),
        consequence=context.tell(
            "The public pages change at once. Withdrawn releases stay readable at their own addresses, and each of "
            "their pages says when and why they were withdrawn. The next release gets a new number."
        ),
        facts=[
            (context.tell("Current now"), plan.current),
            (context.tell("Current afterwards"), plan.release),
            (context.tell("Will be withdrawn"), ", ".join(plan.withdrawn)),
            (context.tell("No longer withdrawn"), ", ".join(plan.restored)),
            (context.tell("People who get an email"), str(plan.subscribers)),
            (context.tell("Public reason"), reason),
        ],
        yes=context.tell("Withdraw release {release}", release=plan.current)
        if is_withdrawal
        else context.tell("Make release {release} current again", release=plan.release),
        back=ROLLBACK,
    )
