"""Render components for Python code that composes them, such as the fields of a table.

Each function calls the macro of its name in `templates/components.html`, so that a component has one definition.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field, replace
from functools import cache
from typing import Any
from urllib.parse import quote, urlencode

from markupsafe import Markup, escape

from pipelines.design.environment import make_environment, mark_code

Part = str | Markup
"""A `str` is escaped when it is put into HTML; `Markup` is escaped already."""


@dataclass(frozen=True)
class PageRow:
    """One row of a table: its heading, its fields, an anchor to link to, and a kind (a CSS class)."""

    heading: Part
    fields: tuple[Part, ...]
    anchor: str = ""
    kind: str = ""


@dataclass(frozen=True)
class PageTable:
    """A table: caption, the heading of the heading column, the other columns, and which of them hold numbers."""

    caption: str
    corner: str
    columns: Sequence[str]
    rows: Sequence[PageRow]
    numbers: frozenset[int] = field(default_factory=frozenset)
    wide: bool = False
    quiet: bool = False
    """The caption is for screen readers only, because a heading above it has the same text."""
    name: str = ""
    """Name of a table on a static page: its fields have neither the heading of their column nor a class of their own,
    which would be half of a large page. A script adds the headings, which a narrow screen shows with each field."""

    def __html__(self) -> str:
        return render_table(self)


@cache
def _macros() -> Any:
    return make_environment().get_template("design/components.html").module


def _render(name: str, *arguments: Any, **options: Any) -> Markup:
    markup: Markup = getattr(_macros(), name)(*arguments, **options)
    return markup


def join_parts(parts: Iterable[Part], between: str = "") -> Markup:
    """Join parts, escaping plain text; `between` is HTML."""
    return Markup(between).join(parts)  # noqa: S704


def page_address(page: str, **query: str | Sequence[str]) -> str:
    """Return the address of a page; a parameter with several values is repeated."""
    pairs = [(key, item) for key, value in query.items() for item in ([value] if isinstance(value, str) else value)]
    return f"{page}?{urlencode(pairs, quote_via=quote, safe='')}" if pairs else page


def render_link(text: Part, href: str) -> Markup:
    """Return a link."""
    return _render("link", text, href)


def render_whole(text: Part) -> Markup:
    """Return a text that stays on one line, such as a number with its unit."""
    return Markup('<span class="rti-whole">{}</span>').format(text)


def render_badge(kind: str, sign: str, text: Part) -> Markup:
    """Return a state in words with its sign; the colour only repeats them."""
    return _render("badge", kind, sign, text)


def render_button(text: str, name: str, value: str, *, about: str = "") -> Markup:
    """Return a button that submits a value with its form; `about` is for screen readers only."""
    return _render("button", text, name, value, about=about)


def render_table(table: PageTable) -> Markup:
    """Return a table, its caption above the part that scrolls."""
    return _render("table", table)


def drop_empty_columns(table: PageTable) -> PageTable:
    """Return the table without its empty columns."""
    filled_columns = [i for i in range(len(table.columns)) if any(row.fields[i] for row in table.rows)]
    rows = [replace(row, fields=tuple(row.fields[i] for i in filled_columns)) for row in table.rows]
    numbers = frozenset(filled_columns.index(i) for i in table.numbers if i in filled_columns)
    return replace(table, columns=[table.columns[i] for i in filled_columns], rows=rows, numbers=numbers)


def render_facts(pairs: Iterable[tuple[str, Part]]) -> Markup:
    """Return a list of terms and their descriptions, skipping empty ones."""
    return _render("facts", list(pairs))


def render_list(parts: Iterable[Part], kind: str = "") -> Markup:
    """Return a list; empty text if it has no items."""
    return Markup(_render("items", list(parts), kind).strip())  # noqa: S704 - rendered by a macro that escapes


def render_notice(kind: str, title: Part, body: Part = "", *, anchor: str = "", level: int = 2) -> Markup:
    """Return a box: a note, a warning, a receipt. With an anchor it can receive the focus."""
    return _render("notice", kind, title, body, anchor, level)


def render_small(text: Part) -> Markup:
    """Return a paragraph in small type."""
    return _render("small", text)


def render_paragraph(text: Part) -> Markup:
    """Return a paragraph."""
    return Markup("<p>{}</p>").format(text)


def render_sparkline(values: Sequence[float | None], alternative: str, *, width: int = 132, height: int = 26) -> Markup:
    """Return the course of a series as a line with the last point marked; missing values leave a gap.

    Fewer than two values have no course: the text is empty.
    """
    numbers = [value for value in values if value is not None]
    if len(numbers) < 2:
        return Markup("")
    low, high = min(numbers), max(numbers)
    step = (width - 8) / max(len(values) - 1, 1)
    points = [
        None if value is None else (4 + i * step, height - 4 - (value - low) / ((high - low) or 1) * (height - 8))
        for i, value in enumerate(values)
    ]
    runs: list[list[str]] = [[]]
    for point in points:
        if point is None:
            runs.append([])
        else:
            runs[-1].append(f"{point[0]:.1f},{point[1]:.1f}")
    last = next(point for point in reversed(points) if point is not None)
    end = (f"{last[0]:.1f}", f"{last[1]:.1f}")
    return _render("sparkline", [" ".join(run) for run in runs if len(run) > 1], end, alternative, width, height)


__all__ = [
    "Markup",
    "PageRow",
    "PageTable",
    "Part",
    "drop_empty_columns",
    "escape",
    "join_parts",
    "mark_code",
    "page_address",
    "render_badge",
    "render_button",
    "render_facts",
    "render_link",
    "render_list",
    "render_notice",
    "render_paragraph",
    "render_small",
    "render_sparkline",
    "render_table",
]  # fmt: skip
