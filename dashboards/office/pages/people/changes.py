"""Change one account: its roles, whether it is enabled, its sessions and its password."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING

from fastapi import APIRouter
from starlette.responses import Response

from dashboards.office.confirmation import CONFIRMED, ask_for_confirmation
from dashboards.office.pages.people.grants import describe_roles, make_grant_key, read_grant
from dashboards.office.pages.people.managed_accounts import ACCOUNT, find_managed_account, make_page_address
from dashboards.office.pages.people.page import OneTimePassword, render_people_page
from dashboards.office.requests import Form, SubmittedForm
from dashboards.office.responses import redirect_to
from dashboards.office.services import get_services
from pipelines.core.errors import UserFacingError
from pipelines.design import components as ui
from pipelines.ledger.identity import NotAllowedError

if TYPE_CHECKING:
    from pipelines.submissions.accounts.accounts import Account

router = APIRouter()


@router.post("/people/grant")
def grant_role(form: Form) -> Response:
    """Give a role to an account."""
    from pipelines.submissions.accounts import accounts

    context, account_id = form.context, form.read_text(ACCOUNT)
    new_grant, errors = read_grant(form, "grant")
    if new_grant is None:
        return render_people_page(context, account_id, status=422, errors=errors)
    return _perform_act(
        form,
        lambda: accounts.grant_role(context.desk.engine, account_id, new_grant, by=context.who.account),
        context.tell("Role added."),
    )


@router.post("/people/revoke")
def revoke_role(form: Form) -> Response:
    """Remove a role from an account."""
    from pipelines.submissions.accounts import accounts

    context, account_id = form.context, form.read_text(ACCOUNT)
    account = find_managed_account(context, account_id)
    by_key = {make_grant_key(grant): grant for grant in account.grants} if account is not None else {}
    revoked = by_key.get(form.read_text("grant"))
    if revoked is None:
        errors = [(context.tell("Choose an option from the list."), "grant")]
        return render_people_page(context, account_id, status=422, errors=errors)
    if account is not None and not form.has_field(CONFIRMED):
        return _ask_about_account(
            form,
            account,
            context.tell("You are about to remove a role"),
            context.tell("The person can no longer do what the role allows, from the next page on."),
            context.tell("Yes, remove it"),
            (context.tell("Role"), describe_roles(context, [revoked])),
        )
    return _perform_act(
        form,
        lambda: accounts.revoke_role(context.desk.engine, account_id, revoked, by=context.who.account),
        context.tell("Role removed."),
    )


@router.post("/people/disable")
def disable_account(form: Form) -> Response:
    """Disable an account."""
    from pipelines.submissions.accounts import accounts

    context, account_id = form.context, form.read_text(ACCOUNT)
    account = find_managed_account(context, account_id)
    if account is not None and not form.has_field(CONFIRMED):
        return _ask_about_account(
            form,
            account,
            context.tell("You are about to disable an account"),
            context.tell("It is signed out at once, and its tokens stop working. You can enable it again."),
            context.tell("Yes, disable it"),
        )
    return _perform_act(
        form,
        lambda: accounts.disable_account(context.desk.engine, account_id, by=context.who.account),
        context.tell("Disabled."),
    )


@router.post("/people/enable")
def enable_account(form: Form) -> Response:
    """Let a disabled account sign in again."""
    from pipelines.submissions.accounts import accounts

    context, account_id = form.context, form.read_text(ACCOUNT)
    return _perform_act(
        form,
        lambda: accounts.enable_account(context.desk.engine, account_id, by=context.who.account),
        context.tell("Enabled."),
    )


@router.post("/people/sign-out")
def end_sessions(form: Form) -> Response:
    """Sign a person out of all browsers."""
    context, account_id = form.context, form.read_text(ACCOUNT)
    sessions = get_services(context.request).sessions
    account = find_managed_account(context, account_id)
    if account is not None and not form.has_field(CONFIRMED):
        number = len(sessions.list_sessions(account_id))
        return _ask_about_account(
            form,
            account,
            context.tell("You are about to sign an account out everywhere"),
            context.tell("Anything that is entered there and not saved is lost."),
            context.tell("Yes, sign it out"),
            (context.tell("Browsers"), str(number)),
        )
    return _perform_act(
        form, lambda: sessions.revoke_all(account_id, by=context.who.account), context.tell("Signed out everywhere.")
    )


@router.post("/people/password")
def reset_password(form: Form) -> Response:
    """Create a one-time password, and show it in the answer. Raises NotAllowedError."""
    from pipelines.submissions.accounts import password_sign_in

    context, account_id = form.context, form.read_text(ACCOUNT)
    account = find_managed_account(context, account_id)
    if account is not None and account.issuer is not None:
        reason = context.tell("This account signs in with a provider outside of this system.")
        return render_people_page(context, account_id, status=409, errors=[(reason, "")])
    if account is not None and not form.has_field(CONFIRMED):
        return _ask_about_account(
            form,
            account,
            context.tell("You are about to replace a password"),
            context.tell("The old password stops working at once, and the person is signed out everywhere."),
            context.tell("Yes, create a one-time password"),
        )
    password = password_sign_in.reset_password(context.desk.engine, account_id, by=context.who.account)
    return render_people_page(
        context, account_id, password=OneTimePassword(account_id, password, replaces_another=True)
    )


def _ask_about_account(
    form: SubmittedForm,
    account: Account,
    question: str,
    consequence: str,
    yes: str,
    *facts: tuple[str, ui.Part],
) -> Response:
    """Ask the steward to confirm what is about to happen to an account."""
    context = form.context
    return ask_for_confirmation(
        form,
        title=context.tell("People"),
        question=question,
        consequence=consequence,
        facts=[(context.tell("Account"), f"{account.account_id}: {account.display_name}"), *facts],
        yes=yes,
        back=f"{make_page_address(account.account_id)}#change",
    )


def _perform_act(form: SubmittedForm, act: Callable[[], object], message: str) -> Response:
    """Do something to an account and show it; if that fails, show why above the page."""
    context, account_id = form.context, form.read_text(ACCOUNT)
    try:
        act()
    except (NotAllowedError, UserFacingError) as error:
        status = 403 if isinstance(error, NotAllowedError) else 422
        return render_people_page(context, account_id, status=status, errors=[(context.localize_error(error), "")])
    return redirect_to(context, make_page_address(account_id), message=message)
