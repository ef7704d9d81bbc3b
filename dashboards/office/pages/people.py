"""Manage accounts and roles, for the steward; show the audit log and whether its chain is intact."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

from fastapi import APIRouter
from starlette.responses import Response

from dashboards.office import words
from dashboards.office.confirmation import CONFIRMED, ask_for_confirmation
from dashboards.office.context import PageContext
from dashboards.office.requests import Form, Page, SubmittedForm
from dashboards.office.responses import FieldError, redirect_to, render_page
from dashboards.office.services import get_services
from pipelines.core.errors import UserFacingError
from pipelines.design import components as ui
from pipelines.ledger import permissions
from pipelines.ledger.identity import EVERY, ROLES, Grant, NotAllowedError

if TYPE_CHECKING:
    from pipelines.submissions.accounts.accounts import Account

router = APIRouter()
_ACCOUNT = "account"
"""Parameter of the page's address, and field of its forms: the account to change."""
_LOGGED = 100
"""Entries of the audit log that are shown."""
_MOST_FAULTS = 50
_NEW_FIELDS = ("new", "name", "mail", "language", "issuer", "subject", "role", "place", "what")
"""Fields of the form for a new account."""


@dataclass(frozen=True)
class _OneTimePassword:
    """A new password of an account: it is shown in the answer to the form that made it, and stored nowhere."""

    account: str
    text: str
    replaces_another: bool = False


@router.get("/people")
def show_people(context: Page) -> Response:
    """Render the page "People"; the address may name the account to change."""
    return _render(context, context.request.query_params.get(_ACCOUNT, ""))


# --------------------------------------------------------------------------------------------------------- one account


@router.post("/people/grant")
def grant_role(form: Form) -> Response:
    """Give a role to an account."""
    from pipelines.submissions.accounts import accounts

    context, account_id = form.context, form.read_text(_ACCOUNT)
    new_grant = _read_grant(form)
    if new_grant is None:
        return _render(context, account_id, status=422, errors=[(context.tell("Choose a word from the list."), "")])
    return _act(
        form,
        lambda: accounts.grant_role(context.desk.engine, account_id, new_grant, by=context.who.account),
        context.tell("Given."),
    )


@router.post("/people/revoke")
def revoke_role(form: Form) -> Response:
    """Remove a role from an account."""
    from pipelines.submissions.accounts import accounts

    context, account_id = form.context, form.read_text(_ACCOUNT)
    account = _find_managed_account(context, account_id)
    by_key = {_grant_key(grant): grant for grant in account.grants} if account is not None else {}
    revoked = by_key.get(form.read_text("grant"))
    if revoked is None:
        return _render(context, account_id, status=422, errors=[(context.tell("Choose a word from the list."), "")])
    if account is not None and not form.has_field(CONFIRMED):
        return _ask(
            form,
            account,
            context.tell("You are about to remove a role"),
            context.tell("The person can no longer do what the role allows, from the next page on."),
            context.tell("Yes, remove it"),
            (context.tell("Role"), _describe_roles(context, [revoked])),
        )
    return _act(
        form,
        lambda: accounts.revoke_role(context.desk.engine, account_id, revoked, by=context.who.account),
        context.tell("Role removed."),
    )


@router.post("/people/disable")
def disable_account(form: Form) -> Response:
    """Disable an account."""
    from pipelines.submissions.accounts import accounts

    context, account_id = form.context, form.read_text(_ACCOUNT)
    account = _find_managed_account(context, account_id)
    if account is not None and not form.has_field(CONFIRMED):
        return _ask(
            form,
            account,
            context.tell("You are about to disable an account"),
            context.tell("It is signed out at once, and its tokens stop working. You can enable it again."),
            context.tell("Yes, disable it"),
        )
    return _act(
        form,
        lambda: accounts.disable_account(context.desk.engine, account_id, by=context.who.account),
        context.tell("Disabled."),
    )


@router.post("/people/enable")
def enable_account(form: Form) -> Response:
    """Let a disabled account sign in again."""
    from pipelines.submissions.accounts import accounts

    context, account_id = form.context, form.read_text(_ACCOUNT)
    return _act(
        form,
        lambda: accounts.enable_account(context.desk.engine, account_id, by=context.who.account),
        context.tell("Enabled."),
    )


@router.post("/people/sign-out")
def end_sessions(form: Form) -> Response:
    """Sign a person out of all browsers."""
    context, account_id = form.context, form.read_text(_ACCOUNT)
    sessions = get_services(context.request).sessions
    return _act(
        form, lambda: sessions.revoke_all(account_id, by=context.who.account), context.tell("Signed out everywhere.")
    )


