"""Share the person, the page frame (banner, header, footer) and navigation among all pages of the portal.

The person is looked up at every rerun, so that a disabled account is locked out at once. Nothing of a page is computed
before the person is known.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any, NoReturn

import streamlit as st

from dashboards.office import html, words
from pipelines.core import i18n
from pipelines.core.home import default_root, open_home
from pipelines.core.i18n import many, mark, tell
from pipelines.core.storage_faults import DAMAGED_REMEDY, DAMAGED_TITLE, find_fault

if TYPE_CHECKING:
    from pipelines.ledger.identity import Identity
    from pipelines.submissions.service import DamagedFileError, Desk, Entry

LANGUAGE_COOKIE = "rti_language"
_MARKS = ("*", "†", "‡", "§")
_BACK = (
    "(()=>{const to=sessionStorage.getItem('rti.after');sessionStorage.removeItem('rti.after');"
    "if(to&&to[0]==='/'&&to[1]!=='/'&&to!==location.pathname+location.search+location.hash)location.replace(to);})();"
)
"""Return to the address that was requested before the sign-in (`sign_in.py` keeps it in the tab)."""
Claims = Mapping[str, Any]
ClaimsSource = Callable[[], tuple[Claims, str]]
"""Function that returns the provider's claims about the reader, and the issuer of the built-in sign-in (empty if there
is none)."""


@dataclass(frozen=True)
class PageContext:
    """Context of every page: the desk, the person, the language, and the footnotes (with marks) of names shown."""

    desk: Desk
    who: Identity
    language: str
    notes: dict[str, str] = field(default_factory=dict)

    def tell(self, text: str, /, **params: object) -> str:
        """Return a sentence in the person's language."""
        return tell(text, self.language, **params)

    def many(self, one: str, other: str, n: int, /, **params: object) -> str:
        """Return a sentence that depends on a number, in the person's language."""
        return many(one, other, n, self.language, **params)

    def code_label(self, codelist: str, code: str) -> str:
        """Return the label of a code in the person's language."""
        return words.label_of(codelist, code, self.language)

    def area_name(self, code: str) -> str:
        """Return the name of a territory or part of one; its footnote is shown at the end of the page."""
        from pipelines.submissions.timetable.names import jurisdiction_name

        return jurisdiction_name(self.desk.registry, code, self.language) + self.footnote_mark(code)

    def office_name(self, source: str, territory: str) -> str:
        """Return the name of an office with that of its territory."""
        from pipelines.submissions.timetable.names import office_name

        return office_name(self.desk.registry, source, self.language) + self.footnote_mark(territory)

    def footnote_mark(self, code: str) -> str:
        """Return the mark of the footnote of a territory's name; empty if it has none."""
        from pipelines.submissions.timetable.names import note_of

        note = note_of(self.desk.registry, code.partition("_")[0], self.language)
        return self.notes.setdefault(note, _MARKS[len(self.notes) % len(_MARKS)]) if note else ""

    def form_name(self, form: str | None) -> str:
        """Return the everyday name of a form."""
        from pipelines.declarations.form_titles import form_title

        declared = self.desk.registry.forms.get(form) if form else None
        return f"{form_title(declared, self.language)} ({declared.id})" if declared is not None else form or ""

    @property
    def is_demonstration(self) -> bool:
        """Return True if everything in this home is invented."""
        return self.desk.home.kind == "demonstration"


# ------------------------------------------------------------------------------------------------------------ who acts


def _claims_of_streamlit() -> tuple[Claims, str]:
    """Read the claims from Streamlit's signed cookie and the settings that `app.py` makes; empty without a
    sign-in."""
    claims = st.user.to_dict()
    return (claims, str(st.secrets["rti"]["issuer"])) if claims.get("is_logged_in") else ({}, "")


_SOURCE: list[ClaimsSource] = [_claims_of_streamlit]


def ask_for_claims(source: ClaimsSource | None) -> None:
    """Take claims from another source in this process (None: from Streamlit again). Only tests do; no setting leads
    here."""
    _SOURCE[0] = source or _claims_of_streamlit


@st.cache_resource(show_spinner=False)
def _desk(root: str) -> Desk:
    from pipelines.submissions.service import open_desk

    return open_desk(open_home(Path(root)))


def read_claims() -> tuple[Claims, str]:
    """Return the claims of the signed-in person and the built-in issuer; empty claims if nobody has signed in."""
    return _SOURCE[0]()


def open_desk() -> Desk:
    """Return the desk of this process's home, opened once."""
    return _desk(str(default_root()))


# ----------------------------------------------------------------------------------------------------------- the frame


def run_script(body: str) -> None:
    """Run a few lines of our own script, invisibly. They contain nothing from a file, an address or a person.

    Write no `<` before a letter or digit: the sanitiser takes it for a tag and drops the script silently.
    """
    with st.container(key=f"script-{abs(hash(body))}"):
        st.html(f"<script>{body}</script>", unsafe_allow_javascript=True)


