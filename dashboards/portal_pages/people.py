"""Manage accounts and roles, for the steward; show the audit log and whether its chain is intact."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING, Any

import streamlit as st

from dashboards import portal_entry
from dashboards import portal_html as html
from dashboards import portal_layout as layout
from dashboards import portal_words as words
from dashboards.portal_layout import Here
from dashboards.portal_pages.answer_forms import lead, said, say
from pipelines.ledger import permissions

if TYPE_CHECKING:
    from pipelines.ledger.identity import Grant
    from pipelines.submissions.accounts.accounts import Account

_ONCE = "people.password"
_LOGGED = 100


def show() -> None:
    """Render the page "People"."""
    here = portal_entry.enter_page()
    layout.title(here.tell("People"), here.tell("Accounts of the offices you are steward of, and what they may."))
    if not permissions.pairs_for(here.who, "keep_accounts"):
        layout.put(html.box("note", here.tell("This page is for stewards")))
        layout.end(here)
        return
    said(here)
    _once(here)
    kept = _kept(here)
    layout.put(_table(here, kept))
    _one(here, kept)
    _new(here)
    if permissions.can_keep_accounts_of(here.who, [permissions.HEAD_STEWARD]):
        _audit(here)
    layout.end(here)
    lead()


def _kept(here: Here) -> list[Account]:
    """Show the accounts that this steward manages."""
    from pipelines.submissions.accounts import accounts

    return [one for one in accounts.all_accounts(here.desk.engine) if accounts.keeps(here.who, one)]


def _try(here: Here, act: Callable[[], Any], done: str) -> None:
    from pipelines.core.errors import ToldError
    from pipelines.ledger.identity import NotAllowedError

    try:
        act()
    except (NotAllowedError, ToldError) as error:
        layout.refused(here, error)
        return
    say(done)
    st.rerun()


def _once(here: Here) -> None:
    kept = st.session_state.pop(_ONCE, None)
    if kept:
        account, password = kept
        layout.put(
            html.box(
                "warning",
                here.tell("One-time password of {account}: it is shown this once", account=account),
                html.Markup('<p class="rti-code">{}</p><p>{}</p>').format(
                    password,
                    here.tell("Hand it over in person or by telephone. It must be changed at the first sign-in."),
                ),
            )
        )


def _table(here: Here, kept: Sequence[Account]) -> html.Table:
    return html.Table(
        here.many("{n} account", "{n} accounts", len(kept)),
        here.tell("Account"),
        [here.tell("Name"), here.tell("May"), here.tell("State"), here.tell("Last sign-in")],
        [
            html.Row(
                one.account_id,
                (one.display_name, _may(here, one.grants), _state(here, one), words.time(one.signed_in_at)),
            )
            for one in kept
        ],
    )


def _may(here: Here, grants: tuple[Grant, ...]) -> str:
    return "; ".join(
        f"{here.tell('all territories') if place == '*' else here.area(place)}"
        f"{'' if what == '*' else ', ' + here.label('instrument', what)}: "
        + ", ".join(here.tell(words.ROLES[role]) for role in roles)
        for (place, what), roles in words.scope(grants).items()
    ) or here.tell("nothing")


def _state(here: Here, one: Account) -> html.Markup:
    from pipelines.submissions.accounts.password_sign_in import TOLD_AFTER

    if one.disabled:
        return html.badge("off", "⊘", here.tell("disabled"))
    if one.failed >= TOLD_AFTER:
        return html.badge("warning", "▲", here.tell("wrong passwords in a row: {n}", n=one.failed))
    if one.must_change:
        return html.badge("draft", "◌", here.tell("must change the password"))
    return html.badge("good", "✔", here.tell("good"))


# --------------------------------------------------------------------------------------------------------- one account


def _one(here: Here, kept: Sequence[Account]) -> None:
    from pipelines.submissions.accounts import accounts

    layout.heading(here.tell("Change an account"))
    by_id = {one.account_id: one for one in kept}
    picked = st.selectbox(
        here.tell("Account"), list(by_id), index=None, placeholder=here.tell("Choose an account"), key="people.account"
    )
    if picked is None or picked not in by_id:
        return
    one, engine, by = by_id[str(picked)], here.desk.engine, here.who.account
    _roles(here, one)
    with st.container(horizontal=True):
        if one.disabled:
            if st.button(here.tell("Let it sign in again"), key="people.enable"):
                _try(here, lambda: accounts.enable(engine, one.account_id, by=by), here.tell("Enabled."))
        elif st.button(here.tell("Disable it: out at once, also its tokens"), key="people.disable"):
            _try(here, lambda: accounts.disable(engine, one.account_id, by=by), here.tell("Disabled."))
        if one.issuer is None and st.button(here.tell("Make a one-time password"), key="people.reset"):
            _try(here, lambda: _reset(here, one.account_id), here.tell("The old password counts no longer."))


def _reset(here: Here, account_id: str) -> None:
    from pipelines.submissions.accounts import password_sign_in

    password = password_sign_in.reset_password(here.desk.engine, account_id, by=here.who.account)
    st.session_state[_ONCE] = (account_id, password)


def _roles(here: Here, one: Account) -> None:
    from pipelines.submissions.accounts import accounts

    engine, by = here.desk.engine, here.who.account
    if one.grants:
        with st.form(key="people.revoke", border=True):
            taken = st.selectbox(
                here.tell("Take a role away"),
                range(len(one.grants)),
                format_func=lambda i: _may(here, (one.grants[i],)),
                key="people.taken",
            )
            asked = st.form_submit_button(here.tell("Take it away"))
        if asked and taken is not None:
            _try(
                here,
                lambda: accounts.revoke(engine, one.account_id, one.grants[int(taken)], by=by),
                here.tell("Taken away."),
            )
    with st.form(key="people.grant", border=True):
        given = _pick_grant(here, "grant")
        asked = st.form_submit_button(here.tell("Give this role"))
    if asked and given is not None:
        _try(here, lambda: accounts.grant(engine, one.account_id, given, by=by), here.tell("Given."))


def _pick_grant(here: Here, key: str) -> Grant | None:
    """Show the choice of a role, an office and an instrument, among those that this steward may grant."""
    from pipelines.core import codes
    from pipelines.ledger.identity import EVERY, ROLES, Grant

    parts = [j.code for t in here.desk.registry.territories.values() for j in t.jurisdictions]
    kept = {jurisdiction for jurisdiction, _ in permissions.pairs_for(here.who, "keep_accounts")}
    places = [code for code in (EVERY, *parts) if kept & {EVERY, code}]
    role = st.selectbox(here.tell("Role"), ROLES, format_func=lambda r: here.tell(words.ROLES[r]), key=f"{key}.role")
    place = st.selectbox(
        here.tell("Territory"),
        places,
        format_func=lambda code: here.tell("all territories") if code == EVERY else here.area(code),
        key=f"{key}.place",
    )
    what = st.selectbox(
        here.tell("What"),
        (EVERY, *codes.codes("instrument")),
        format_func=lambda code: here.tell("everything") if code == EVERY else here.label("instrument", code),
        key=f"{key}.what",
    )
    return Grant(role, str(place), str(what)) if role and place and what else None


def _new(here: Here) -> None:
    from pipelines.core import i18n
    from pipelines.submissions.accounts import accounts

    layout.heading(here.tell("Make an account"))
    names = i18n.language_names()
    with st.form(key="people.new", border=True):
        identity = st.text_input(here.tell("Account (a-z, 0-9, hyphen), such as al-pp-sender"), key="new.account")
        name = st.text_input(here.tell("Name as people read it: the office's role"), key="new.name")
        mail = st.text_input(here.tell("Mail (may stay empty)"), key="new.mail")
        language = st.selectbox(
            here.tell("Language"), list(names), format_func=lambda code: names[code], key="new.language"
        )
        issuer = st.text_input(
            here.tell("Provider (issuer) by which it signs in; empty: a password here"), key="new.issuer"
        )
        subject = st.text_input(here.tell("The provider's name for it (subject)"), key="new.subject")
        given = _pick_grant(here, "new")
        asked = st.form_submit_button(here.tell("Make this account"))
    if not asked or given is None:
        return

    def make() -> None:
        accounts.create(
            here.desk.engine,
            identity.strip(),
            name.strip(),
            language=str(language),
            email=mail.strip() or None,
            grants=[given],
            issuer=issuer.strip() or None,
            subject=subject.strip() or None,
            by=here.who.account,
        )
        if not issuer.strip():
            _reset(here, identity.strip())

    _try(here, make, here.tell("Made."))


# ----------------------------------------------------------------------------------------------------------- the audit


def _audit(here: Here) -> None:
    from pipelines.ledger import audit_log
    from pipelines.refresh import integrity

    layout.heading(here.tell("Audit log"))
    layout.put(
        html.Markup("<p>{}</p>").format(
            here.tell(
                "Every act of anybody, each entry bound to the one before: an edit, a deletion or another order "
                "is found."
            )
        )
    )
    if st.button(here.tell("Verify the whole chain now"), key="people.verify"):
        result = integrity.verify_records(here.desk.home, here.desk.engine)
        faults = [f"{fault.seq}: {fault.told(here.language)}" for fault in result.faults]
        if faults:
            layout.put(
                html.box(
                    "error", here.many("{n} fault found", "{n} faults found", len(faults)), html.items(faults[:50])
                )
            )
        else:
            layout.put(html.box("good", here.many("{n} entry, no fault", "{n} entries, no fault", result.entries)))
    every = audit_log.entries(here.desk.engine)
    rows = [
        html.Row(
            str(entry["seq"]),
            (words.time(entry["at"]), entry["actor"], entry["action"], entry["subject"], entry["hash"][:12]),
        )
        for entry in reversed(every[-_LOGGED:])
    ]
    columns = [here.tell("When"), here.tell("Who"), here.tell("Did"), here.tell("To"), here.tell("Hash begins")]
    layout.put(
        html.Table(
            here.tell("The last {n} of {all} entries, the newest first", n=len(rows), all=len(every)),
            here.tell("Number"),
            columns,
            rows,
        )
    )
