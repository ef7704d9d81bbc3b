"""Show the reader's own account: language, mail, roles, API tokens, and where to change the password."""

from __future__ import annotations

from typing import TYPE_CHECKING

import streamlit as st

from dashboards.office import access, html, layout, words
from dashboards.office.layout import PageContext
from pipelines.web.settings import IDENTITY_PATH

if TYPE_CHECKING:
    from pipelines.submissions.accounts.accounts import Account
    from pipelines.submissions.accounts.tokens import Token

_ISSUED = "account.issued"
_DAYS = (30, 90, 180, 365)


def render_page() -> None:
    """Render the page "My account"."""
    from pipelines.submissions.accounts import accounts

    context = access.enter_page()
    layout.show_title(context.tell("My account"))
    account = accounts.find_account(context.desk.engine, context.who.account)
    assert account is not None, "whoever acts has an account"
    layout.put_html(
        html.render_facts(
            [
                (context.tell("Name"), account.display_name),
                (context.tell("Account"), html.Markup('<span class="rti-code">{}</span>').format(account.account_id)),
                (context.tell("Last sign-in"), words.format_time(account.signed_in_at)),
            ]
        )
    )
    layout.put_html(grants_table(context, context.who.grants, context.tell("Your permissions")))
    layout.put_html(
        html.render_note(context.tell("The language is chosen at the top of each page and kept with your account."))
    )
    _show_mail(context, account)
    _show_password(context, account)
    _show_tokens(context)
    layout.end_page(context)


def grants_table(context: PageContext, grants: tuple[object, ...], caption: str) -> html.Table:
    """Return the roles by office and instrument, as a table."""
    rows = [
        html.Row(
            context.tell("all territories") if place == "*" else context.area_name(place),
            (
                context.tell("everything") if instrument == "*" else context.code_label("instrument", instrument),
                ", ".join(context.tell(words.ROLES[role]) for role in roles),
            ),
        )
        for (place, instrument), roles in words.roles_by_pair(grants).items()  # type: ignore[arg-type]
    ]
    return html.Table(caption, context.tell("Territory"), [context.tell("What"), context.tell("Role")], rows)


def _show_mail(context: PageContext, account: Account) -> None:
    from pipelines.submissions.accounts import accounts

    layout.show_heading(context.tell("Mail"))
    with st.form(key="account.mail", border=True):
        address = st.text_input(
            context.tell("Where notices go: receipts, decisions, reminders; never a figure"),
            value=account.email or "",
            key="account.email",
            autocomplete="email",
        )
        is_submitted = st.form_submit_button(context.tell("Keep this address"))
    if is_submitted:
        try:
            accounts.set_email(
                context.desk.engine, context.who.account, address.strip() or None, by=context.who.account
            )
        except accounts.AccountError as error:
            layout.show_refusal(context, error)
        else:
            st.success(context.tell("Kept."), icon=None)


def _show_password(context: PageContext, account: Account) -> None:
    layout.show_heading(context.tell("Password"))
    if account.has_password:
        layout.put_html(
            html.Markup("<p>{}</p>").format(
                html.render_link(context.tell("Change the password"), f"{IDENTITY_PATH}/password")
            )
        )
    else:
        layout.put_html(
            html.Markup("<p>{}</p>").format(
                context.tell("You sign in with a provider outside of this system; the password is changed there.")
            )
        )


# -------------------------------------------------------------------------------------------------------------- tokens


def _show_tokens(context: PageContext) -> None:
    from pipelines.submissions.accounts import tokens

    layout.show_heading(context.tell("Tokens for machines"))
    layout.put_html(
        html.Markup("<p>{}</p>").format(
            context.tell(
                "With a token, a program of your office can submit returns (with the command rti submit, or the "
                "API). It never has more permissions than you, it expires, and you can revoke it here at any time."
            )
        )
    )
    issued = st.session_state.pop(_ISSUED, None)
    if issued:
        layout.put_html(
            html.render_box(
                "warning",
                context.tell("Copy this token now: it is shown only once"),
                html.Markup('<p class="rti-code">{}</p>').format(issued),
            )
        )
    own_tokens = tokens.list_tokens(context.desk.engine, context.who.account)
    if own_tokens:
        layout.put_html(_tokens_table(context, own_tokens))
        _offer_revocation(context, [token for token in own_tokens if token.revoked_at is None])
    _offer_new_token(context)


def _tokens_table(context: PageContext, own_tokens: list[Token]) -> html.Table:
    rows = [
        html.Row(
            token.label,
            (
                words.format_day(token.created_at),
                words.format_day(token.expires_at),
                words.format_day(token.used_at) or context.tell("never"),
                html.render_badge("off", "⊘", context.tell("revoked"))
                if token.revoked_at
                else html.render_badge("good", "✔", context.tell("good")),
            ),
        )
        for token in own_tokens
    ]
    columns = [context.tell("Made"), context.tell("Ends"), context.tell("Last used"), context.tell("State")]
    return html.Table(context.tell("Your tokens"), context.tell("For"), columns, rows)


def _offer_revocation(context: PageContext, live: list[Token]) -> None:
    from pipelines.submissions.accounts import tokens

    if not live:
        return
    by_id = {token.token_id: token for token in live}
    with st.form(key="account.revoke", border=True):
        picked = st.selectbox(
            context.tell("Revoke a token"),
            list(by_id),
            format_func=lambda i: f"{by_id[i].label} ({words.format_day(by_id[i].created_at)})",
            key="account.token",
        )
        is_submitted = st.form_submit_button(context.tell("Revoke it: programs that use it are refused at once"))
    if is_submitted and picked:
        tokens.revoke_token(context.desk.engine, context.who, str(picked))
        st.rerun()


def _offer_new_token(context: PageContext) -> None:
    from pipelines.ledger.identity import NotAllowedError
    from pipelines.submissions.accounts import accounts, tokens

    with st.form(key="account.issue", border=True):
        label = st.text_input(context.tell("What the new token is for"), key="account.label")
        days = st.selectbox(
            context.tell("Good for"),
            _DAYS,
            index=1,
            format_func=lambda n: context.many("{n} day", "{n} days", n),
            key="account.days",
        )
        is_submitted = st.form_submit_button(context.tell("Make a token"))
    if not is_submitted:
        return
    try:
        issued = tokens.issue_token(context.desk.engine, context.who, label, days=int(days or _DAYS[1]))
    except (NotAllowedError, accounts.AccountError) as error:
        layout.show_refusal(context, error)
        return
    st.session_state[_ISSUED] = issued.text
    st.rerun()
