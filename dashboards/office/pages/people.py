"""Manage accounts and roles, for the steward; show the audit log and whether its chain is intact."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING, Any

import streamlit as st

from dashboards.office import access, html, layout, words
from dashboards.office.layout import PageContext
from dashboards.office.pages.answer_forms import keep_result, move_focus, show_result
from pipelines.ledger import permissions

if TYPE_CHECKING:
    from pipelines.ledger.identity import Grant
    from pipelines.submissions.accounts.accounts import Account

_ONCE = "people.password"
_LOGGED = 100


def render_page() -> None:
    """Render the page "People"."""
    context = access.enter_page()
    layout.show_title(
        context.tell("People"), context.tell("Accounts of the offices you are steward of, and their permissions.")
    )
    if not permissions.pairs_for(context.who, "keep_accounts"):
        layout.put_html(html.render_box("note", context.tell("This page is for stewards")))
        layout.end_page(context)
        return
    show_result(context)
    _show_once(context)
    managed_accounts = _managed_accounts(context)
    layout.put_html(_accounts_table(context, managed_accounts))
    _show_account(context, managed_accounts)
    _offer_new_account(context)
    if permissions.can_keep_accounts_of(context.who, [permissions.HEAD_STEWARD]):
        _show_audit(context)
    layout.end_page(context)
    move_focus()


def _managed_accounts(context: PageContext) -> list[Account]:
    """Show the accounts that this steward manages."""
    from pipelines.submissions.accounts import accounts

    return [
        account
        for account in accounts.all_accounts(context.desk.engine)
        if accounts.can_change_account(context.who, account)
    ]


def _try_action(context: PageContext, act: Callable[[], Any], message: str) -> None:
    from pipelines.core.errors import UserFacingError
    from pipelines.ledger.identity import NotAllowedError

    try:
        act()
    except (NotAllowedError, UserFacingError) as error:
        layout.show_refusal(context, error)
        return
    keep_result(message)
    st.rerun()


def _show_once(context: PageContext) -> None:
    shown_once = st.session_state.pop(_ONCE, None)
    if shown_once:
        account, password = shown_once
        layout.put_html(
            html.render_box(
                "warning",
                context.tell("One-time password of {account}: it is shown only once", account=account),
                html.Markup('<p class="rti-code">{}</p><p>{}</p>').format(
                    password,
                    context.tell(
                        "Give it to the person directly or by telephone. It must be changed at the first sign-in."
                    ),
                ),
            )
        )


def _accounts_table(context: PageContext, managed_accounts: Sequence[Account]) -> html.Table:
    return html.Table(
        context.many("{n} account", "{n} accounts", len(managed_accounts)),
        context.tell("Account"),
        [context.tell("Name"), context.tell("May"), context.tell("State"), context.tell("Last sign-in")],
        [
            html.Row(
                account.account_id,
                (
                    account.display_name,
                    _describe_roles(context, account.grants),
                    _state_badge(context, account),
                    words.format_time(account.signed_in_at),
                ),
            )
            for account in managed_accounts
        ],
    )


def _describe_roles(context: PageContext, grants: tuple[Grant, ...]) -> str:
    return "; ".join(
        f"{context.tell('all territories') if place == '*' else context.area_name(place)}"
        f"{'' if instrument == '*' else ', ' + context.code_label('instrument', instrument)}: "
        + ", ".join(context.tell(words.ROLES[role]) for role in roles)
        for (place, instrument), roles in words.roles_by_pair(grants).items()
    ) or context.tell("nothing")


def _state_badge(context: PageContext, account: Account) -> html.Markup:
    from pipelines.submissions.accounts.password_sign_in import TOLD_AFTER

    if account.disabled:
        return html.render_badge("off", "⊘", context.tell("disabled"))
    if account.failed >= TOLD_AFTER:
        return html.render_badge("warning", "▲", context.tell("wrong passwords in a row: {n}", n=account.failed))
    if account.must_change:
        return html.render_badge("draft", "◌", context.tell("must change the password"))
    return html.render_badge("good", "✔", context.tell("good"))


# --------------------------------------------------------------------------------------------------------- one account


def _show_account(context: PageContext, managed_accounts: Sequence[Account]) -> None:
    from pipelines.submissions.accounts import accounts

    layout.show_heading(context.tell("Change an account"))
    by_id = {account.account_id: account for account in managed_accounts}
    picked = st.selectbox(
        context.tell("Account"),
        list(by_id),
        index=None,
        placeholder=context.tell("Choose an account"),
        key="people.account",
    )
    if picked is None or picked not in by_id:
        return
    account, engine, by = by_id[str(picked)], context.desk.engine, context.who.account
    _offer_roles(context, account)
    with st.container(horizontal=True):
        if account.disabled:
            if st.button(context.tell("Let it sign in again"), key="people.enable"):
                _try_action(
                    context,
                    lambda: accounts.enable_account(engine, account.account_id, by=by),
                    context.tell("Enabled."),
                )
        elif st.button(
            context.tell("Disable it: it is signed out at once, and its tokens stop working"), key="people.disable"
        ):
            _try_action(
                context, lambda: accounts.disable_account(engine, account.account_id, by=by), context.tell("Disabled.")
            )
        if account.issuer is None and st.button(context.tell("Make a one-time password"), key="people.reset"):
            _try_action(
                context,
                lambda: _offer_password_reset(context, account.account_id),
                context.tell("The old password no longer works."),
            )


def _offer_password_reset(context: PageContext, account_id: str) -> None:
    from pipelines.submissions.accounts import password_sign_in

    password = password_sign_in.reset_password(context.desk.engine, account_id, by=context.who.account)
    st.session_state[_ONCE] = (account_id, password)


def _offer_roles(context: PageContext, account: Account) -> None:
    from pipelines.submissions.accounts import accounts

    engine, by = context.desk.engine, context.who.account
    if account.grants:
        with st.form(key="people.revoke", border=True):
            revoked_role = st.selectbox(
                context.tell("Remove a role"),
                range(len(account.grants)),
                format_func=lambda i: _describe_roles(context, (account.grants[i],)),
                key="people.taken",
            )
            is_submitted = st.form_submit_button(context.tell("Remove it"))
        if is_submitted and revoked_role is not None:
            _try_action(
                context,
                lambda: accounts.revoke_role(engine, account.account_id, account.grants[int(revoked_role)], by=by),
                context.tell("Role removed."),
            )
    with st.form(key="people.grant", border=True):
        new_grant = _pick_grant(context, "grant")
        is_submitted = st.form_submit_button(context.tell("Give this role"))
    if is_submitted and new_grant is not None:
        _try_action(
            context, lambda: accounts.grant_role(engine, account.account_id, new_grant, by=by), context.tell("Given.")
        )


def _pick_grant(context: PageContext, key: str) -> Grant | None:
    """Show the choice of a role, an office and an instrument, among those that this steward may grant."""
    from pipelines.core import codes
    from pipelines.ledger.identity import EVERY, ROLES, Grant

    parts = [j.code for t in context.desk.registry.territories.values() for j in t.jurisdictions]
    jurisdictions_managed = {jurisdiction for jurisdiction, _ in permissions.pairs_for(context.who, "keep_accounts")}
    places = [code for code in (EVERY, *parts) if jurisdictions_managed & {EVERY, code}]
    role = st.selectbox(
        context.tell("Role"), ROLES, format_func=lambda r: context.tell(words.ROLES[r]), key=f"{key}.role"
    )
    place = st.selectbox(
        context.tell("Territory"),
        places,
        format_func=lambda code: context.tell("all territories") if code == EVERY else context.area_name(code),
        key=f"{key}.place",
    )
    instrument = st.selectbox(
        context.tell("What"),
        (EVERY, *codes.list_codes("instrument")),
        format_func=lambda code: (
            context.tell("everything") if code == EVERY else context.code_label("instrument", code)
        ),
        key=f"{key}.what",
    )
    return Grant(role, str(place), str(instrument)) if role and place and instrument else None


def _offer_new_account(context: PageContext) -> None:
    from pipelines.core import i18n
    from pipelines.submissions.accounts import accounts

    layout.show_heading(context.tell("Make an account"))
    names = i18n.language_names()
    with st.form(key="people.new", border=True):
        identity = st.text_input(context.tell("Account (a-z, 0-9, hyphen), such as al-pp-sender"), key="new.account")
        name = st.text_input(context.tell("Name that people will see: the office's role"), key="new.name")
        mail = st.text_input(context.tell("Email (optional)"), key="new.mail")
        language = st.selectbox(
            context.tell("Language"), list(names), format_func=lambda code: names[code], key="new.language"
        )
        issuer = st.text_input(
            context.tell("Sign-in provider (issuer); leave empty to use a password"), key="new.issuer"
        )
        subject = st.text_input(context.tell("The provider's name for it (subject)"), key="new.subject")
        first_grant = _pick_grant(context, "new")
        is_submitted = st.form_submit_button(context.tell("Make this account"))
    if not is_submitted or first_grant is None:
        return

    def create_account() -> None:
        accounts.create_account(
            context.desk.engine,
            identity.strip(),
            name.strip(),
            language=str(language),
            email=mail.strip() or None,
            grants=[first_grant],
            issuer=issuer.strip() or None,
            subject=subject.strip() or None,
            by=context.who.account,
        )
        if not issuer.strip():
            _offer_password_reset(context, identity.strip())

    _try_action(context, create_account, context.tell("Made."))


# ----------------------------------------------------------------------------------------------------------- the audit


def _show_audit(context: PageContext) -> None:
    from pipelines.ledger import audit_log
    from pipelines.refresh import integrity

    layout.show_heading(context.tell("Audit log"))
    layout.put_html(
        html.Markup("<p>{}</p>").format(
            context.tell(
                "Every action, with each entry linked to the one before: an edit, a deletion or a change of order "
                "is detected."
            )
        )
    )
    if st.button(context.tell("Verify the whole chain now"), key="people.verify"):
        result = integrity.verify_records(context.desk.home, context.desk.engine)
        faults = [f"{fault.seq}: {fault.localize_message(context.language)}" for fault in result.faults]
        if faults:
            layout.put_html(
                html.render_box(
                    "error",
                    context.many("{n} fault found", "{n} faults found", len(faults)),
                    html.render_list(faults[:50]),
                )
            )
        else:
            layout.put_html(
                html.render_box("good", context.many("{n} entry, no fault", "{n} entries, no fault", result.entries))
            )
    every = audit_log.list_entries(context.desk.engine)
    rows = [
        html.Row(
            str(entry["seq"]),
            (words.format_time(entry["at"]), entry["actor"], entry["action"], entry["subject"], entry["hash"][:12]),
        )
        for entry in reversed(every[-_LOGGED:])
    ]
    columns = [
        context.tell("When"),
        context.tell("Who"),
        context.tell("Did"),
        context.tell("To"),
        context.tell("Hash begins"),
    ]
    layout.put_html(
        html.Table(
            context.tell("The last {n} of {all} entries, the newest first", n=len(rows), all=len(every)),
            context.tell("Number"),
            columns,
            rows,
        )
    )
