"""Build HTML tables that work with a screen reader, a keyboard and a printer; each figure links to its source.

Streamlit sanitises the result, so it contains no script.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from html import escape
from typing import Any
from urllib.parse import quote

from dashboards import words
from dashboards.words import indicators
from pipelines.publication.provenance.explain import figure_id

_NARROW = 4
"""Columns of figures that fit next to each other on a telephone."""
_SHORT = 14
"""Letters of a column name that fit next to their figure in half the width of a telephone."""


@dataclass(frozen=True)
class Cell:
    """One field: text, the same in words, marks of notes, link target, and kind (a CSS class)."""

    text: str
    spoken: str = ""
    marks: tuple[str, ...] = ()
    href: str = ""
    kind: str = "value"


@dataclass(frozen=True)
class Line:
    """One row of a table: its heading with marks, its fields, and whether it is styled as a total."""

    heading: Cell
    cells: tuple[Cell, ...]
    is_total: bool = False


def source_address(release: str, cell: Mapping[str, Any]) -> str:
    """Return the address of the page that explains the source of a figure."""
    return f"source?cell={quote(figure_id(release, cell), safe='')}"


def figure_cell(
    release: str,
    cell: Mapping[str, Any] | None,
    notes: words.Notes,
    *,
    what: str = "",
    rate: bool = False,
) -> Cell:
    """Return a count or its rate with notes and source link; without a row, 'not collected' and no link."""
    if cell is None:
        absent = words.format_absent()
        return Cell(absent.text, absent.spoken, kind=absent.kind)
    count_or_rate = words.format_rate(cell) if rate else words.format_count(cell)
    marks = words.mark_notes(cell, notes, of_rate=rate)
    basis = indicators.BASIS.get(str(cell.get("rate_basis"))) if rate and count_or_rate.kind == "value" else None
    if basis is not None:
        marks = (*marks, notes.number_note(basis))
    spoken = f"{what}: {count_or_rate.spoken}" if what else count_or_rate.spoken
    if count_or_rate.kind == "value" and words.is_few(cell):
        return Cell(count_or_rate.text, f"{spoken}, {words.TOO_FEW}", marks, source_address(release, cell), "few")
    return Cell(count_or_rate.text, spoken, marks, source_address(release, cell), count_or_rate.kind)


def few_cell(shown: words.FormattedFigure, what: str, marks: tuple[str, ...] = (), *, is_few: bool) -> Cell:
    """Return a figure as a field; if it is too few to compare, the state comes first and the figure is set back after
    it."""
    if not is_few:
        return Cell(shown.text, f"{what}: {shown.spoken}", marks, kind=shown.kind)
    return Cell(f"{words.TOO_FEW}: {shown.text}", f"{what}: {words.TOO_FEW}, {shown.spoken}", marks, kind="few")


def render_table(
    caption: str,
    columns: Sequence[str],
    lines: Iterable[Line],
    *,
    corner: str = "",
    text: bool = False,
) -> str:
    """Return an HTML table: caption, one heading column, fields. `text` aligns its fields left, as for words.

    On a narrow screen, each line of a table of words, or of one with more columns of figures than fit, becomes a block
    with one field per line, or two if all column names are short.
    """
    stacked = not text and len(columns) > _NARROW
    in_pairs = stacked and max(map(len, columns)) <= _SHORT
    head = "".join(f'<th scope="col">{escape(column)}</th>' for column in columns)
    body = "".join(_render_line(line, columns) for line in lines)
    kinds = {"rti-table": True, "rti-words": text, "rti-stacked": stacked, "rti-pairs": in_pairs}
    kind = " ".join(name for name, holds in kinds.items() if holds)
    label = escape(caption, quote=True)
    # The caption is outside the scrolling element, so that a narrow screen shows all of it.
    return (
        f'<div class="rti-caption" aria-hidden="true">{escape(caption)}</div>'
        f'<div class="rti-scroll" role="region" tabindex="0" aria-label="{label}">'
        f'<table class="{kind}" aria-label="{label}">'
        f'<thead><tr><th scope="col">{escape(corner)}</th>{head}</tr></thead><tbody>{body}</tbody></table></div>'
    )


def _render_line(line: Line, columns: Sequence[str]) -> str:
    kind = ' class="rti-total"' if line.is_total else ""
    heading = f'<th scope="row">{_render_content(line.heading)}</th>'
    # Each field carries its column name, because on a narrow screen a table of words is read row by row (`style.css`).
    fields = "".join(
        f'<td class="rti-{cell.kind}" data-column="{escape(column, quote=True)}">{_render_content(cell)}</td>'
        for column, cell in zip(columns, line.cells, strict=True)
    )
    return f"<tr{kind}>{heading}{fields}</tr>"


def _render_content(cell: Cell) -> str:
    marks = f"<sup>{escape(','.join(cell.marks))}</sup>" if cell.marks else ""
    text = escape(cell.text)
    if cell.href:
        label = escape(cell.spoken or cell.text, quote=True)
        return f'<a href="{escape(cell.href, quote=True)}" target="_self" aria-label="{label}">{text}</a>{marks}'
    if cell.spoken and cell.spoken != cell.text:
        return f'<span role="img" aria-label="{escape(cell.spoken, quote=True)}">{text}</span>{marks}'
    return f"{text}{marks}"


def render_notes(
    notes: words.Notes, names: Iterable[tuple[str, str]] = (), *, title: str = "Notes to this selection"
) -> str:
    """Return the notes of a selection as a list: marks of names first, then the numbered notes; empty text if there
    are none."""
    items = [f'<li><span class="rti-mark">{escape(mark)}</span> {escape(text)}</li>' for mark, text in names]
    items += [
        f'<li><span class="rti-mark">{number}</span> {escape(text)}</li>'
        for number, text in enumerate(notes.texts, start=1)
    ]
    if not items:
        return ""
    # Not a heading: the notes of the first table would come directly under the title of the page, a level too low.
    heading = f'<p class="rti-notes-title">{escape(title)}</p>' if title else ""
    return f'<div class="rti-notes">{heading}<ul>{"".join(items)}</ul></div>'


def render_legend(*extra: tuple[str, str]) -> str:
    """Return the legend of the symbols, for the page of the table that uses them."""
    items = "".join(
        f"<div><dt>{escape(symbol)}</dt><dd>{escape(text)}</dd></div>" for symbol, text in (*words.LEGEND, *extra)
    )
    items += f'<div><dt class="rti-few">7</dt><dd>{escape(words.FEW_LEGEND)}</dd></div>'
    return f'<dl class="rti-legend" aria-label="Symbols">{items}</dl>'


def render_facts(pairs: Iterable[tuple[str, str]]) -> str:
    """Return a list of terms and their descriptions, skipping empty ones."""
    items = "".join(f"<div><dt>{escape(term)}</dt><dd>{escape(text)}</dd></div>" for term, text in pairs if text)
    return f'<dl class="rti-facts">{items}</dl>'
