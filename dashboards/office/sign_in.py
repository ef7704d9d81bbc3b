"""Show the two pages before all others of the portal: nobody has signed in, or the signed-in person is unknown here."""

from __future__ import annotations

from typing import NoReturn

import streamlit as st

from dashboards.office import html, layout
from pipelines.core import i18n
from pipelines.core.i18n import tell

_KEEP = (
    "if(location.pathname!=='/')sessionStorage.setItem('rti.after',location.pathname+location.search+location.hash);"
)
"""A sign-in returns to the first page, so the requested address (a link in a mail) is kept in this tab until then."""


def render_sign_in_page() -> NoReturn:
    """Render the page for a person who has not signed in: why, in which language, and one button."""
    language = _language_before_sign_in()
    layout.set_document_language(language)
    layout.run_script(_KEEP)
    if layout.open_desk().home.kind == "demonstration":
        layout.render_banner(tell("Demonstration: every return and every account here is invented.", language))
    layout.choose_language(language, "before.language", lambda code: st.session_state.update(language=code))
    layout.show_title(
        tell("For offices: upload and follow returns", language),
        tell("These pages are for the offices that report, and for the secretariat. Sign in to continue.", language),
    )
    if st.button(tell("Sign in", language), type="primary", key="sign-in"):
        st.login()
    layout.put_html(
        html.render_list(
            [
                tell("No account? Ask the steward of the regional secretariat.", language),
                tell("You do not need to sign in to see the published figures. They are on separate pages.", language),
            ]
        )
    )
    st.stop()


def _language_before_sign_in() -> str:
    languages = i18n.list_languages()
    remembered = st.session_state.get("language") or st.context.cookies.get(layout.LANGUAGE_COOKIE)
    if remembered in languages:
        return str(remembered)
    browser = str(st.context.locale or "")
    return next((t for t in (browser, browser.partition("-")[0]) if t in languages), i18n.SOURCE_LANGUAGE)


def render_unknown_person_page(claims: layout.Claims) -> NoReturn:
    """Render the page for a person who has signed in without an account here, or has been signed in for too long."""
    language = _language_before_sign_in()
    layout.set_document_language(language)
    called = (claims.get("email") or claims.get("name"), claims.get("sub"))
    layout.show_title(
        tell("You need an account or must sign in again", language),
        tell(
            "You have signed in, but there is no account here for you, it was disabled, or you signed in more than "
            "a working day ago.",
            language,
        ),
    )
    layout.put_html(
        html.render_facts(
            [
                # The steward links the account to the subject; the other claims only show who the person is.
                (tell("Signed in as", language), " · ".join(dict.fromkeys(str(part) for part in called if part))),
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
