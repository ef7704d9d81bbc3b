"""Show the reader's own account: mail, roles, password, API tokens, and the browsers in which it is signed in."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING

from fastapi import APIRouter
from starlette.responses import Response

from dashboards.office import words
from dashboards.office.confirmation import CONFIRMED, ask_for_confirmation
from dashboards.office.context import PageContext
from dashboards.office.requests import Form, Page, SubmittedForm
from dashboards.office.responses import FieldError, redirect_to, render_page
from dashboards.office.services import get_services
from pipelines.design import components as ui

if TYPE_CHECKING:
    from pipelines.ledger.identity import Grant
    from pipelines.submissions.accounts.tokens import Token
    from pipelines.web.sign_in.sessions import OpenSession

router = APIRouter()
_DAYS = (30, 90, 180, 365)
_DEFAULT_DAYS = 90
_BROWSERS = (
    ("Edge", re.compile(r"\bEdgA?/")),
    ("Opera", re.compile(r"\bOPR/")),
    ("Samsung Internet", re.compile(r"\bSamsungBrowser/")),
    ("Firefox", re.compile(r"\b(?:Firefox|FxiOS)/")),
    ("Chrome", re.compile(r"\b(?:Chrome|CriOS|HeadlessChrome)/")),
    ("Safari", re.compile(r"\bSafari/")),
)
"""Browsers in the order in which they are tried: many also name the browsers that they imitate."""
_SYSTEMS = (
    ("Windows", re.compile(r"\bWindows\b")),
    ("Android", re.compile(r"\bAndroid\b")),
    ("iPhone", re.compile(r"\biPhone\b")),
    ("iPad", re.compile(r"\biPad\b")),
    ("macOS", re.compile(r"\bMac OS X\b")),
    ("Linux", re.compile(r"\bLinux\b")),
)


@router.get("/account")
def show_account(context: Page) -> Response:
    """Render the page "My account"."""
    return _render(context)


@router.post("/account/email")
def change_email(form: Form) -> Response:
    """Store the address for notices, or none."""
    from pipelines.submissions.accounts import accounts

    context, email = form.context, form.read_text("email")
    account = context.session.identity.account
    try:
        accounts.set_email(context.desk.engine, account, email or None, by=account)
    except accounts.AccountError as error:
        return _render(context, status=422, errors=[(context.localize_error(error), "email")], entered={"email": email})
    return redirect_to(context, "/account", message=context.tell("Saved."))


@router.post("/account/news")
def change_news(form: Form) -> Response:
    """Start or stop messages about releases."""
    from pipelines.submissions.notices.releases import change_subscription

    context = form.context
    account = context.session.identity.account
    change_subscription(context.desk.engine, account, is_wanted=form.read_text("news") == "on")
    return redirect_to(context, "/account", message=context.tell("Saved."))


@router.post("/account/token")
def issue_token(form: Form) -> Response:
    """Issue a token, and show it in the answer: it is stored nowhere."""
    from pipelines.ledger.identity import NotAllowedError
    from pipelines.submissions.accounts import accounts, tokens

    context, label = form.context, form.read_text("label")
    days = form.read_choice("days", [str(number) for number in _DAYS]) or str(_DEFAULT_DAYS)
    try:
        issued = tokens.issue_token(context.desk.engine, context.who, label, days=int(days))
    except (NotAllowedError, accounts.AccountError) as error:
        status, field = (403, "") if isinstance(error, NotAllowedError) else (422, "label")
        errors = [(context.localize_error(error), field)]
        return _render(context, status=status, errors=errors, entered={"label": label, "days": days})
    return _render(context, issued=issued.text)


@router.post("/account/token/revoke")
def revoke_token(form: Form) -> Response:
    """Revoke one of the person's tokens. Raises NotAllowedError."""
    from pipelines.submissions.accounts import tokens

    context, token_id = form.context, form.read_text("token")
    own_tokens = tokens.list_tokens(context.desk.engine, context.who.account)
    token = next((each for each in own_tokens if each.token_id == token_id), None)
    if token is not None and not form.has_field(CONFIRMED):
        return ask_for_confirmation(
            form,
            title=context.tell("My account"),
            question=context.tell("You are about to revoke a token"),
            consequence=context.tell("Programs that use it are refused at once. It cannot be enabled again."),
            facts=[(context.tell("For"), token.label), (context.tell("Created"), words.format_day(token.created_at))],
            yes=context.tell("Yes, revoke it"),
            back="/account",
        )
    tokens.revoke_token(context.desk.engine, context.who, token_id)
    return redirect_to(context, "/account", message=context.tell("Revoked. Programs that use the token are refused."))


@router.post("/account/session/end")
def end_session(form: Form) -> Response:
    """End one session of the account."""
    context, session_id = form.context, form.read_text("session")
    sessions, account = get_services(context.request).sessions, context.session.identity.account
    session = next((each for each in sessions.list_sessions(account) if each.session_id == session_id), None)
    if session is not None and not form.has_field(CONFIRMED):
        browser = describe_browser(session.user_agent) or context.tell("Browser not known")
        since = words.format_time(session.created_at)
        facts = [(context.tell("Browser"), browser), (context.tell("Signed in since"), since)]
        return _ask_to_sign_out(form, context.tell("You are about to sign out in another browser"), facts)
    sessions.revoke_session(account, session_id)
    return redirect_to(context, "/account", message=context.tell("Signed out there."))


@router.post("/account/session/end-others")
def end_other_sessions(form: Form) -> Response:
    """End all sessions of the account except this one."""
    context, sessions = form.context, get_services(form.context.request).sessions
    if not form.has_field(CONFIRMED):
        number = len(sessions.list_sessions(context.session.identity.account)) - 1
        facts = [(context.tell("Other browsers"), str(number))]
        return _ask_to_sign_out(form, context.tell("You are about to sign out everywhere else"), facts)
    sessions.revoke_others(context.session)
    return redirect_to(context, "/account", message=context.tell("Signed out there."))