_LISTS = ":is([data-testid=stSelectbox],[data-testid=stMultiSelect]) [aria-label]"
NAMES = (
    ("[data-testid=stSkipToContent]", mark("Skip to the content"), ""),
    ("[data-testid=stFileUploaderDropzone] [data-testid=stBaseButton-secondary]", mark("Choose files"), ""),
    ("[data-testid=stFileUploaderDropzoneInput]", mark("Choose files"), ""),
    ("[data-testid=stSidebarCollapseButton] button", mark("Hide the list of pages"), ""),
    ("[data-testid=stExpandSidebarButton]", mark("Show the list of pages"), ""),
    ("[data-testid=stFileUploader] [aria-label]", mark("Add files"), "Add files"),
    ("[data-testid=stFileUploader] [aria-label]", mark("Remove {name}"), "Remove (.+)"),
    ("[data-testid=stFileUploader] [aria-label]", mark("Stop sending {name}"), "Cancel upload of (.+)"),
    (_LISTS, mark("Remove {name}"), "Remove (.+)"),
    (_LISTS, mark("Open the list"), "Open"),
    (_LISTS, mark("Clear the choice"), "Clear (?:value|all)"),
)
"""Elements that Streamlit names in English only, their translated names, and the English name by which
`scripts/widget_names.js` recognises an element that its position does not identify; `{name}` is the pattern's group."""


def set_document_language(language: str) -> None:
    """Set the language of the page in the browser, for Streamlit's own elements too; the next page starts in it."""
    tag = i18n.html_lang(language)
    translated_names = [[where, tell(text, language, name="{name}"), english] for where, text, english in NAMES]
    names = json.dumps(translated_names, ensure_ascii=False)
    run_script(
        f"document.documentElement.lang='{tag}';window.rtiNames?.say({names});"
        f"document.cookie='{LANGUAGE_COOKIE}={language};path=/;max-age=31536000;samesite=lax'"
        "+(location.protocol==='https:'?';secure':'');"
    )


def announce_changes(token: str) -> None:
    """Have screen readers announce changes in the containers whose key begins with `live`."""
    run_script(
        f"/*{html.escape(token)}*/"
        "document.querySelectorAll('[class*=st-key-live]').forEach(e=>e.setAttribute('aria-live','polite'));"
    )


def move_focus(anchor: str, token: str) -> None:
    """Move the focus to a part of the page once, when `token` is new (after an upload or an action).

    `anchor` is the id of an element, or the key of a container that holds a message.
    """
    if st.session_state.get("focus") != token:
        st.session_state["focus"] = token
        run_script(
            f"/*{html.escape(token)}*/(()=>{{let n=0;const look=setInterval(()=>{{"
            f"const e=document.getElementById('{anchor}')||"
            f"document.querySelector('.st-key-{anchor} [data-testid=stAlertContainer]');"
            "if(e||++n>40)clearInterval(look);"
            "if(e){e.hasAttribute('tabindex')||e.setAttribute('tabindex','-1');"
            "e.focus({preventScroll:true});e.scrollIntoView({block:'start'});}},150);})();"
        )


def choose_language(language: str, key: str, chosen: Callable[[str], None]) -> None:
    """Show the choice of a language and pass a newly chosen one to `chosen`."""
    names = i18n.language_names()

    def pass_choice() -> None:
        chosen(str(st.session_state[key]))

    options = list(names)
    # Set as the list's own default and not in the session: the browser receives a session value only once, and a run
    # whose messages a new connection discards (`connections.py`) left the first language, English, in the list.
    st.selectbox(
        tell("Language", language),
        options,
        index=options.index(language) if language in names else 0,
        key=key,
        format_func=lambda code: names[code],
        on_change=pass_choice,
        width=170,
    )


def show_header(context: PageContext) -> None:
    """Show the band above each page: whose pages these are, who has signed in, the language, and the sign-out link."""
    from pipelines.submissions.accounts import accounts

    set_document_language(context.language)
    run_script(_BACK)
    if context.is_demonstration:
        render_banner(context.tell("Demonstration: every return and every account here is invented."))

    def store_language(language: str) -> None:
        accounts.set_language(context.desk.engine, context.who.account, language, by=context.who.account)

    with st.container(horizontal=True, key="portal-head", vertical_alignment="bottom"):
        st.html(
            html.Markup(
                '<div class="rti-head"><span class="rti-head-for">{}</span> <span class="rti-head-title">{}</span>'
                '<div class="rti-head-who">{} <b>{}</b> &middot; {}</div></div>'
            ).format(
                context.tell("For offices"),
                context.tell("Regional trafficking indicators"),
                context.tell("Signed in:"),
                context.who.name,
                describe_offices(context),
            )
        )
        choose_language(context.language, "head.language", store_language)
        if st.button(context.tell("Sign out"), key="head.sign-out"):
            st.logout()


