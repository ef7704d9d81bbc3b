"""The two pages before all others of the portal: nobody has signed in, and somebody has who is not known here."""

from __future__ import annotations

from typing import NoReturn

import streamlit as st

from dashboards import portal_html as html
from dashboards import portal_layout as layout
from pipelines.core import i18n
from pipelines.core.i18n import tell

_KEEP = (
    "if(location.pathname!=='/')sessionStorage.setItem('rti.after',location.pathname+location.search+location.hash);"
)
"""A sign-in leads back to the first page: the address that was asked for (a link in a mail) waits in this tab."""


def nobody() -> NoReturn:
    """The page of whoever has not signed in: why, in which language, and one button."""
    language = _language_before_sign_in()
    layout.spoken(language)
    layout.script(_KEEP)
    if layout.desk().home.kind == "demonstration":
        layout.banner(tell("Demonstration: every return and every account here is invented.", language))
    layout.language_chooser(language, "before.language", lambda code: st.session_state.update(language=code))
    layout.title(
        tell("For offices: upload and follow returns", language),
        tell("These pages are for the offices that report, and for the secretariat. Sign in to continue.", language),
    )
    if st.button(tell("Sign in", language), type="primary", key="sign-in"):
        st.login()
    layout.put(
        html.items(
            [
                tell("No account? Ask the steward of the regional secretariat.", language),
                tell("You do not need to sign in to see the published figures. They are on separate pages.", language),
            ]
        )
    )
    st.stop()


def _language_before_sign_in() -> str:
    known = i18n.languages()
    kept = st.session_state.get("language") or st.context.cookies.get(layout.LANGUAGE_COOKIE)
    if kept in known:
        return str(kept)
    browser = str(st.context.locale or "")
    return next((t for t in (browser, browser.partition("-")[0]) if t in known), i18n.SOURCE_LANGUAGE)


def unknown(claims: layout.Claims) -> NoReturn:
    """The page of somebody who has signed in and is nobody here, or has been signed in for too long."""
    language = _language_before_sign_in()
    layout.spoken(language)
    called = (claims.get("email") or claims.get("name"), claims.get("sub"))
    layout.title(
        tell("You need an account or must sign in again", language),
        tell(
            "You have signed in, but there is no account here for you, it was disabled, or you signed in more than "
            "a working day ago.",
            language,
        ),
    )
    layout.put(
        html.facts(
            [
                # The subject is what the steward ties the account to; the rest says only who it is.
                (tell("Signed in as", language), " · ".join(dict.fromkeys(str(one) for one in called if one))),
                (tell("By", language), str(claims.get("iss") or "")),
            ]
        ),
        html.Markup("<p>{}</p>").format(
            tell(
                "Sign out and in again. If that does not help, ask the steward of the regional secretariat, and "
                "name the provider and its name for you.",
                language,
            )
        ),
    )
    if st.button(tell("Sign out", language), key="unknown.sign-out"):
        st.logout()
    st.stop()