def _ask_to_sign_out(form: SubmittedForm, question: str, facts: Sequence[tuple[str, ui.Part]]) -> Response:
    """Ask the person to confirm the end of sessions in other browsers."""
    context = form.context
    return ask_for_confirmation(
        form,
        title=context.tell("My account"),
        question=question,
        consequence=context.tell("Anything that is entered there and not saved is lost."),
        facts=facts,
        yes=context.tell("Yes, sign out there"),
        back="/account",
    )


def _render(
    context: PageContext,
    *,
    status: int = 200,
    errors: Sequence[FieldError] = (),
    entered: Mapping[str, str] | None = None,
    issued: str = "",
) -> Response:
    """Render the page, with what was entered in a form that failed, or with a token that was issued just now."""
    from pipelines.submissions.accounts import accounts, tokens
    from pipelines.submissions.notices.releases import has_subscription

    account = accounts.find_account(context.desk.engine, context.who.account)
    assert account is not None, "a signed-in person has an account"
    own_tokens = tokens.list_tokens(context.desk.engine, account.account_id)
    sessions = get_services(context.request).sessions.list_sessions(account.account_id)
    live_tokens = [token for token in own_tokens if not _is_over(token)]
    values = {"email": account.email or "", "label": "", "days": str(_DEFAULT_DAYS), **(entered or {})}
    return render_page(
        context,
        "account.html",
        title=context.tell("My account"),
        status=status,
        errors=errors,
        facts=[
            (context.tell("Name"), account.display_name),
            (context.tell("Account"), ui.Markup('<span class="rti-code">{}</span>').format(account.account_id)),
            (context.tell("Last sign-in"), words.format_time(account.signed_in_at)),
        ],
        grants=grants_table(context, context.who.grants, context.tell("Your permissions")),
        has_password=account.has_password,
        wants_news=has_subscription(context.desk.engine, account.account_id),
        has_address=bool(account.email),
        entered=values,
        issued=issued,
        tokens=_make_tokens_table(context, own_tokens) if own_tokens else None,
        live_tokens=[
            (token.token_id, f"{token.label} ({words.format_day(token.created_at)})") for token in live_tokens
        ],
        days=[(str(number), context.many("{n} day", "{n} days", number)) for number in _DAYS],
        sessions=_make_sessions_table(context, sessions),
        has_other_sessions=any(session.session_id != context.session.session_id for session in sessions),
    )


def grants_table(context: PageContext, grants: Sequence[Grant], caption: str) -> ui.PageTable:
    """Return the roles by office and instrument, as a table."""
    rows = [
        ui.PageRow(
            context.tell("all territories") if place == "*" else context.area_name(place),
            (
                context.tell("everything") if instrument == "*" else context.code_label("instrument", instrument),
                ", ".join(context.tell(words.ROLES[role]) for role in roles),
            ),
        )
        for (place, instrument), roles in words.roles_by_pair(grants).items()
    ]
    return ui.PageTable(caption, context.tell("Territory"), [context.tell("What"), context.tell("Role")], rows)


def _make_tokens_table(context: PageContext, own_tokens: Sequence[Token]) -> ui.PageTable:
    rows = [
        ui.PageRow(
            token.label,
            (
                words.format_day(token.created_at),
                words.format_day(token.expires_at),
                words.format_day(token.used_at) or context.tell("never"),
                _token_badge(context, token),
            ),
        )
        for token in own_tokens
    ]
    columns = [context.tell("Created"), context.tell("Expires"), context.tell("Last used"), context.tell("State")]
    return ui.PageTable(context.tell("Your tokens"), context.tell("For"), columns, rows)


def _token_badge(context: PageContext, token: Token) -> ui.Markup:
    if token.revoked_at:
        return ui.render_badge("off", "⊘", context.tell("revoked"))
    if _is_over(token):
        return ui.render_badge("off", "⊘", context.tell("expired"))
    return ui.render_badge("good", "✔", context.tell("can be used"))


def _is_over(token: Token) -> bool:
    """Return True if a token was revoked or has expired."""
    from pipelines.core import clock

    return token.revoked_at is not None or clock.parse_time(token.expires_at) <= clock.now()


def _make_sessions_table(context: PageContext, sessions: Sequence[OpenSession]) -> ui.PageTable:
    """Return the browsers in which the account is signed in; each but this one has a button that signs it out."""
    sign_out = context.tell("Sign out")
    rows = []
    for session in sessions:
        browser = describe_browser(session.user_agent) or context.tell("Browser not known")
        since = words.format_time(session.created_at)
        is_this_one = session.session_id == context.session.session_id
        act = (
            ui.render_badge("good", "✔", context.tell("this browser"))
            if is_this_one
            else ui.join_parts(
                (
                    context.tell("signed in"),
                    ui.render_button(sign_out, "session", session.session_id, about=f"{browser}, {since}"),
                ),
                "<br>",
            )
        )
        rows.append(ui.PageRow(browser, (since, words.format_time(session.seen_at), act)))
    columns = [context.tell("Signed in since"), context.tell("Last used"), context.tell("State")]
    caption = context.tell("Where you are signed in")
    return ui.PageTable(caption, context.tell("Browser"), columns, rows, quiet=True)


def describe_browser(user_agent: str) -> str:
    """Return the browser and the system that a browser says it is, `Firefox, Windows`; empty if neither is known."""
    names = [
        next((name for name, pattern in patterns if pattern.search(user_agent)), "")
        for patterns in (_BROWSERS, _SYSTEMS)
    ]
    return ", ".join(filter(None, names))
