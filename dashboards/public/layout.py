"""Share the page frame (style, banner, empty state, footer) and the selections in the address among all public pages.

Choices are written to the address by `selection` and not by Streamlit's `bind`, which leaves defaults out of it: an
address quoted today would show another quarter after the next release.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from html import escape
from pathlib import Path
from urllib.parse import urlencode, urlsplit, urlunsplit

import streamlit as st

from dashboards.public import charts, menu, queries, tables
from dashboards.public.downloads import offer_pictures, offer_table
from dashboards.public.frame import Frame as Frame
from dashboards.public.frame import read_vocabulary as read_vocabulary
from dashboards.public.selection import join_options, open_language, read_selection
from pipelines import words
from pipelines.core import clock
from pipelines.core.i18n import html_lang, mark
from pipelines.front.build import FOLDER
from pipelines.front.charts import fit
from pipelines.front.pages import name_brief_file
from pipelines.front.queries import CRIMES
from pipelines.web.guards import LONGEST_ADDRESS, TOO_LONG
from pipelines.words.language import Texts, current_language, lower_first, tell

CSS = Path(__file__).parents[1] / "style.css"
_LONGEST_ROW = 6
"""Options shown next to each other; more are shown as a list."""


def link_with_choices(page: str, **choices: str) -> str:
    """Return the address of the page that is open with all its choices, some of them replaced."""
    return f"{page}?{urlencode(read_selection().list_choices() | choices)}"


def link_heading(text: str, href: str) -> tables.Cell:
    """Return a row heading that leads to another page, with the reader's choices."""
    return tables.Cell(text, text, (), read_selection().link_to(href))


def open_frame() -> Frame:
    """Return the current release; if there is none, show which command makes one and end the page."""
    try:
        path = queries.current_release()
    except queries.NoReleaseError as error:
        st.title(tell("Nothing has been published yet"))
        st.markdown(
            tell("This page shows a published release, and there is none: {reason}.", reason=error)
            + "\n\n"
            + tell("On the machine that holds the data, run `rti refresh --publish`, then load this page again.")
        )
        st.stop()
    return Frame(path, queries.read_rows(path, "release")[0], queries.area_names(path))


_NOT_SHOWN = mark("These figures cannot be shown at the moment")


def show_damaged(error: queries.DamagedReleaseError) -> None:
    """Show, instead of the page, that the release cannot be read and what to do about it."""
    st.title(tell(_NOT_SHOWN))
    st.markdown(
        tell(
            "The file of release {release} is damaged on this service's disk, so none of its figures can be shown. The "
            "figures themselves are not lost. Please try again later, or contact the regional secretariat.",
            release=error,
        )
        + "\n\n"
        + tell(
            "On the machine that holds the data, `rti audit verify` names the damaged files, which are restored from a "
            "backup."
        )
    )


def show_outdated(error: queries.OutdatedReleaseError) -> None:
    """Show, instead of the page, that the release was made by older software, and how to make a new one."""
    st.title(tell(_NOT_SHOWN))
    st.markdown(
        tell(
            "Release {release} was made by an older version of this software and lacks some of what this page shows. "
            "Its files are unchanged. Please try again later, or contact the regional secretariat.",
            release=error,
        )
        + "\n\n"
        + tell("On the machine that holds the data, `rti refresh --publish` makes a new edition.")
    )


def begin_page(title: str, lead: str = "", banner: str = words.DEMONSTRATION) -> Frame:
    """Begin a page: style, banner, title, and a notice if the address was made with another release.

    `title`, `lead` and `banner` are marked texts, since the language of the page is known only here.
    """
    open_language()
    st.html(CSS)
    st.html(f"<style>{fit.read_page_style()}</style>")
    _stop_at_long_address()
    read_selection().begin_run(menu.read_page())
    frame = open_frame()
    if frame.is_demonstration:
        st.html(f'<div class="rti-banner" role="note">{escape(tell(banner))}</div>')
    st.title(tell(title), anchor=False)  # marked in pages
    if lead:
        st.markdown(tell(lead))  # marked in pages
    requested_release = st.query_params.get("release")
    if requested_release and requested_release != frame.id:
        st.info(
            tell(
                "This address was made with release {requested}; the figures below are of the current release, "
                "{current}.",
                requested=requested_release,
                current=frame.id,
            )
        )
    return frame


def _stop_at_long_address() -> None:
    """End a page whose address is longer than the server accepts, since an open page can be sent one beyond its limit.

    200 kB of one parameter came back as 1.8 MB of page.
    """
    length = sum(len(name) + len(value) for name in st.query_params for value in st.query_params.get_all(name))
    if length > LONGEST_ADDRESS:
        st.error(tell(TOO_LONG))
        st.stop()


