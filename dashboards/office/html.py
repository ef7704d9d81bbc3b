"""Build the portal's HTML, readable by a screen reader, a keyboard and a printer: tables, lists, boxes, badges.

Text of files and people is escaped here; Streamlit sanitises everything in addition.
"""

from __future__ import annotations

import base64
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field, replace
from urllib.parse import quote, urlencode

from markupsafe import Markup, escape

Part = str | Markup
"""A `str` is escaped when it is put into HTML; `Markup` is escaped already."""


def join_parts(parts: Iterable[Part], between: str = "") -> Markup:
    """Join parts, escaping plain text."""
    return Markup(between).join(parts)


def page_address(page: str, **query: str | Sequence[str]) -> str:
    """Return the address of a portal page, relative to any other of its pages; a parameter with several values is
    repeated."""
    pairs = [(key, item) for key, value in query.items() for item in ([value] if isinstance(value, str) else value)]
    return f"{page}?{urlencode(pairs, quote_via=quote, safe='')}" if pairs else page


def render_link(text: Part, href: str) -> Markup:
    """Return a link that opens in this window."""
    return Markup('<a class="rti-link" href="{}" target="_self">{}</a>').format(href, text)


def render_pagination(label: str, *, newer: tuple[str, str | None], older: tuple[str, str | None]) -> Markup:
    """Return links to the neighbouring pages of a long list, each a text and an address; empty if there is only one
    page.

    Follows the pagination of the GOV.UK design system: a navigation landmark with a name, words and not only arrows.
    """
    links = join_parts(
        Markup('<a class="rti-link" rel="{}" href="{}" target="_self">{}</a>').format(rel, href, text)
        for rel, (text, href) in (("prev", newer), ("next", older))
        if href is not None
    )
    return Markup('<nav class="rti-pages" aria-label="{}">{}</nav>').format(label, links) if links else Markup("")


def render_badge(kind: str, sign: str, text: Part) -> Markup:
    """Return a state in words with its sign; the colour only repeats them."""
    return Markup('<span class="rti-badge rti-is-{}"><span aria-hidden="true">{}</span>&nbsp;{}</span>').format(
        kind, sign, text
    )


@dataclass(frozen=True)
class Row:
    """One row of a table: its heading, its fields, an anchor to link to, and a kind (a CSS class)."""

    heading: Part
    fields: tuple[Part, ...]
    anchor: str = ""
    kind: str = ""


@dataclass(frozen=True)
class Table:
    """A table: caption, the heading of the heading column, the other columns, and which of them hold numbers."""

    caption: str
    corner: str
    columns: Sequence[str]
    rows: Sequence[Row]
    numbers: frozenset[int] = field(default_factory=frozenset)
    wide: bool = False
    quiet: bool = False
    """The caption is for screen readers only, because a heading above it has the same text."""

    def __html__(self) -> str:
        return render_table(self)


def render_table(one: Table) -> Markup:
    """Return the table as HTML. Its caption is above the scrolling part; a narrow screen shows a row field by field
    (CSS)."""
    head = join_parts(
        Markup('<th scope="col"{}>{}</th>').format(Markup(' class="rti-number"') if i in one.numbers else "", column)
        for i, column in enumerate(one.columns)
    )
    body = join_parts(_render_row(one, row) for row in one.rows)
    above = (
        Markup("") if one.quiet else Markup('<div class="rti-caption" aria-hidden="true">{}</div>').format(one.caption)
    )
    return above + Markup(
        '<div class="rti-scroll" role="region" tabindex="0" aria-label="{caption}">'
        '<table class="rti-table rti-words{wide}"><caption class="rti-hidden">{caption}</caption>'
        '<thead><tr><th scope="col">{corner}</th>{head}</tr></thead><tbody>{body}</tbody></table></div>'
    ).format(caption=one.caption, corner=one.corner, head=head, body=body, wide=" rti-grid" if one.wide else "")


def drop_empty_columns(one: Table) -> Table:
    """Return the table without its empty columns."""
    filled_columns = [i for i in range(len(one.columns)) if any(row.fields[i] for row in one.rows)]
    rows = [replace(row, fields=tuple(row.fields[i] for i in filled_columns)) for row in one.rows]
    numbers = frozenset(filled_columns.index(i) for i in one.numbers if i in filled_columns)
    return replace(one, columns=[one.columns[i] for i in filled_columns], rows=rows, numbers=numbers)