@router.post("/people/password")
def reset_password(form: Form) -> Response:
    """Make a one-time password, and show it in the answer. Raises NotAllowedError."""
    from pipelines.submissions.accounts import password_sign_in

    context, account_id = form.context, form.read_text(_ACCOUNT)
    account = _find_managed_account(context, account_id)
    if account is not None and account.issuer is not None:
        reason = context.tell("This account signs in with a provider outside of this system.")
        return _render(context, account_id, status=409, errors=[(reason, "")])
    if account is not None and not form.has_field(CONFIRMED):
        return _ask(
            form,
            account,
            context.tell("You are about to replace a password"),
            context.tell("The old password stops working at once, and the person is signed out everywhere."),
            context.tell("Yes, make a one-time password"),
        )
    password = password_sign_in.reset_password(context.desk.engine, account_id, by=context.who.account)
    return _render(context, account_id, password=_OneTimePassword(account_id, password, replaces_another=True))


def _ask(
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
        back=f"{_page_address(account.account_id)}#change",
    )


def _act(form: SubmittedForm, act: Callable[[], object], message: str) -> Response:
    """Do something to an account and show it; if that fails, show why above the page."""
    context, account_id = form.context, form.read_text(_ACCOUNT)
    try:
        act()
    except (NotAllowedError, UserFacingError) as error:
        status = 403 if isinstance(error, NotAllowedError) else 422
        return _render(context, account_id, status=status, errors=[(context.localize_error(error), "")])
    return redirect_to(context, _page_address(account_id), message=message)


# --------------------------------------------------------------------------------------------------------- new account


@router.post("/people/create")
def create_account(form: Form) -> Response:
    """Create an account; without a provider, its one-time password is in the answer."""
    from pipelines.submissions.accounts import accounts, password_sign_in

    context, entered = form.context, {name: form.read_text(name) for name in _NEW_FIELDS}
    engine, by, account_id = context.desk.engine, context.who.account, entered["new"]
    first_grant = _read_grant(form)
    if first_grant is None:
        errors = [(context.tell("Choose a word from the list."), "")]
        return _render(context, status=422, errors=errors, entered=entered)
    try:
        accounts.create_account(
            engine,
            account_id,
            entered["name"],
            language=entered["language"],
            email=entered["mail"] or None,
            grants=[first_grant],
            issuer=entered["issuer"] or None,
            subject=entered["subject"] or None,
            by=by,
        )
    except (NotAllowedError, UserFacingError) as error:
        status = 403 if isinstance(error, NotAllowedError) else 422
        return _render(context, status=status, errors=[(context.localize_error(error), "")], entered=entered)
    if entered["issuer"]:
        return redirect_to(context, _page_address(account_id), message=context.tell("Made."))
    password = password_sign_in.reset_password(engine, account_id, by=by)
    return _render(context, account_id, password=_OneTimePassword(account_id, password))


# ----------------------------------------------------------------------------------------------------------- the audit


@router.post("/people/verify")
def verify_audit_log(form: Form) -> Response:
    """Verify the whole audit log, and show the result. Raises NotAllowedError."""
    from pipelines.refresh import integrity
    from pipelines.submissions.service import rights

    context = form.context
    if not _can_read_audit_log(context):
        raise rights.make_missing_role_error()
    verification = integrity.verify_records(context.desk.home, context.desk.engine)
    faults = [f"{fault.seq}: {fault.localize_message(context.language)}" for fault in verification.faults]
    if faults:
        verdict = ("error", context.many("{n} fault found", "{n} faults found", len(faults)))
    else:
        verdict = ("good", context.many("{n} entry, no fault", "{n} entries, no fault", verification.entries))
    return _render(context, verdict=verdict, faults=faults[:_MOST_FAULTS])


def _can_read_audit_log(context: PageContext) -> bool:
    return permissions.can_keep_accounts_of(context.who, [permissions.HEAD_STEWARD])


def _make_audit_table(context: PageContext) -> ui.Table:
    from pipelines.ledger import audit_log, database

    with database.open_read_transaction(context.desk.engine) as connection:
        count, _ = audit_log.read_head(connection)
    entries = audit_log.list_entries(context.desk.engine, after=count - _LOGGED)
    rows = [
        ui.Row(
            str(entry["seq"]),
            (words.format_time(entry["at"]), entry["actor"], entry["action"], entry["subject"], entry["hash"][:12]),
        )
        for entry in reversed(entries)
    ]
    columns = [
        context.tell("When"),
        context.tell("Who"),
        context.tell("Did"),
        context.tell("To"),
        context.tell("Hash begins"),
    ]
    caption = context.tell("The last {n} of {all} entries, the newest first", n=len(rows), all=max(count, len(rows)))
    return ui.Table(caption, context.tell("Number"), columns, rows)


# ------------------------------------------------------------------------------------------------------------ the page