def choose_option(
    label: str,
    key: str,
    options: Sequence[str],
    *,
    default: str | None = None,
    say: Callable[[str], str] = str,
    boxed: bool = False,
    width: int = 220,
    of: str = "",
) -> str:
    """Show one choice among codes; it is part of the address as `key` and carries over from page to page.

    If the address names an option that this release lacks, another is used and the page shows a warning. With `of`, the
    choice is remembered for that value of `of` only, because the default depends on it.
    """
    first = default if default is not None and default in options else options[0]
    selection = read_selection()
    widget, begins, is_known = selection.pick_option(key, options, first, of=of)
    if not is_known:
        st.warning(
            tell(
                "The address asks for {label} {requested}, which is not in this release; {shown} is shown instead.",
                label=lower_first(label),
                requested=repr(st.query_params[key]),
                shown=say(begins),
            )
        )
    picked: str | None
    if boxed or len(options) > _LONGEST_ROW:
        picked = st.selectbox(
            label, options, index=list(options).index(begins), key=widget, format_func=say, width=width
        )
    else:
        picked = st.segmented_control(
            label, options, default=begins, key=widget, format_func=say, required=True, wrap=True
        )
    value = str(picked) if picked in options else begins
    selection.keep_option(key, value, of=of)
    return value


def choose_options(label: str, key: str, options: Sequence[str], *, say: Callable[[str], str] = str) -> list[str]:
    """Show a choice of several codes, at first all; it is part of the address as `key`, in the order of the options.

    A reader who takes out the last one has all again: a page without any would show nothing.
    """
    selection = read_selection()
    widget, begins, is_known = selection.pick_options(key, options)
    if not is_known:
        st.warning(
            tell(
                "The address asks for {label} {requested}, which is not in this release; {shown} is shown instead.",
                label=lower_first(label),
                requested=repr(st.query_params[key]),
                shown=words.join_words(map(say, begins)),
            )
        )
    if widget not in st.session_state:
        st.session_state[widget] = begins

    def restore_all() -> None:
        if not st.session_state[widget]:
            st.session_state[widget] = list(options)

    picked = st.pills(
        label, options, selection_mode="multi", key=widget, format_func=say, on_change=restore_all, wrap=True
    )
    values = [option for option in options if option in picked] or begins
    selection.keep_option(key, join_options(values))
    return values


def choose_section(label: str, key: str, sections: Mapping[str, str], section_of_choice: Mapping[str, str]) -> str:
    """Show the choice of a section of the page. An address may name a choice of a section without the section."""
    implied_sections = (section for choice, section in section_of_choice.items() if choice in st.query_params)
    default = next(implied_sections, next(iter(sections))) if read_selection().is_opened else None
    return choose_option(label, key, tuple(sections), default=default, say=lambda code: sections[code])


def show_section(show: Callable[[], None]) -> None:
    """Show a part of a page that is redrawn alone when one of its own controls changes."""

    def show_and_write_address() -> None:
        open_language()
        show()
        read_selection().write_address()

    st.fragment(show_and_write_address)()


def choose_crime(frame: Frame, options: Sequence[str] = CRIMES) -> str:
    """Show the choice between trafficking and smuggling; never both.

    A page with figures of one crime has no choice. If the reader has chosen the other, the page says so, and the choice
    is kept for the pages that have it.
    """
    labels = queries.read_labels(frame.path, "offence_group")
    if len(options) == 1:
        name = labels.get(options[0], options[0])
        if read_selection().carried.get("crime", options[0]) != options[0]:
            st.info(tell("This page has figures of one crime only: {crime}.", crime=lower_first(name)))
        return options[0]
    return choose_option(tell("Crime"), "crime", options, say=lambda code: labels.get(code, code))


def choose_track() -> str:
    """Show the choice between first-instance and final decisions; never both."""
    return choose_option(tell("Decisions"), "decisions", tuple(words.TRACKS), say=lambda code: words.TRACKS[code])


def choose_period(
    frame: Frame, periods: Mapping[str, Sequence[str]], *, default: tuple[str, str] | None = None, of: str = ""
) -> tuple[str, str]:
    """Show the choice of a frequency and a period: the default if one is passed (remembered for `of`), else the
    newest."""
    labels = queries.read_labels(frame.path, "freq")
    first_freq = default[0] if default and default[0] in periods else next(iter(periods))
    freq = choose_option(
        tell("Period"), "freq", tuple(periods), default=first_freq, say=lambda code: labels.get(code, code), of=of
    )
    newest = periods[freq][0]
    first_period = default[1] if default and freq == first_freq and default[1] in periods[freq] else newest
    period = choose_option(
        tell("Quarter") if freq == "Q" else tell("Year") if freq == "A" else tell("Years"),
        "period",
        tuple(periods[freq]),
        default=first_period,
        say=words.period_short,
        boxed=True,
        width=140,
        of=f"{of}{freq}.",
    )
    read_selection().carry_period(freq, period, is_default=(freq, period) == (first_freq, first_period))
    return freq, period


SHOWN: Mapping[str, str] = Texts({"count": mark("Counts"), "rate": mark("Rates per 100,000")})
RATED = ("Q", "A")
"""Frequencies for which the release has rates."""


def choose_rate(freq: str) -> bool:
    """Return True if rates are chosen instead of counts; rates exist only for single quarters and years."""
    return freq in RATED and choose_option(tell("Show"), "show", tuple(SHOWN), say=lambda code: SHOWN[code]) == "rate"


