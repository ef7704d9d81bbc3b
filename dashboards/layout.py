"""What all public pages share: the frame (style, banner, empty state, foot), and selections that live in the address.

Selections are written to the address by hand and not by Streamlit's `bind`, which leaves defaults out of it: an
address quoted today would show another quarter after the next release.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from html import escape
from pathlib import Path
from typing import Any

import streamlit as st

from dashboards import charts, queries, tables, words
from pipelines.web.guards import LONGEST_ADDRESS, TOO_LONG

CSS = Path(__file__).with_name("style.css")
CRIMES = ("TIP", "SOM")
"""Offence groups that are compared. They are chosen, never shown together and never added."""
SOURCE_PAGE = "source"
_MARKS = ("*", "†", "‡", "§")


@dataclass(frozen=True)
class Frame:
    """What every page needs of the release."""

    path: str
    release: Mapping[str, Any]
    areas: Mapping[str, Mapping[str, Any]]

    @property
    def id(self) -> str:
        return str(self.release["release"])

    @property
    def is_demonstration(self) -> bool:
        return bool(self.release["demonstration"])

    @property
    def territories(self) -> list[tuple[str, str]]:
        """Code and name of the territories of the region, in the order of the screen."""
        return [(code, row["name_en"]) for code, row in self.areas.items() if row["area_kind"] == "territory"]

    @property
    def region(self) -> str:
        """Code of the region."""
        return next(code for code, row in self.areas.items() if row["area_kind"] == "region")

    def jurisdictions(self, territory: str) -> list[str]:
        """Codes of the parts of a territory that report by themselves; empty where it has none."""
        return [
            c for c, row in self.areas.items() if row["area_kind"] == "jurisdiction" and row["territory"] == territory
        ]

    def name(self, area: str) -> str:
        return str(self.areas[area]["name_en"]) if area in self.areas else area

    def name_notes(self, codes: Sequence[str]) -> list[tuple[str, str]]:
        """Mark and footnote of every name shown that carries one."""
        noted = [code for code in codes if code in self.areas and self.areas[code]["footnote_en"]]
        return [(self.mark(code), str(self.areas[code]["footnote_en"])) for code in noted]

    def under(self, area: str) -> list[str]:
        """What stands in every chart of an area: that it is invented, and the footnote of its name."""
        lines = [charts.DEMONSTRATION] if self.is_demonstration else []
        return lines + [f"{mark} {text}" for mark, text in self.name_notes([area])]

    def mark(self, area: str) -> str:
        """The mark of a name's footnote, the same on every page; empty where it has none."""
        noted = [code for code, row in self.areas.items() if row["footnote_en"]]
        return _MARKS[noted.index(area) % len(_MARKS)] if area in noted else ""

    def heading(self, area: str, href: str = "") -> tables.Cell:
        """The name of an area as the heading of a row, with its mark."""
        mark = self.mark(area)
        return tables.Cell(self.name(area), self.name(area), (mark,) if mark else (), href)

    def marked(self, area: str) -> str:
        """The name with its mark, for titles and charts."""
        return self.name(area) + self.mark(area)


def frame() -> Frame:
    """The current release; where there is none, the page says which command makes one and ends."""
    try:
        path = queries.current_release()
    except queries.NoReleaseError as error:
        st.title("Nothing has been published yet")
        st.markdown(
            f"This page shows a published release, and there is none: {error}.\n\n"
            "On the machine that holds the data, run `rti refresh --publish`, then load this page again."
        )
        st.stop()
    return Frame(path, queries.read(path, "release")[0], queries.area_names(path))


def show_damaged(error: queries.DamagedReleaseError) -> None:
    """Say in place of the page that the release cannot be read, and what to do about it."""
    st.title("These figures cannot be shown at the moment")
    st.markdown(
        f"The file of release {error} is damaged on this service's disk, so none of its figures can be shown. The "
        "figures themselves are not lost. Please try again later, or contact the regional secretariat.\n\n"
        "On the machine that holds the data, `rti audit verify` names the damaged files, which are restored from a "
        "backup."
    )


def show_outdated(error: queries.OutdatedReleaseError) -> None:
    """Show, instead of the page, that the release was made by older software, and how to make a new one."""
    st.title("These figures cannot be shown at the moment")
    st.markdown(
        f"Release {error} was made by an older version of this software and lacks some of what this page shows. Its "
        "files are unchanged. Please try again later, or contact the regional secretariat.\n\n"
        "On the machine that holds the data, `rti refresh --publish` makes a new edition."
    )


BANNER = "Demonstration data: every figure is invented."


def page(title: str, lead: str = "", banner: str = BANNER) -> Frame:
    """Begin a page: style, banner, title, and a notice where the address was made of another release."""
    st.html(CSS)
    _stop_at_long_address()
    here = frame()
    if here.is_demonstration:
        st.html(f'<div class="rti-banner" role="note">{banner}</div>')
    st.title(title, anchor=False)
    if lead:
        st.markdown(lead)
    asked = st.query_params.get("release")
    if asked and asked != here.id:
        st.info(f"This address was made with release {asked}; the figures below are of the current release, {here.id}.")
    return here