def _render(
    context: PageContext,
    account_id: str = "",
    *,
    status: int = 200,
    errors: Sequence[FieldError] = (),
    entered: Mapping[str, str] | None = None,
    password: _OneTimePassword | None = None,
    verdict: tuple[str, str] | None = None,
    faults: Sequence[str] = (),
) -> Response:
    """Render the page with the account to change, what was entered for a new one, and what the last form led to."""
    from pipelines.core import i18n

    managed = _list_managed_accounts(context)
    account = next((candidate for candidate in managed if candidate.account_id == account_id), None)
    sessions = get_services(context.request).sessions
    return render_page(
        context,
        "people.html",
        title=context.tell("People"),
        lead=context.tell("Accounts of the offices you are steward of, and their permissions."),
        status=status,
        errors=errors,
        password=password,
        accounts=_make_accounts_table(context, managed),
        account_options=[(candidate.account_id, candidate.account_id) for candidate in managed],
        account=account,
        grants=[(_grant_key(grant), _describe_roles(context, [grant])) for grant in account.grants] if account else [],
        session_count=len(sessions.list_sessions(account.account_id)) if account else 0,
        roles=[(role, context.tell(words.ROLES[role])) for role in ROLES],
        places=_list_places(context),
        instruments=[(EVERY, context.tell("everything")), *context.list_options("instrument")],
        language_options=list(i18n.language_names().items()),
        entered=dict.fromkeys(_NEW_FIELDS, "") | dict(entered or {}),
        audit=_make_audit_table(context) if _can_read_audit_log(context) else None,
        verdict=verdict,
        faults=list(faults),
    )


def _list_managed_accounts(context: PageContext) -> list[Account]:
    """Return the accounts that this steward manages."""
    from pipelines.submissions.accounts import accounts

    return [
        account
        for account in accounts.all_accounts(context.desk.engine)
        if accounts.can_change_account(context.who, account)
    ]


def _find_managed_account(context: PageContext, account_id: str) -> Account | None:
    return next((account for account in _list_managed_accounts(context) if account.account_id == account_id), None)


def _make_accounts_table(context: PageContext, managed: Sequence[Account]) -> ui.Table:
    columns = [context.tell("Name"), context.tell("May"), context.tell("State"), context.tell("Last sign-in")]
    rows = [
        ui.Row(
            ui.render_link(account.account_id, f"{_page_address(account.account_id)}#change"),
            (
                account.display_name,
                _describe_roles(context, account.grants),
                _state_badge(context, account),
                words.format_time(account.signed_in_at),
            ),
        )
        for account in managed
    ]
    caption = context.many("{n} account", "{n} accounts", len(managed))
    return ui.Table(caption, context.tell("Account"), columns, rows)


def _page_address(account_id: str) -> str:
    """Return the address of the page with an account to change."""
    return ui.page_address("/people", **{_ACCOUNT: account_id})


def _describe_roles(context: PageContext, grants: Sequence[Grant]) -> str:
    return "; ".join(
        f"{context.tell('all territories') if place == EVERY else context.area_name(place)}"
        f"{'' if instrument == EVERY else ', ' + context.code_label('instrument', instrument)}: "
        + ", ".join(context.tell(words.ROLES[role]) for role in roles)
        for (place, instrument), roles in words.roles_by_pair(grants).items()
    ) or context.tell("nothing")


def _state_badge(context: PageContext, account: Account) -> ui.Markup:
    from pipelines.submissions.accounts.password_sign_in import TOLD_AFTER

    if account.disabled:
        return ui.render_badge("off", "⊘", context.tell("disabled"))
    if account.failed >= TOLD_AFTER:
        return ui.render_badge("warning", "▲", context.tell("wrong passwords in a row: {n}", n=account.failed))
    if account.must_change:
        return ui.render_badge("draft", "◌", context.tell("must change the password"))
    return ui.render_badge("good", "✔", context.tell("good"))


def _list_places(context: PageContext) -> list[tuple[str, str]]:
    """Return the places for which this steward may grant roles, as options."""
    parts = [j.code for t in context.desk.registry.territories.values() for j in t.jurisdictions]
    managed = {jurisdiction for jurisdiction, _ in permissions.pairs_for(context.who, "keep_accounts")}
    places = [code for code in (EVERY, *parts) if managed & {EVERY, code}]
    return [(code, context.tell("all territories") if code == EVERY else context.area_name(code)) for code in places]


def _read_grant(form: SubmittedForm) -> Grant | None:
    """Return the chosen role, office and instrument; None unless they are among the options."""
    from pipelines.core import codes

    role = form.read_choice("role", ROLES)
    place = form.read_choice("place", [code for code, _ in _list_places(form.context)])
    instrument = form.read_choice("what", [EVERY, *codes.list_codes("instrument")])
    return Grant(role, place, instrument) if role and place and instrument else None  # type: ignore[arg-type]


def _grant_key(grant: Grant) -> str:
    """Return the value of a grant in a form."""
    return f"{grant.role} {grant.jurisdiction} {grant.instrument}"
