"""Say on each page which release it shows, and link the same page in the newest one.

An address without a release leads to the newest; one with a release, such as that of a citation, never changes.
"""

from __future__ import annotations

from html import escape
from urllib.parse import urlencode, urlsplit

import streamlit as st

from dashboards.public import menu, queries
from dashboards.public.frame import Frame
from dashboards.public.own_html import put_own_html
from dashboards.public.plain_page import invite_questions
from dashboards.public.selection import RELEASE, read_selection
from dashboards.public.static_links import find_crime, link_static_page
from pipelines.core.i18n import html_lang, mark
from pipelines.core.settings import CommandSettings, read_settings
from pipelines.front.pages import RELEASES, name_file
from pipelines.front.pages.calendar import CALENDAR, OPEN_CURRENT, UNCHECKED, describe_next, describe_withdrawal
from pipelines.publication.provenance.figure_ids import CURRENT
from pipelines.words.language import current_language, tell
from pipelines.words.line_breaks import keep_part_whole

_NEWEST, _FROZEN = "rti-newest", "rti-frozen"
"""Classes of links to the open page, which `browser.js` knows."""
_FIGURE = "cell"
_WITH_RELEASE = 2
"""Name of a figure's id in an address, and the slashes of an id that begins with a release."""
_OUTDATED = mark(
    "This release was made by an older version of this software. It lacks some of what newer releases have. Parts of a "
    "page that cannot be shown say so."
)


def choose_release() -> str:
    """Return the release that the address names: by itself, or by a figure of a published release; else nothing."""
    requested = read_selection().release
    figure = st.query_params.get(_FIGURE) or ""
    if requested or figure.count("/") != _WITH_RELEASE:
        return requested
    release = figure.partition("/")[0]
    return release if queries.is_published(release) else ""


def link_to_newest() -> str:
    """Return the address of the open page with all its choices in the newest release."""
    choices = read_selection().list_choices()
    choices.pop(RELEASE, None)
    figure = choices.get(_FIGURE, "")
    if figure.count("/") == _WITH_RELEASE:
        choices[_FIGURE] = f"{CURRENT}/{figure.partition('/')[2]}"
    return f"{menu.read_page()}?{urlencode(choices)}"


def is_older_requested() -> bool:
    """Return True if the page is of another release than the newest, which may have what it lacks."""
    try:
        return read_selection().release not in ("", queries.open_release().id)
    except (queries.NoReleaseError, queries.DamagedReleaseError):
        return False


def render_way_on() -> str:
    """Return a link to the open page in the newest release, as HTML."""
    return _render_link(tell("Open this page in the newest release"))


def _render_link(text: str) -> str:
    return f'<a class="{_NEWEST}" href="{escape(link_to_newest())}">{escape(text)}</a>'


def show_notice(frame: Frame) -> None:
    """Show under the title of a page what a reader must know about its release before the figures."""
    if html := _render_notice(frame):
        put_own_html(keep_part_whole(html))


def show_foot() -> None:
    """Show at the foot of a page its two links, the next release, and how to report a mistake.

    `browser.js` renews the links after a part of the page that was redrawn alone, which cannot write to them.
    """
    put_own_html(_render_foot())


def list_remarks(frame: Frame) -> list[str]:
    """Return what a reader of a file must know about its release: that it was withdrawn, that figures in it were wrong,
    or that neither can be checked."""
    edition = frame.edition
    if edition is None:
        return []
    remarks = []
    if edition.withdrawal is not None:
        remarks.append(describe_withdrawal(edition.id, edition.withdrawal))
    if edition.is_corrected:
        remarks.append(f"{tell('Figures in release {release} were wrong', release=edition.id)}.")
    if edition.is_unchecked:
        remarks.append(tell(UNCHECKED))  # marked in front.pages.calendar
    return remarks


def _render_notice(frame: Frame) -> str:
    """Return what a reader must know about the release before its figures; empty for the newest, complete one."""
    edition = frame.edition
    if edition is None:
        return ""
    paragraphs = []
    if edition.withdrawal is not None:
        sentence = escape(describe_withdrawal(edition.id, edition.withdrawal))
        paragraphs.append(f"{sentence} {_render_link(tell(OPEN_CURRENT))}")  # marked in front.pages.calendar
    elif not edition.is_current:
        sentence = escape(tell("This is release {release}, which is not the newest one.", release=edition.id))
        paragraphs.append(f"{sentence} {render_way_on()}")
    if edition.is_corrected:
        wrong = escape(tell("Figures in release {release} were wrong", release=edition.id))
        # Made on request, in each crime's version.
        address = f"/{html_lang(current_language())}/{name_file(CALENDAR, find_crime())}"
        paragraphs.append(f'{wrong}. <a href="{address}">{escape(tell("Notices on corrected figures"))}</a>')
    if edition.is_unchecked:
        paragraphs.append(escape(tell(UNCHECKED)))  # marked in front.pages.calendar
    if not edition.is_current and queries.is_outdated(edition.path):
        paragraphs.append(escape(tell(_OUTDATED)))
    inside = "".join(f"<p>{paragraph}</p>" for paragraph in paragraphs)
    return f'<div class="rti-edition" role="note">{inside}</div>' if inside else ""


def _render_foot() -> str:
    """Return the two links of a page (to this release, and to the newest one), what comes next, and the contact."""
    opened = urlsplit(st.context.url or "")
    # Whole addresses, which can be cited; Streamlit knows that of the site from the browser.
    site = f"{opened.scheme}://{opened.netloc}" if opened.netloc else ""
    path = opened.path or f"/{menu.read_page()}"
    frozen = f"{site}{path}?{urlencode(read_selection().list_choices())}"
    links = (
        (_FROZEN, tell("Link to this release, which never changes:"), frozen),
        (_NEWEST, tell("Link to this page in the newest release:"), f"{site}/{link_to_newest()}"),
    )
    lines = [
        f'{escape(text)} <a class="{kind}" href="{escape(address)}">{escape(address)}</a>'
        for kind, text, address in links
    ]
    contact = read_settings(CommandSettings).contact or ""
    lines += [keep_part_whole(escape(describe_next(queries.find_next_release()))), invite_questions(contact)]
    return f'<p class="rti-foot rti-links">{"<br>".join(filter(None, lines))}</p>'


def explain_unknown_release() -> None:
    """Say that the release of the address was not published, and show ways on. The name is not repeated."""
    way_on, selection = render_way_on(), read_selection()
    selection.release = selection.front = ""
    st.title(tell("There is no such release"), anchor=False)
    st.markdown(tell("Check the release in the address of this page, or open the page in the newest release."))
    links = (way_on, f'<a href="{link_static_page(RELEASES)}">{escape(tell("Releases and corrections"))}</a>')
    put_own_html(f"<ul>{''.join(f'<li>{link}</li>' for link in links)}</ul>")
