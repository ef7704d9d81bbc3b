"""Share the page frame (style, banner, empty state, footer) and the selections in the address among all public pages.

Choices are written to the address by `selection` and not by Streamlit's `bind`, which leaves defaults out of it: an
address quoted today would show another quarter after the next release.
"""

from __future__ import annotations

import logging
from collections.abc import Callable, Iterable, Sequence
from functools import cache
from html import escape
from pathlib import Path
from urllib.parse import urlencode, urlsplit, urlunsplit

import streamlit as st

from dashboards.public import charts, drawing, edition_notes, menu, queries, tables
from dashboards.public.drawing import keep_part as keep_part
from dashboards.public.drawing import open_fold as open_fold
from dashboards.public.frame import Frame as Frame
from dashboards.public.frame import read_vocabulary as read_vocabulary
from dashboards.public.own_html import put_own_html
from dashboards.public.problems import explain_problems
from dashboards.public.selection import open_language, read_selection
from dashboards.public.static_links import find_crime, link_static_page
from pipelines import words
from pipelines.core import clock
from pipelines.core.i18n import html_lang
from pipelines.front.assets import shorten_style
from pipelines.front.build import FOLDER
from pipelines.front.charts import fit
from pipelines.front.pages import HOME, name_brief_file
from pipelines.web.guards import LONGEST_ADDRESS, TOO_LONG
from pipelines.words.language import current_language, lower_first, tell
from pipelines.words.line_breaks import keep_part_whole, keep_text_whole

CSS = Path(__file__).parents[1] / "style.css"
_logger = logging.getLogger(__name__)


def list_links(page: str, name: str, values: Sequence[str]) -> list[str]:
    """Return addresses of the page that is open with all its choices, one of them replaced by each value."""
    choices = read_selection().list_choices()
    return [f"{page}?{urlencode(choices | {name: value})}" for value in values]


def link_heading(text: str, href: str) -> tables.Cell:
    """Return a row heading that leads to another page, with the reader's choices."""
    return tables.Cell(text, text, (), read_selection().link_to(href))


def open_frame() -> Frame:
    """Return the release that the address names, or the newest one.

    If nothing has been published, or not this release, say so and end the page; the log has what makes a release.
    """
    try:
        edition = queries.open_release(edition_notes.choose_release())
    except queries.UnknownReleaseError:
        edition_notes.explain_unknown_release()
        show_menu()
        st.stop()
    except queries.NoReleaseError as error:
        _logger.warning("a public page has nothing to show: %s", error)
        st.title(tell("Nothing has been published yet"))
        st.markdown(tell("The figures appear here with the first release. Please come back later."))
        st.stop()
    path = edition.path
    release, areas = queries.read_rows(path, "release"), queries.area_names(path)
    kinds = {row["area_kind"] for row in areas.values()}
    if not release or not {"region", "territory"} <= kinds:
        raise queries.DamagedReleaseError(edition.id)
    return Frame(path, release[0], areas, edition=edition)


def begin_page(title: str, lead: str = "", banner: str = words.DEMONSTRATION) -> Frame:
    """Begin a page: style, banner, title, and a notice if the address names another release than the newest.

    `title`, `lead` and `banner` are marked texts, since the language of the page is known only here.
    """
    open_language()
    put_own_html(_read_style())
    _stop_at_long_address()
    selection = read_selection()
    selection.begin_run(menu.read_page())
    frame = open_frame()
    selection.release, selection.front = frame.id, frame.front
    if frame.is_demonstration:
        notice = escape(tell(banner))  # marked in words.citations
        put_own_html(f'<div class="rti-banner" role="note">{notice}</div>')
    st.title(keep_text_whole(tell(title), is_title=True), anchor=False)  # marked in pages
    edition_notes.show_notice(frame)
    if lead:
        put_own_html(f"<p>{frame.explain_terms(tell(lead))}</p>")  # marked in pages
    return frame


@cache
def _read_style() -> str:
    """Return the style sheets of these pages and of pictures as one element."""
    style = shorten_style(f"{CSS.read_text(encoding='utf-8')}\n{fit.read_page_style()}")
    return f"<style>{style}</style>"


def _stop_at_long_address() -> None:
    """End a page whose address is longer than the server accepts, since an open page can be sent one beyond its limit.

    200 kB of one parameter came back as 1.8 MB of page.
    """
    length = sum(len(name) + len(value) for name in st.query_params for value in st.query_params.get_all(name))
    if length > LONGEST_ADDRESS:
        st.error(tell(TOO_LONG))
        st.stop()


def show_section(show: Callable[[], None]) -> None:
    """Show a part of a page that is redrawn alone when one of its own controls changes."""

    def show_and_write_address() -> None:
        open_language()
        with explain_problems(is_section=True):
            show()
        read_selection().write_address()

    st.fragment(show_and_write_address)()


def end_page(frame: Frame, *, is_linked: bool = True, is_ours: bool = True, has_brief: bool = False) -> None:
    """Close a page: add the release to the address, and show the brief of the region and the citation in the footer.

    `is_linked`: the figures of the page are links to their sources. `is_ours` is false for a page with figures of
    other publishers, which are not invented. `has_brief` is true for a page that has linked its brief itself.
    """
    way = tell("Click an underlined number to see where it comes from.") if is_linked else ""
    read_selection().end_run()
    show_menu()
    prepared = tell(
        "Prepared on {day}; data up to {period}.",
        day=words.format_day(clock.parse_time(str(frame.release["drafted_at"])).date()),
        period=words.period_short(frame.release["reference_period"]),
    )
    crime = find_crime()
    if not has_brief and "A" in queries.list_periods(frame.path, crime):
        link_brief(frame, "", crime)
    foot = escape(f"{frame.cite_source(is_ours=is_ours)} {prepared} {way}")
    put_own_html(f'<div class="rti-foot">{keep_part_whole(foot)}</div>')
    edition_notes.show_foot()
    _put_print_foot()


