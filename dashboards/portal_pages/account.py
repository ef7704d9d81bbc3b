"""Show the reader's own account: language, mail, roles, API tokens, and where to change the password."""

from __future__ import annotations

from typing import TYPE_CHECKING

import streamlit as st

from dashboards import portal_entry
from dashboards import portal_html as html
from dashboards import portal_layout as layout
from dashboards import portal_words as words
from dashboards.portal_layout import Here
from pipelines.web.settings import IDENTITY_PATH

if TYPE_CHECKING:
    from pipelines.submissions.accounts.accounts import Account
    from pipelines.submissions.accounts.tokens import Token

_ISSUED = "account.issued"
_DAYS = (30, 90, 180, 365)


def show() -> None:
    """Render the page "My account"."""
    from pipelines.submissions.accounts import accounts

    here = portal_entry.enter_page()
    layout.title(here.tell("My account"))
    account = accounts.find(here.desk.engine, here.who.account)
    assert account is not None, "whoever acts has an account"
    layout.put(
        html.facts(
            [
                (here.tell("Name"), account.display_name),
                (here.tell("Account"), html.Markup('<span class="rti-code">{}</span>').format(account.account_id)),
                (here.tell("Last sign-in"), words.time(account.signed_in_at)),
            ]
        )
    )
    layout.put(grants_table(here, here.who.grants, here.tell("What you may")))
    layout.put(html.note(here.tell("The language is chosen at the top of each page and kept with your account.")))
    _mail(here, account)
    _password(here, account)
    _tokens(here)
    layout.end(here)


def grants_table(here: Here, grants: tuple[object, ...], caption: str) -> html.Table:
    """Return the roles by office and instrument, as a table."""
    rows = [
        html.Row(
            here.tell("all territories") if place == "*" else here.area(place),
            (
                here.tell("everything") if what == "*" else here.label("instrument", what),
                ", ".join(here.tell(words.ROLES[role]) for role in roles),
            ),
        )
        for (place, what), roles in words.scope(grants).items()  # type: ignore[arg-type]
    ]
    return html.Table(caption, here.tell("Territory"), [here.tell("What"), here.tell("Role")], rows)


def _mail(here: Here, account: Account) -> None:
    from pipelines.submissions.accounts import accounts

    layout.heading(here.tell("Mail"))
    with st.form(key="account.mail", border=True):
        address = st.text_input(
            here.tell("Where notices go: receipts, decisions, reminders; never a figure"),
            value=account.email or "",
            key="account.email",
            autocomplete="email",
        )
        asked = st.form_submit_button(here.tell("Keep this address"))
    if asked:
        try:
            accounts.set_email(here.desk.engine, here.who.account, address.strip() or None, by=here.who.account)
        except accounts.AccountError as error:
            layout.refused(here, error)
        else:
            st.success(here.tell("Kept."), icon=None)


def _password(here: Here, account: Account) -> None:
    layout.heading(here.tell("Password"))
    if account.has_password:
        layout.put(
            html.Markup("<p>{}</p>").format(html.link(here.tell("Change the password"), f"{IDENTITY_PATH}/password"))
        )
    else:
        layout.put(
            html.Markup("<p>{}</p>").format(
                here.tell("You sign in with a provider outside of this system; the password is changed there.")
            )
        )


# -------------------------------------------------------------------------------------------------------------- tokens


def _tokens(here: Here) -> None:
    from pipelines.submissions.accounts import tokens

    layout.heading(here.tell("Tokens for machines"))
    layout.put(
        html.Markup("<p>{}</p>").format(
            here.tell(
                "With a token a program of your office can hand in returns (with the command rti submit, or the "
                "API). It may at most what you may, ends by itself, and can be revoked here at any time."
            )
        )
    )
    issued = st.session_state.pop(_ISSUED, None)
    if issued:
        layout.put(
            html.box(
                "warning",
                here.tell("Copy this token now: it is shown this once"),
                html.Markup('<p class="rti-code">{}</p>').format(issued),
            )
        )
    known = tokens.of(here.desk.engine, here.who.account)
    if known:
        layout.put(_table(here, known))
        _revoke(here, [one for one in known if one.revoked_at is None])
    _issue(here)


def _table(here: Here, known: list[Token]) -> html.Table:
    rows = [
        html.Row(
            one.label,
            (
                words.day(one.created_at),
                words.day(one.expires_at),
                words.day(one.used_at) or here.tell("never"),
                html.badge("off", "⊘", here.tell("revoked"))
                if one.revoked_at
                else html.badge("good", "✔", here.tell("good")),
            ),
        )
        for one in known
    ]
    columns = [here.tell("Made"), here.tell("Ends"), here.tell("Last used"), here.tell("State")]
    return html.Table(here.tell("Your tokens"), here.tell("For"), columns, rows)


def _revoke(here: Here, live: list[Token]) -> None:
    from pipelines.submissions.accounts import tokens

    if not live:
        return
    by_id = {one.token_id: one for one in live}
    with st.form(key="account.revoke", border=True):
        picked = st.selectbox(
            here.tell("Revoke a token"),
            list(by_id),
            format_func=lambda i: f"{by_id[i].label} ({words.day(by_id[i].created_at)})",
            key="account.token",
        )
        asked = st.form_submit_button(here.tell("Revoke it: programs that use it are refused at once"))
    if asked and picked:
        tokens.revoke(here.desk.engine, here.who, str(picked))
        st.rerun()


def _issue(here: Here) -> None:
    from pipelines.ledger.identity import NotAllowedError
    from pipelines.submissions.accounts import accounts, tokens

    with st.form(key="account.issue", border=True):
        label = st.text_input(here.tell("What the new token is for"), key="account.label")
        days = st.selectbox(
            here.tell("Good for"),
            _DAYS,
            index=1,
            format_func=lambda n: here.many("{n} day", "{n} days", n),
            key="account.days",
        )
        asked = st.form_submit_button(here.tell("Make a token"))
    if not asked:
        return
    try:
        made = tokens.issue(here.desk.engine, here.who, label, days=int(days or _DAYS[1]))
    except (NotAllowedError, accounts.AccountError) as error:
        layout.refused(here, error)
        return
    st.session_state[_ISSUED] = made.text
    st.rerun()