def _stop_at_long_address() -> None:
    """End a page whose address is longer than the server takes: an open page can be sent one past its limit.

    200 kB of one parameter came back as 1.8 MB of page.
    """
    length = sum(len(name) + len(value) for name in st.query_params for value in st.query_params.get_all(name))
    if length > LONGEST_ADDRESS:
        st.error(TOO_LONG)
        st.stop()


def choose(
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
    """One choice among codes; it stands in the address under `key` and is kept from page to page.

    An address that names no option of this release is answered by the default, and the page says so. A choice `of`
    something is kept for that alone, since its default is that thing's own.
    """
    first = default if default is not None and default in options else options[0]
    asked, widget, last = st.query_params.get(key), f"choice.{of}{key}", st.session_state.get(f"address.{key}")
    kept = st.session_state.get(f"kept.{of}{key}")
    if asked is not None and asked != last:
        # The address was opened or changed (a link, the back button): it wins over what the widget held.
        if asked not in options:
            st.warning(
                f"The address asks for {label.lower()} {asked!r}, which is not in this release; "
                f"{say(first)} is shown instead."
            )
        st.session_state[widget] = asked if asked in options else first
    elif st.session_state.get(widget) not in options:
        st.session_state[widget] = kept if kept in options else first
    picked: str | None
    if boxed or len(options) > 5:
        picked = st.selectbox(label, options, key=widget, format_func=say, width=width)
    else:
        picked = st.segmented_control(label, options, key=widget, format_func=say, required=True)
    value = str(picked) if picked in options else first
    st.session_state[f"kept.{of}{key}"] = st.session_state[f"address.{key}"] = value
    st.query_params[key] = value
    return value


def choose_crime(here: Frame, options: Sequence[str] = CRIMES) -> str:
    """Trafficking or smuggling; never both."""
    labels = queries.labels(here.path, "offence_group")
    return choose("Crime", "crime", options, say=lambda code: labels.get(code, code))


def choose_track() -> str:
    """First-instance or final decisions; never both."""
    return choose("Decisions", "decisions", tuple(words.TRACKS), say=lambda code: words.TRACKS[code])


def choose_period(
    here: Frame, periods: Mapping[str, Sequence[str]], *, default: tuple[str, str] | None = None, of: str = ""
) -> tuple[str, str]:
    """Kind of period and period: the default where one is given (its choice is `of` what it belongs to), else the
    newest."""
    labels = queries.labels(here.path, "freq")
    kind, first = default or (None, None)
    freq = choose("Period", "freq", tuple(periods), default=kind, say=lambda code: labels.get(code, code), of=of)
    return freq, choose(
        "Quarter" if freq == "Q" else "Year" if freq == "A" else "Years",
        "period",
        tuple(periods[freq]),
        default=first if freq == kind else None,
        say=words.period_short,
        boxed=True,
        width=140,
        of=of,
    )


SHOWN = {"count": "Counts", "rate": "Rates per 100,000"}
RATED = ("Q", "A")
"""Frequencies of which the release has rates."""


def choose_rate(freq: str) -> bool:
    """Whether rates are asked for in place of counts; of several years together there are none."""
    return freq in RATED and choose("Show", "show", tuple(SHOWN), say=lambda code: SHOWN[code]) == "rate"


def choose_territory(here: Frame) -> str:
    """One of the territories."""
    codes = tuple(code for code, _ in here.territories)
    return choose("Territory", "territory", codes, say=here.marked, boxed=True, width=260)


def end(here: Frame, *, is_linked: bool = True) -> None:
    """Close a page: the release is part of the address, and the foot says what to cite.

    `is_linked`: each figure of the page leads to its way back; an indicator of several counts has none of its own.
    """
    way = "Each figure links to its source." if is_linked else "The underlying counts are on the territories' pages."
    st.query_params["release"] = here.id
    st.html(
        f'<div class="rti-foot">Source: {escape(words.citation(here.release))} '
        f"Drafted {escape(str(here.release['drafted_at'])[:10])}; data up to "
        f"{escape(words.period_short(here.release['reference_period']))}. "
        f"{way}</div>"
    )


def put(*parts: str) -> None:
    """HTML parts one after the other; empty ones are left out."""
    for part in parts:
        if part:
            st.html(part)


def quote(text: str, here: Frame) -> None:
    """The sentence that can be said aloud, with its source."""
    st.html(
        f'<blockquote class="rti-quote">{escape(text)}<cite>Source: {escape(words.citation(here.release))}</cite>'
        "</blockquote>"
    )


def panels(charts: Sequence[tuple[Any, str]], *, key: str) -> None:
    """Small multiples that flow to the width of the screen (a grid, in `style.css`)."""
    with st.container(key=f"panels-{key}", gap="small"):
        for chart, spoken in charts:
            st.altair_chart(chart, alt=spoken, width="stretch", theme=None)