def describe_offices(context: PageContext) -> str:
    """Return the offices that a person works with, in one line."""
    places = list(dict.fromkeys(jurisdiction for jurisdiction, _ in context.who.list_pairs()))
    if "*" in places:
        return context.tell("all territories")
    names = [context.area_name(place) for place in places[:3]]
    n_unlisted = len(places) - len(names)
    if n_unlisted > 0:
        names.append(context.many("{n} more", "{n} more", n_unlisted))
    return ", ".join(names) or context.tell("no office yet")


def render_banner(text: str) -> None:
    """Return the banner of a home with invented data."""
    st.html(html.Markup('<div class="rti-banner" role="note">{}</div>').format(text))


def show_title(text: str, lead: str = "") -> None:
    """Show the only first-level heading, and the purpose of the page."""
    st.title(words.escape_markdown(text), anchor=False)
    if lead:
        st.html(html.Markup('<p class="rti-lead">{}</p>').format(lead))


def show_heading(text: str, level: int = 2) -> None:
    """Show a heading of this level."""
    (st.header if level == 2 else st.subheader)(words.escape_markdown(text), anchor=False)


def put_html(*parts: html.Part | html.Table) -> None:
    """Render HTML parts in order, skipping empty ones."""
    for part in parts:
        markup = part.__html__() if isinstance(part, html.Table) else html.escape(part)
        if markup:
            st.html(markup)


def end_page(context: PageContext) -> None:
    """Close a page with the footnotes of the names shown on it."""
    notes = html.render_list((f"{mark} {note}" for note, mark in context.notes.items()), "rti-plain")
    put_html(html.Markup('<div class="rti-notes">{}</div>').format(notes) if notes else "")
    put_html(
        html.Markup('<div class="rti-foot">{}</div>').format(
            context.tell(
                "Regional trafficking indicators: pages of the offices. Nobody sees the drafts of another office."
            )
        )
    )


# ------------------------------------------------------------------------------------------------------- ways and words

_PAGES = "pages"


def register_pages(pages: Mapping[str, Any]) -> None:
    """Register the pages of this session's run by path; called by the router."""
    # Stored in the session: one process runs many people's sessions at once, each with its own pages.
    st.session_state[_PAGES] = dict(pages)


def go_to_page(page: str, **query: str) -> NoReturn:
    """Switch to another page of the portal without a new sign-in and without losing the session's state."""
    st.session_state["arrived"] = True
    st.switch_page(st.session_state[_PAGES][page], query_params=query)


def has_arrived() -> bool:
    """Return True in the first run after `go`, when the focus moves to the reason for the switch."""
    return bool(st.session_state.pop("arrived", False))


def state_badge(context: PageContext, code: str) -> html.Markup:
    """Return the state of a submission as a badge."""
    return html.render_badge(*words.describe_state(code, context.language))


def describe_submission(context: PageContext, entry: Entry) -> str:
    """Describe in one line what a submission reports: office, instrument, periods; the file name if it was not
    recognised."""
    blocks = entry.blocks
    if not blocks:
        return entry.row.filename
    places = ", ".join(dict.fromkeys(context.area_name(b.jurisdiction) for b in blocks))
    instruments = ", ".join(dict.fromkeys(context.code_label("instrument", b.instrument) for b in blocks))
    return f"{places}: {instruments}, {words.format_periods((b.period for b in blocks), context.language)}"


def show_refusal(context: PageContext, error: Exception) -> None:
    """Show, where an action was requested, why it was not possible."""
    st.error(words.escape_markdown(error_text(error, context.language)), icon=None)


def show_damaged(language: str, error: DamagedFileError) -> None:
    """Show that a stored file is damaged, and who restores it."""
    st.error(words.escape_markdown(f"{error.localize_message(language)} {tell(DAMAGED_REMEDY, language)}"), icon=None)


def show_fault(error: Exception) -> bool:
    """Show a fault of the disk or of stored data instead of the page; return False for any other error.

    The fault may occur before the person is known; the language is then that of the page before.
    """
    from pipelines.submissions.service.stored import DamagedFileError
    from pipelines.web import fault_log

    chosen = st.context.cookies.get(LANGUAGE_COOKIE, i18n.SOURCE_LANGUAGE)
    language = chosen if chosen in i18n.list_languages() else i18n.SOURCE_LANGUAGE
    if isinstance(error, DamagedFileError):
        show_title(tell(DAMAGED_TITLE, language))
        show_damaged(language, error)
    elif (fault := find_fault(error)) is not None:
        heading_text, detail, remedy = fault.localize_message(language)
        show_title(heading_text)
        st.error(words.escape_markdown(f"{detail} {remedy}"), icon=None)
    else:
        return False
    fault_log.log_fault(error)
    return True


def error_text(error: Exception, language: str) -> str:
    """Return the words of a desk error in a language."""
    say = getattr(error, "localize_message", None)
    return str(say(language)) if say is not None else str(error)