def _render_row(whole_table: Table, row: Row) -> Markup:
    fields = join_parts(
        Markup('<td data-column="{}"{}>{}</td>').format(
            column, Markup(' class="rti-number"') if i in whole_table.numbers else "", part
        )
        for i, (column, part) in enumerate(zip(whole_table.columns, row.fields, strict=True))
    )
    attributes = Markup("")
    if row.anchor:
        attributes += Markup(' id="{}" tabindex="-1"').format(row.anchor)
    if row.kind:
        attributes += Markup(' class="rti-row-{}"').format(row.kind)
    return Markup('<tr{}><th scope="row">{}</th>{}</tr>').format(attributes, row.heading, fields)


def render_facts(pairs: Iterable[tuple[str, Part]]) -> Markup:
    """Return a list of terms and their descriptions, skipping empty ones."""
    items = join_parts(Markup("<div><dt>{}</dt><dd>{}</dd></div>").format(term, text) for term, text in pairs if text)
    return Markup('<dl class="rti-facts">{}</dl>').format(items)


def render_list(parts: Iterable[Part], kind: str = "") -> Markup:
    """Return a list; empty text if it has no items."""
    entries = join_parts(Markup("<li>{}</li>").format(part) for part in parts)
    return Markup('<ul class="rti-items {}">{}</ul>').format(kind, entries) if entries else Markup("")


def render_box(kind: str, title: Part, body: Part = "", *, anchor: str = "", level: int = 2) -> Markup:
    """Return a box: an error summary, a note, a receipt. With an anchor it can receive the focus."""
    attributes = Markup(' id="{}" tabindex="-1"').format(anchor) if anchor else Markup("")
    heading = Markup("<h{0}>{1}</h{0}>").format(level, title)
    return Markup('<section class="rti-box rti-box-{}"{}>{}{}</section>').format(kind, attributes, heading, body)


def render_note(text: Part) -> Markup:
    """Return a paragraph in small type."""
    return Markup('<p class="rti-small">{}</p>').format(text)


def render_picture(svg: str, spoken: str, *, width: int, height: int) -> Markup:
    """Return a small drawing with its text alternative. The sanitiser accepts SVG only as an image."""
    data = base64.b64encode(svg.encode()).decode()
    return Markup('<img class="rti-spark" alt="{}" width="{}" height="{}" src="data:image/svg+xml;base64,{}">').format(
        spoken, width, height, data
    )


def render_sparkline(values: Sequence[float | None], spoken: str, *, width: int = 132, height: int = 26) -> Markup:
    """Return the course of a series as a line with the last point marked; missing values leave a gap."""
    numbers = [v for v in values if v is not None]
    if len(numbers) < 2:
        return Markup("")
    low, high = min(numbers), max(numbers)
    step = (width - 8) / max(len(values) - 1, 1)
    points = [
        None if v is None else (4 + i * step, height - 4 - (v - low) / ((high - low) or 1) * (height - 8))
        for i, v in enumerate(values)
    ]
    runs: list[list[tuple[float, float]]] = [[]]
    for point in points:
        if point is None:
            runs.append([])
        else:
            runs[-1].append(point)
    lines = "".join(_spark_path(run) for run in runs if len(run) > 1)
    last = next(p for p in reversed(points) if p is not None)
    dot = f'<circle cx="{last[0]:.1f}" cy="{last[1]:.1f}" r="2.6" fill="#b35900"/>'
    svg = (
        f'<svg xmlns="http://www.w3.org/2000/svg" width="{width}" height="{height}" viewBox="0 0 {width} {height}">'
        f"{lines}{dot}</svg>"
    )
    return render_picture(svg, spoken, width=width, height=height)


def _spark_path(points: Sequence[tuple[float, float]]) -> str:
    where = " ".join(f"{x:.1f},{y:.1f}" for x, y in points)
    return f'<polyline fill="none" stroke="#1d4f7c" stroke-width="1.6" points="{where}"/>'


__all__ = [
    "Markup",
    "Part",
    "Row",
    "Table",
    "drop_empty_columns",
    "escape",
    "join_parts",
    "page_address",
    "render_badge",
    "render_box",
    "render_facts",
    "render_link",
    "render_list",
    "render_note",
    "render_picture",
    "render_sparkline",
    "render_table",
]  # fmt: skip
