"""Begin every page of the portal: identify the person, or ask for a sign-in."""

from __future__ import annotations

from dashboards.office import layout, sign_in
from pipelines.core import i18n
from pipelines.ledger.identity import Identity


def identify_person() -> Identity:
    """Return the signed-in person. End the page with a sign-in page if nobody has signed in or the person is unknown
    here."""
    from pipelines.web.sign_in.claims import identity_of_claims

    claims, built_in = layout.read_claims()
    if not claims:
        sign_in.render_sign_in_page()
    identity = identity_of_claims(layout.open_desk().engine, claims, built_in)
    if identity is None:
        sign_in.render_unknown_person_page(claims)
    return identity


def enter_page() -> layout.PageContext:
    """Begin a page: return the person and the language. End the page if nobody has signed in."""
    who = identify_person()
    language = who.language if who.language in i18n.list_languages() else i18n.SOURCE_LANGUAGE
    return layout.PageContext(layout.open_desk(), who, language)


def refuse_page() -> None:
    """Show that the reader has no role for this page. Streamlit would report, in English, that the page does not
    exist."""
    from pipelines.submissions.service import rights

    context = enter_page()
    layout.show_title(context.tell("You do not have access to this page"))
    layout.show_refusal(context, rights.make_missing_role_error())
    layout.end_page(context)
