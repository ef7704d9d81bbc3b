"""Draw the parts of a page that have no controls, and keep what was composed for the readers who come later.

Composing the texts, tables and pictures of a page takes several times as long as sending them, and depends on nothing
but the release, the language and the reader's choices. A function with `keep_part` therefore composes a list of
elements, which is kept and drawn for each reader. What differs by reader, or by place on the page, is made when an
element is drawn: the terms that are explained at their first use, the numbers of controls, and citations.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from contextvars import ContextVar
from dataclasses import dataclass
from functools import wraps
from html import escape
from typing import Concatenate, Final, ParamSpec, Protocol

import streamlit as st

from dashboards.public import charts, tables
from dashboards.public.downloads import offer_pictures, offer_table
from dashboards.public.frame import Frame, explain_in_fold
from dashboards.public.own_html import put_own_html
from dashboards.public.problems import show_outdated_part
from dashboards.public.queries import OutdatedReleaseError
from dashboards.public.selection import read_selection
from pipelines.core.result_cache import ResultCache
from pipelines.words.language import current_language
from pipelines.words.line_breaks import keep_part_whole, keep_text_whole

Codes = ParamSpec("Codes")


class Element(Protocol):
    """Something that is drawn at once; `weight` is its letters."""

    @property
    def weight(self) -> int: ...

    def draw_element(self, frame: Frame) -> None: ...


@dataclass(frozen=True)
class Plain:
    """A text that needs nothing of the page around it."""

    text: str

    @property
    def weight(self) -> int:
        return len(self.text)

    def draw_element(self, frame: Frame) -> None:
        self.draw_text()

    def draw_text(self) -> None:
        """Draw the text as Markdown."""
        st.markdown(keep_text_whole(self.text))


class Html(Plain):
    """A text that is HTML; its terms are explained where a page has them first."""

    def draw_element(self, frame: Frame) -> None:
        put_own_html(frame.explain_html(self.text))

    def draw_text(self) -> None:
        """Draw the text as it is."""
        put_own_html(self.text)


class Svg(Plain):
    """A text that is HTML with SVG, which the sanitiser of `st.html` would remove."""

    def draw_text(self) -> None:
        """Draw the picture."""
        st.markdown(self.text, unsafe_allow_html=True)


class Heading(Plain):
    """The heading of a part of the page."""

    def draw_text(self) -> None:
        """Draw the heading."""
        st.header(keep_text_whole(self.text, is_title=True), anchor=False)


class LowerHeading(Plain):
    """The heading of a part below another one."""

    def draw_text(self) -> None:
        """Draw the heading."""
        st.subheader(keep_text_whole(self.text, is_title=True), anchor=False)


class Quote(Plain):
    """A sentence to quote, with its source; its terms are explained where the page has them first."""

    def draw_element(self, frame: Frame) -> None:
        quoted, source = frame.explain_terms(self.text), keep_part_whole(escape(frame.cite_source()))
        put_own_html(f'<blockquote class="rti-quote">{quoted}<cite>{source}</cite></blockquote>')


@dataclass(frozen=True)
class DrawnTable:
    """A table with its legend and notes as HTML, and the control to copy, download or cite it.

    Terms in its caption, headings and notes are explained where the page has them first."""

    title: str
    table: tables.Table
    html: str

    @property
    def weight(self) -> int:
        return len(self.html)

    def draw_element(self, frame: Frame) -> None:
        put_own_html(frame.explain_html(self.html))
        offer_table(frame, self.title, self.table, f"{next(frame.numbers)}.{self.table.corner}")


@dataclass(frozen=True)
class Pictures:
    """Pictures in a grid that adapts to the width of the screen (see `style.css`), and the control to save them."""

    pictures: Sequence[charts.Picture]
    rendered: Sequence[Svg]
    about: str
    key: str

    @property
    def weight(self) -> int:
        return sum(picture.weight for picture in self.rendered)

    def draw_element(self, frame: Frame) -> None:
        is_wide = any(picture.wide is not None for picture in self.pictures)
        with st.container(key=f"{'pictures' if is_wide else 'panels'}-{self.key}", gap="small"):
            for svg in self.rendered:
                svg.draw_text()
        offer_pictures(frame, self.pictures, self.about, self.key)


@dataclass(frozen=True)
class Fold:
    """A part of a page that a reader opens by its label."""

    label: str
    elements: Sequence[Element]

    @property
    def weight(self) -> int:
        return weigh_part(self.elements)

    def draw_element(self, frame: Frame) -> None:
        with st.expander(keep_text_whole(self.label)), explain_in_fold():
            for element in self.elements:
                element.draw_element(frame)


MOST_PARTS: Final = 4096
HEAVIEST: Final = 24_000_000
"""Most parts that are kept, and most letters of all of them together. The fields of a table are kept as well, for its
files, and are not counted."""


def weigh_part(elements: Sequence[Element]) -> int:
    """Return the letters of a part."""
    return sum(element.weight for element in elements)


kept_parts: Final = ResultCache[tuple[Element, ...]](MOST_PARTS, weigh_part, HEAVIEST)
_composed: ContextVar[list[Element] | None] = ContextVar("composed", default=None)
"""Elements of the part that is being composed."""


def put_element(element: Element, frame: Frame) -> None:
    """Draw an element, or add it to the part that is being composed."""
    elements = _composed.get()
    if elements is None:
        element.draw_element(frame)
    else:
        elements.append(element)


def put_text(element: Plain) -> None:
    """Draw a text, or add it to the part that is being composed."""
    elements = _composed.get()
    if elements is None:
        element.draw_text()
    else:
        elements.append(element)


@contextmanager
def _collect() -> Iterator[list[Element]]:
    elements: list[Element] = []
    token = _composed.set(elements)
    try:
        yield elements
    finally:
        _composed.reset(token)


@contextmanager
def open_fold(label: str) -> Iterator[None]:
    """Put what is drawn within a `with` statement into a part that a reader opens."""
    outer = _composed.get()
    if outer is None:
        with st.expander(keep_text_whole(label)), explain_in_fold():
            yield
        return
    with _collect() as elements:
        yield
    outer.append(Fold(label, tuple(elements)))


def keep_part(
    show: Callable[Concatenate[Frame, Codes], None],
) -> Callable[Concatenate[Frame, Codes], None]:
    """Return a function that draws a part of a page, and composes it once for all readers with the same choices.

    The arguments after the frame are part of the key, so that they must be hashable: codes, numbers and tuples of them,
    but no rows. The function must draw by the functions of `layout` alone, and ask for no choice. The choices that
    links carry to other pages are part of the key, too. A new release has another path; what was kept of the former
    one is dropped by what is newer. A part that the release lacks the tables or columns for says so, the first such
    part with the reason; the page goes on.
    """

    @wraps(show)
    def show_kept(frame: Frame, /, *codes: Codes.args, **named: Codes.kwargs) -> None:
        if _composed.get() is not None:
            show(frame, *codes, **named)
            return

        def compose_part() -> tuple[Element, ...]:
            with _collect() as elements:
                show(frame, *codes, **named)
            return tuple(elements)

        carried = tuple(sorted(read_selection().carried.items()))
        key = (show, frame.path, current_language(), carried, codes, tuple(sorted(named.items())))
        try:
            elements = kept_parts.get_or_make(key, compose_part)
        except OutdatedReleaseError as error:
            # A part that is redrawn alone shows the same as before.
            frame.lacking.append(show)
            show_outdated_part(error, is_first=frame.lacking[0] is show)
            return
        for element in elements:
            element.draw_element(frame)

    return show_kept
