"""Build HTML tables that work with a screen reader, a keyboard and a printer; each figure links to its source.

Streamlit sanitises the result, so it contains no script. Marks of notes and the word "few" cannot be selected
(`style.css`), so that a copied table has the figures alone.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from html import escape
from typing import Any
from urllib.parse import quote

from dashboards.public import queries
from pipelines import words
from pipelines.core import i18n
from pipelines.core.i18n import mark
from pipelines.publication.provenance.figure_ids import figure_id
from pipelines.words import indicators
from pipelines.words.language import current_language, tell
from pipelines.words.line_breaks import SHORT_STATE, keep_heading_whole

_TELEPHONE = 288
"""Width of a table on a telephone of 320 pixels, in pixels."""
_LETTER, _HEADING_LETTER, _PADDING, _FIRST_COLUMN = 7.6, 7.0, 8, 83
"""Widths in such a table (`style.css`): a letter of a field and of a heading, the padding of a field, the first column
at least."""
_SHORT = 14
"""Letters of a column name, and of its figures, that fit next to each other in half the width of a telephone."""
_INTERVAL = re.compile(r" (\([^()]*\))")
_INTERVAL_START = ' <span class="rti-interval"'
_BAND = re.compile(r"\d+\u2013\d+")
"""A number of persons in a band, such as "20–49", which is not broken into two lines."""
NOTES_TITLE = mark("Notes to this table")


@dataclass(frozen=True)
class Cell:
    """One field: text, the same in words, marks of notes, link target, and kind (a CSS class).

    A field with a number has it with its 95% confidence interval, as displayed, for downloads.
    """

    text: str
    spoken: str = ""
    marks: tuple[str, ...] = ()
    href: str = ""
    kind: str = "value"
    value: float | None = None
    low: float | None = None
    high: float | None = None
    base: str = ""
    """Coverage of this figure alone, where the figures of a table differ in it."""
    language: str = ""
    """Tag of the language of the text, if it is not that of the page."""
    pieces: tuple[tuple[str, str], ...] = ()
    """Parts of the text with the tag of the language of each, if they are not all in one."""


@dataclass(frozen=True)
class Line:
    """One row of a table: its heading with marks, its fields, and whether it is styled as a total."""

    heading: Cell
    cells: tuple[Cell, ...]
    is_total: bool = False


@dataclass(frozen=True)
class Table:
    """A table as shown and as downloaded: caption, columns, lines, the notes that its marks refer to, its coverage.

    `names` are the marks and footnotes of names of territories; `text` aligns its fields left, as for words.
    """

    caption: str
    columns: tuple[str, ...]
    lines: tuple[Line, ...]
    corner: str = ""
    text: bool = False
    notes: words.Notes = field(default_factory=words.Notes)
    names: tuple[tuple[str, str], ...] = ()
    coverage: str = ""
    is_share: bool = False
    """True for shares, where few may be in the part or in the rest."""

    def select_names(self) -> tuple[tuple[str, str], ...]:
        """Return the footnotes of names whose mark is in the table, its headings or its notes."""
        marks = {mark for line in self.lines for cell in (line.heading, *line.cells) for mark in cell.marks}
        texts = [self.caption, self.corner, *self.columns, *self.notes.texts, *self.notes.remarks]
        texts += [cell.text for line in self.lines for cell in (line.heading, *line.cells)]
        return tuple((mark, text) for mark, text in self.names if mark in marks or any(mark in part for part in texts))


def source_address(release: str, cell: Mapping[str, Any], made: str = "") -> str:
    """Return the address of the page that explains the source of a count, or of what is made of it: `rate`, or the
    dimension of a share; empty for a category that the release has no count of."""
    if cell.get("cell_id", "") is None:
        return ""
    suffix = f"&made={made}" if made else ""
    return f"source?cell={quote(figure_id(release, cell), safe='')}{suffix}&lang={current_language()}&release={release}"


def indicator_address(release: str, table: str, row: Mapping[str, Any]) -> str:
    """Return the address of the page that explains the counts or records behind an indicator."""
    names = queries.INDICATOR_KEYS[table]
    terms = ";".join(f"{name}={row[name]}" for name in names if row[name] is not None)
    return f"source?indicator={quote(f'{table}/{terms}', safe='')}&lang={current_language()}&release={release}"


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
        return value_cell(words.format_absent(), "")
    count_or_rate = words.format_rate(cell) if rate else words.format_count(cell)
    marks = words.mark_notes(cell, notes, of_rate=rate)
    basis = indicators.BASIS.get(str(cell.get("rate_basis"))) if rate and count_or_rate.kind == "value" else None
    if basis is not None:
        marks = (*marks, notes.number_note(basis))
    is_few = count_or_rate.kind == "value" and words.is_few(cell)
    return value_cell(count_or_rate, what, marks, source_address(release, cell, "rate" if rate else ""), is_few=is_few)


def value_cell(
    shown: words.FormattedFigure, what: str, marks: tuple[str, ...] = (), href: str = "", *, is_few: bool = False
) -> Cell:
    """Return a figure as a field; `what` names it for a screen reader, and `is_few` marks it as too few to compare."""
    spoken = f"{tell(words.TOO_FEW)}, {shown.spoken}" if is_few else shown.spoken
    return Cell(
        shown.text,
        f"{what}: {spoken}" if what else spoken,
        marks,
        href,
        "few" if is_few else shown.kind,
        shown.value,
        shown.low,
        shown.high,
    )


def arrange_notes(lines: Sequence[Line], notes: words.Notes) -> tuple[tuple[Line, ...], words.Notes]:
    """Return lines and notes with the notes numbered in reading order.

    A note of every figure of the table, and one that no field refers to, becomes a remark without a number.
    """
    fields = [cell for line in lines for cell in (line.heading, *line.cells)]
    figures = [cell for line in lines for cell in line.cells if cell.value is not None]
    marks = [mark for cell in fields for mark in sorted(_numbers_of(cell), key=int)]
    common = set.intersection(*map(_numbers_of, figures)) if len(figures) > 1 else set()
    common -= {mark for line in lines for mark in _numbers_of(line.heading)}
    order = [mark for mark in dict.fromkeys(marks) if mark not in common]
    new_numbers = {mark: str(place) for place, mark in enumerate(order, start=1)}
    # First, because each figure would have its mark.
    remarks = [words.describe_common_note(notes.texts[int(mark) - 1]) for mark in sorted(common, key=int)]
    remarks += notes.remarks
    remarks += [text for number, text in enumerate(notes.texts, start=1) if str(number) not in marks]

    renumbered = _renumber_lines(lines, new_numbers)
    return renumbered, words.Notes([notes.texts[int(mark) - 1] for mark in order], remarks, notes.unfolded, notes.uses)


def _renumber_lines(lines: Sequence[Line], new_numbers: Mapping[str, str]) -> tuple[Line, ...]:
    """Return lines with other numbers of their notes; a mark without a new number is left out, a symbol is kept."""

    def renumber_cell(cell: Cell) -> Cell:
        if not cell.marks:
            return cell
        new_marks = (new_numbers.get(mark, "" if mark.isdecimal() else mark) for mark in cell.marks)
        return replace(cell, marks=tuple(filter(None, new_marks)))

    return tuple(
        replace(line, heading=renumber_cell(line.heading), cells=tuple(map(renumber_cell, line.cells)))
        for line in lines
    )


def _numbers_of(cell: Cell) -> set[str]:
    return {mark for mark in cell.marks if mark.isdecimal()}


def render_table(
    caption: str,
    columns: Sequence[str],
    lines: Sequence[Line],
    *,
    corner: str = "",
    text: bool = False,
) -> str:
    """Return an HTML table: caption, one heading column, fields. `text` aligns its fields left, as for words.

    On a narrow screen, each line of a table of words, or of one whose columns of figures do not fit or that has the
    coverage of each figure, becomes a block with one field per line, or two if all names and figures are short.
    """
    cells = [cell for line in lines for cell in line.cells]
    stacked = not text and (any(cell.base for cell in cells) or not _fits_telephone(corner, columns, lines))
    in_pairs = stacked and all(len(part) <= _SHORT for part in (*columns, *(cell.text for cell in cells)))
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


def _fits_telephone(corner: str, columns: Sequence[str], lines: Sequence[Line]) -> bool:
    """Return True if the columns of a table fit next to each other on a telephone without breaking a word."""
    headings = (corner, *(line.heading.text for line in lines))
    width = max(_FIRST_COLUMN, _find_longest_word(headings) * _LETTER + _PADDING)
    for place, column in enumerate(columns):
        letters = max((_find_widest_part(line.cells[place]) for line in lines if place < len(line.cells)), default=0)
        width += max(_find_longest_word([column]) * _HEADING_LETTER, letters * _LETTER) + _PADDING
    return width <= _TELEPHONE


def _is_short_state(cell: Cell) -> bool:
    """Return True for words instead of a figure that are on one line, such as "not due"."""
    return cell.value is None and " " in cell.text and len(cell.text) <= SHORT_STATE


def _find_widest_part(cell: Cell) -> int:
    """Return the letters of the longest part of a field that has no line break in it."""
    return len(cell.text) if _is_short_state(cell) else _find_longest_word([cell.text])


def _find_longest_word(texts: Iterable[str]) -> int:
    """Return the letters of the longest word of some texts."""
    return max((len(word) for text in texts for word in text.split(" ")), default=0)


def _render_line(line: Line, columns: Sequence[str]) -> str:
    kind = ' class="rti-total"' if line.is_total else ""
    heading = f'<th scope="row">{_render_content(line.heading)}</th>'
    # Each field carries its column name, because on a narrow screen a table of words is read row by row (`style.css`).
    names = [escape(keep_heading_whole(column.rstrip("?")), quote=True) for column in columns]  # a colon follows them
    fields = "".join(
        f'<td class="rti-{cell.kind}" data-column="{name}">{_render_content(cell)}</td>'
        for name, cell in zip(names, line.cells, strict=True)
    )
    return f"<tr{kind}>{heading}{fields}</tr>"


def _render_content(cell: Cell) -> str:
    marks = f"<sup>{escape(format_marks(cell.marks))}</sup>" if cell.marks else ""
    text = _render_number(cell.text) if cell.value is not None else escape(cell.text)
    if _BAND.fullmatch(cell.text):
        text = f"{_INTERVAL_START.strip()}>{text}</span>"
    elif _is_short_state(cell):
        text = f'<span class="rti-whole">{text}</span>'
    if cell.pieces:
        text = "".join(wrap_language(escape(piece), language) for piece, language in cell.pieces)
    text = wrap_language(text, cell.language)
    is_badged = cell.kind == "few" and (cell.value != 0 or cell.low is not None)
    after = (
        f'<wbr><span class="rti-badge" aria-hidden="true">{escape(words.LEGEND["few"][0])}</span>' if is_badged else ""
    )
    after += marks
    after += f'<span class="rti-base" aria-hidden="true">{escape(cell.base)}</span>' if cell.base else ""
    if cell.href:
        # A title in another language has its language in the text, which an attribute cannot have.
        is_named = cell.spoken and cell.spoken != cell.text
        label = f' aria-label="{escape(cell.spoken, quote=True)}"' if is_named else ""
        # The name of a link must have all text that is seen in it (WCAG 2.5.3), and says the interval in words.
        figure, has_interval, ends = text.partition(_INTERVAL_START)
        hidden = ' aria-hidden="true"' if is_named else ""
        after = f"{_INTERVAL_START}{hidden}{ends}{after}" if has_interval else after
        return f'<a href="{escape(cell.href, quote=True)}" target="_self"{label}>{figure}</a>{after}'
    if cell.spoken and cell.spoken != cell.text:
        return f'<span role="img" aria-label="{escape(cell.spoken, quote=True)}">{text}</span>{after}'
    return f"{text}{after}"


def foreign_language(language: str = i18n.SOURCE_LANGUAGE) -> str:
    """Return the tag of a language for the attribute `lang`; empty if the page is in it.

    Declarations, notes of offices and most titles of publications are in English in every release.
    """
    return "" if language == current_language() else i18n.html_lang(language)


def compose_cell(pieces: Iterable[tuple[str, str]], *, kind: str = "value") -> Cell:
    """Return a field of several texts, one after the other, each with its language (empty for that of the page)."""
    tagged = _tag_pieces(pieces)
    text = "".join(text for text, _ in tagged)
    return Cell(text, kind=kind, pieces=tagged if any(language for _, language in tagged) else ())


def _tag_pieces(pieces: Iterable[tuple[str, str]]) -> tuple[tuple[str, str], ...]:
    """Return the texts that are not empty, with a space between them, each with the tag of its language for `lang`."""
    filled = [(text, foreign_language(language) if language else "") for text, language in pieces if text]
    return tuple((text if place == 0 else f" {text}", language) for place, (text, language) in enumerate(filled))


def wrap_language(html: str, language: str) -> str:
    """Return HTML with its language, if one is passed."""
    return f'<span lang="{escape(language, quote=True)}">{html}</span>' if language and html else html


def _render_number(text: str) -> str:
    """Return a number whose signs between thousands cannot be selected, since with them it would be pasted as
    text, and whose interval is not broken into two lines."""
    number = _INTERVAL.sub(rf"{_INTERVAL_START}>\1</span>", escape(text))
    return f'<span class="rti-separator">{words.thousands_sign()}</span>'.join(words.split_thousands(number))


def format_marks(marks: Iterable[str]) -> str:
    """Return marks of notes in their order, symbols first, with three or more in a row as a span: '*,1,3–5'."""
    distinct = list(dict.fromkeys(marks))
    numbers = sorted(int(mark) for mark in distinct if mark.isdecimal())
    spans: list[list[int]] = []
    for number in numbers:
        if spans and number == spans[-1][-1] + 1:
            spans[-1].append(number)
        else:
            spans.append([number])
    texts = [mark for mark in distinct if not mark.isdecimal()]
    for span in spans:
        texts += [f"{span[0]}\u2013{span[-1]}"] if len(span) > 2 else [str(number) for number in span]
    return ",".join(texts)


def render_notes(notes: words.Notes, names: Iterable[tuple[str, str]] = (), *, title: str | None = None) -> str:
    """Return the notes of a table as a list under a title: footnotes of names, numbered notes, then remarks, those
    beyond the limit folded; empty text if there are none."""
    items = _list_names(names)
    items += [
        (f'<li><span class="rti-mark">{number}</span> {escape(text)}</li>', notes.rank_note(text))
        for number, text in enumerate(notes.texts, start=1)
    ]
    items += [(f'<li class="rti-remark">{escape(text)}</li>', (words.NoteRank.REMARK, 0)) for text in notes.remarks]
    return _render_items(items, tell(NOTES_TITLE) if title is None else title)


def render_remarks(remarks: Iterable[Iterable[tuple[str, str]]], names: Iterable[tuple[str, str]]) -> str:
    """Return remarks as a list without a title, after the footnotes of names. Each remark is several texts with the
    language of each (empty for that of the page)."""
    items = _list_names(names)
    items += [
        (f'<li class="rti-remark">{_render_pieces(remark)}</li>', (words.NoteRank.REMARK, 0)) for remark in remarks
    ]
    return _render_items(items, "")


def _list_names(names: Iterable[tuple[str, str]]) -> list[tuple[str, words.Rank]]:
    """Return the footnotes of names with their marks, as items of a list of notes."""
    return [
        (f'<li><span class="rti-mark">{escape(mark)}</span> {escape(text)}</li>', (words.NoteRank.NAME, 0))
        for mark, text in names
    ]


def _render_items(items: Sequence[tuple[str, words.Rank]], heading_text: str) -> str:
    """Return notes as a list under a title, those beyond the limit folded; empty text if there are none."""
    if not items:
        return ""
    # Not a heading: the notes of the first table would come directly under the title of the page, a level too low.
    heading = f'<div class="rti-notes-title">{escape(heading_text)}</div>' if heading_text else ""
    visible, folded = words.fold_notes(items)
    more = (
        f"<details><summary>{words.count_more_notes(len(folded))}</summary><ul>{''.join(folded)}</ul></details>"
        if folded
        else ""
    )
    return f'<div class="rti-notes">{heading}<ul>{"".join(visible)}</ul>{more}</div>'


def explain_kind(kind: str, *, is_share: bool = False) -> str:
    """Return what the word of a kind of field means; next to a share, few may be in the part or in the rest."""
    return words.explain_few_share() if is_share and kind == "few" else words.LEGEND[kind][1]


def render_legend(
    kinds: Iterable[str] = tuple(words.LEGEND), extra: Iterable[tuple[str, str]] = (), *, is_share: bool = False
) -> str:
    """Return the legend of the words shown instead of figures, by their kinds."""
    listed_kinds = set(kinds)
    entries = [
        (
            f'<span class="rti-badge">{escape(symbol)}</span>' if kind == "few" else escape(symbol),
            explain_kind(kind, is_share=is_share),
        )
        for kind, (symbol, _) in words.LEGEND.items()
        if kind in listed_kinds
    ]
    entries += [(escape(symbol), text) for symbol, text in extra]
    items = "".join(f"<div><dt>{symbol}</dt><dd>{escape(text)}</dd></div>" for symbol, text in entries)
    return f'<dl class="rti-legend" aria-label="{escape(tell("Symbols"), quote=True)}">{items}</dl>' if items else ""


def list_kinds(table: Table) -> set[str]:
    """Return the kinds of the fields of a table that a legend explains."""
    cells = [cell for line in table.lines for cell in line.cells]
    # Some fields are styled as missing figures and have another word, such as "no records".
    kinds = {cell.kind for cell in cells if cell.kind == "few" or cell.text == words.LEGEND.get(cell.kind, ("",))[0]}
    return kinds | {"zero" for cell in cells if cell.value == 0}


def render_facts(pairs: Iterable[tuple[str, str | Sequence[tuple[str, str]]]], *, language: str = "") -> str:
    """Return a list of terms and their descriptions, skipping empty ones.

    A description is a text, or several texts with the language of each (empty for that of the page). `language` is
    that of all terms and descriptions if they are in another language than the page's.
    """
    described = [(term, escape(text) if isinstance(text, str) else _render_pieces(text)) for term, text in pairs]
    items = "".join(f"<div><dt>{escape(term)}</dt><dd>{html}</dd></div>" for term, html in described if html)
    attribute = f' lang="{escape(language, quote=True)}"' if language else ""
    return f'<dl class="rti-facts"{attribute}>{items}</dl>'


def _render_pieces(pieces: Iterable[tuple[str, str]]) -> str:
    return "".join(wrap_language(escape(text), language) for text, language in _tag_pieces(pieces))