def _put_print_foot() -> None:
    """Add the address and the date to the foot of each printed page, and below the text for browsers without page
    margin boxes. `browser.js` renews the address after a part that was redrawn alone."""
    opened = urlsplit(st.context.url or "")
    query = urlencode(st.query_params.to_dict())
    address = urlunsplit((opened.scheme, opened.netloc, opened.path or "/", query, ""))
    text = f"{address}, {words.format_day(clock.now().date())}"
    # A string of CSS: a backslash, a quotation mark or "<" would end it or the style.
    printed = escape(tell("Printed from {address}", address=text))
    quoted = "".join(f"\\{ord(letter):x} " if letter in '\\"<' else letter for letter in text)
    put_own_html(
        f'<style>@page {{ @bottom-left {{ content: "{quoted}"; font: 8pt sans-serif; }} }}</style>'
        f'<p class="rti-print" data-address="{escape(address)}">{printed}</p>'
    )


def show_menu() -> None:
    """Show the menu of pages in its place above the page, with links that carry the reader's choices."""
    menu.show_menu(read_selection().link_to, link_static_page(HOME))


def show_table(
    frame: Frame,
    title: str,
    columns: Sequence[str],
    lines: Iterable[tables.Line],
    *,
    corner: str = "",
    text: bool = False,
    notes: words.Notes | None = None,
    notes_title: str | None = None,
    coverage: str = "",
    legend: bool = False,
    extra_symbols: Sequence[tuple[str, str]] = (),
    is_ours: bool = True,
    is_share: bool = False,
) -> None:
    """Show a table with its notes and the control to copy, download or cite it.

    `title` is the caption without the release, which is added; `coverage` says which areas are in the table, all
    territories if empty. `is_ours` is false for figures of other publishers, which are not invented. `is_share` is true
    if the figures are shares.
    """
    arranged, arranged_notes = tables.arrange_notes(tuple(lines), notes or words.Notes())
    # The page has the notice of invented figures as its banner; what leaves the page has its own.
    caption = _compose_caption(frame, title)
    notice = tell(words.DEMONSTRATION) if frame.is_demonstration and is_ours else ""
    table = tables.Table(
        f"{caption} {notice}".strip(),
        tuple(columns),
        arranged,
        corner,
        text,
        arranged_notes,
        tuple(frame.name_notes(list(frame.areas))),
        coverage or words.join_words(frame.marked_name(code) for code, _ in frame.territories),
        is_share,
    )
    html = (
        tables.render_table(caption, table.columns, table.lines, corner=corner, text=text),
        tables.render_legend(tables.list_kinds(table), extra_symbols, is_share=is_share) if legend else "",
        tables.render_notes(table.notes, table.select_names(), title=notes_title),
    )
    # One element: each takes Streamlit as long as a line of the table.
    drawing.put_element(drawing.DrawnTable(title, table, "".join(html)), frame)


def _compose_caption(frame: Frame, title: str) -> str:
    return tell("{title}. Release {release}.", title=title, release=frame.id)


def put_html(*parts: str) -> None:
    """Show HTML in order, skipping empty parts."""
    if html := "".join(parts):
        drawing.put_text(drawing.Html(html))


def put_drawing(html: str) -> None:
    """Show HTML with SVG, whose texts were escaped where it was drawn."""
    drawing.put_text(drawing.Svg(html))


def put_heading(text: str) -> None:
    """Show the heading of a part of the page."""
    drawing.put_text(drawing.Heading(text))


def put_lower_heading(text: str) -> None:
    """Show the heading of a part below another one."""
    drawing.put_text(drawing.LowerHeading(text))


def put_text(text: str) -> None:
    """Show a paragraph of Markdown."""
    drawing.put_text(drawing.Plain(text))


def put_small(text: str) -> None:
    """Show a sentence in small letters."""
    put_html(f'<p class="rti-small">{escape(text)}</p>')


def quote_sentence(text: str, frame: Frame) -> None:
    """Show the sentence to quote, with its source."""
    drawing.put_element(drawing.Quote(text), frame)


def link_brief(frame: Frame, area: str, crime: str) -> None:
    """Link the brief on a territory, or on the region if `area` is empty; a release without static pages has none."""
    if not (Path(frame.path).parent / FOLDER).is_dir():
        return
    kind = tell("Brief to print: two pages (PDF)") if area else tell("Brief to print: four pages (PDF)")
    crime_name = lower_first(queries.read_labels(frame.path, "offence_group")[crime])
    label = ", ".join([kind, frame.marked_name(area or frame.region), crime_name])
    address = f"/releases/{frame.id}/{html_lang(current_language())}/{name_brief_file(area, crime)}"
    put_own_html(f'<p class="rti-small"><a href="{escape(address)}" download>{escape(label)}</a></p>')


def show_panels(frame: Frame, pictures: Sequence[charts.Picture], *, about: str, key: str) -> None:
    """Show pictures next to each other, and the control to save them.

    Pictures that have a wide layout are below each other. `about` says what the pictures have in common, for their
    files; it is empty if their titles say it.
    """
    rendered = tuple(drawing.Svg(charts.render_picture(picture)) for picture in pictures)
    drawing.put_element(drawing.Pictures(tuple(pictures), rendered, about, key), frame)