def choose_territory(frame: Frame) -> str:
    """Show the choice of a territory."""
    codes = tuple(code for code, _ in frame.territories)
    return choose_option(tell("Territory"), "territory", codes, say=frame.marked_name, boxed=True, width=260)


def end_page(frame: Frame, *, is_linked: bool = True) -> None:
    """Close a page: add the release to the address and show the citation in the footer.

    `is_linked`: the figures of the page are links to their sources.
    """
    way = tell("Click an underlined number to see where it comes from.") if is_linked else ""
    read_selection().end_run(release=frame.id)
    show_menu()
    drafted = tell(
        "Drafted {day}; data up to {period}.",
        day=words.format_day(clock.parse_time(str(frame.release["drafted_at"])).date()),
        period=words.period_short(frame.release["reference_period"]),
    )
    st.html(f'<div class="rti-foot">{escape(frame.cite_source())} {escape(drafted)} {escape(way)}</div>')
    _put_print_foot()


def _put_print_foot() -> None:
    """Add the address and the date to the foot of each printed page, and below the text for browsers without page
    margin boxes."""
    opened = urlsplit(st.context.url or "")
    query = urlencode(st.query_params.to_dict())
    address = urlunsplit((opened.scheme, opened.netloc, opened.path or "/", query, ""))
    text = f"{address}, {words.format_day(clock.now().date())}"
    # A string of CSS: a backslash, a quotation mark or "<" would end it or the style.
    quoted = "".join(f"\\{ord(letter):x} " if letter in '\\"<' else letter for letter in text)
    st.html(
        f'<style>@page {{ @bottom-left {{ content: "{quoted}"; font: 8pt sans-serif; }} }}</style>'
        f'<p class="rti-print">{escape(tell("Printed from {address}", address=text))}</p>'
    )


def show_menu() -> None:
    """Show the menu of pages in its place above the page, with links that carry the reader's choices."""
    menu.show_menu(read_selection().link_to)


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
) -> None:
    """Show a table with its notes and the control to copy, download or cite it.

    `title` is the caption without the release, which is added; `coverage` says which areas are in the table, all
    territories if empty. `is_ours` is false for figures of other publishers, which are not invented.
    """
    arranged, arranged_notes = tables.arrange_notes(tuple(lines), notes or words.Notes())
    table = tables.Table(
        _compose_caption(frame, title) if is_ours else title,
        tuple(columns),
        arranged,
        corner,
        text,
        arranged_notes,
        tuple(frame.name_notes(list(frame.areas))),
        coverage or words.join_words(frame.marked_name(code) for code, _ in frame.territories),
    )
    put_html(
        tables.render_table(table.caption, table.columns, table.lines, corner=corner, text=text),
        tables.render_legend(tables.list_kinds(table), extra_symbols) if legend else "",
        tables.render_notes(table.notes, table.select_names(), title=notes_title),
    )
    offer_table(frame, title, table, f"{next(frame.numbers)}.{corner}")


def _compose_caption(frame: Frame, title: str) -> str:
    caption = tell("{title}. Release {release}.", title=title, release=frame.id)
    return f"{caption} {tell(words.DEMONSTRATION)}" if frame.is_demonstration else caption


def put_html(*parts: str) -> None:
    """Render HTML parts in order, skipping empty ones."""
    for part in parts:
        if part:
            st.html(part)


def put_small(text: str) -> None:
    """Show a sentence in small letters."""
    st.html(f'<p class="rti-small">{escape(text)}</p>')


def quote_sentence(text: str, frame: Frame) -> None:
    """Show the sentence to quote, with its source."""
    st.html(f'<blockquote class="rti-quote">{escape(text)}<cite>{escape(frame.cite_source())}</cite></blockquote>')


def link_brief(frame: Frame, area: str, crime: str) -> None:
    """Link the brief on a territory, or on the region if `area` is empty; a release without static pages has none."""
    if not (Path(frame.path).parent / FOLDER).is_dir():
        return
    label = tell("Brief to print: two pages (PDF)") if area else tell("Brief to print: four pages (PDF)")
    address = f"/releases/{frame.id}/{html_lang(current_language())}/{name_brief_file(area, crime)}"
    st.html(f'<p class="rti-small"><a href="{escape(address)}" download>{escape(label)}</a></p>')


def show_panels(frame: Frame, pictures: Sequence[charts.Picture], *, about: str, key: str) -> None:
    """Show pictures in a grid that adapts to the width of the screen (see `style.css`), and the control to save them.

    Pictures that have a wide layout are below each other. `about` says what the pictures have in common, for their
    files.
    """
    is_wide = any(picture.wide is not None for picture in pictures)
    with st.container(key=f"{'pictures' if is_wide else 'panels'}-{key}", gap="small"):
        for picture in pictures:
            # Not `st.html`, whose sanitiser removes SVG. All text of a picture is escaped where it is drawn.
            st.markdown(charts.render_picture(picture), unsafe_allow_html=True)
    offer_pictures(frame, pictures, about, key)
