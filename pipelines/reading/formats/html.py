"""Read HTML tables by lxml: rowspan and colspan spread, raised type as marks, the line of each cell.

Also reads what spreadsheet programs save as HTML under the name `.xls`. Numbers stay texts: a reader that converted
`1.043` (one thousand forty-three) silently returned 1.043.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Any, NamedTuple

from pipelines.model.content import CellKind, Grid, ReadError, Remark, Scalar, SourceCell, SourceTable, Where
from pipelines.reading.formats.common import (
    MAX_CELLS,
    MAX_FORMATTED_CELLS,
    MAX_TABLES,
    CellCounter,
    malformed_error,
)
from pipelines.reading.formats.encoding import decode_text
from pipelines.reading.formats.html_rows import iter_rows
from pipelines.reading.formats.html_text import SPACES, UNSEEN, Styles, VisibleText, fold_line, read_styles

RULES: dict[str, tuple[str, str]] = {
    "read.html.frames": (
        "The page only points to other files that hold the tables (frames).",
        "Save it as a single workbook (.xlsx) and send that.",
    ),
    "read.html.cut": (
        "The page ends before <{tag}> is closed, so its end may be missing.",
        "Check that the last table is complete. If it is not, save the page again and send that.",
    ),
}

_META = re.compile(rb"<meta[^>]+charset\s*=\s*[\"']?\s*([A-Za-z0-9_.:-]+)", re.IGNORECASE)
_XML_DECLARATION = re.compile(r"^\s*<\?xml[^>]*\?>")
_END_OF_PAGE = re.compile(r"</(?:body|html)\s*>", re.IGNORECASE)
_END_OF_UNSEEN = {b"<!--": b"-->", b"<script": b"</script", b"<style": b"</style"}
_STRUCTURE = (*_END_OF_UNSEEN, b"<table", b"</table", b"<html", b"</html", b"</body")
_MAX_COLSPAN = 1_000
_MAX_ROWSPAN = 65_534


def read_file(data: bytes, *, encodings: tuple[str, ...] = (), alphabets: tuple[str, ...] = ()) -> Grid:
    """Return each table of the page, nested ones as tables of their own.

    The page's own `charset` takes precedence over `encodings`, but a wrong one is detected by the letters. Raises
    ReadError: read.encoding_unknown, read.encoding_ambiguous, read.no_table, read.html.frames, read.malformed,
    read.too_many_cells, read.spread_too_large, read.too_many_tables.
    """
    from lxml import etree

    decoded = decode_text(data, _encoding_candidates(data, encodings), alphabets)
    text = _XML_DECLARATION.sub(lambda match: "\n" * match[0].count("\n"), decoded.text)
    cut_tag = _find_unclosed_tag(text)
    # A browser shows what follows the end of the page, such as a second page in the same file; the parser drops it.
    text = _END_OF_PAGE.sub(lambda match: "\n" * match[0].count("\n"), text)
    # The parser of lxml.html calls a Python function for each element, to give it a class of its own.
    parser = etree.HTMLParser(encoding="utf-8", no_network=True, huge_tree=False)
    try:
        root = etree.fromstring(text.encode("utf-8"), parser=parser)
        if root is None:
            raise etree.ParserError("Document is empty")
    except (etree.ParserError, etree.XMLSyntaxError, ValueError) as error:
        raise malformed_error("html", error) from error
    reading = _Reading(read_styles(root))
    for number, element in enumerate(root.iter("table"), start=1):
        if number > MAX_TABLES:
            raise ReadError("read.too_many_tables", limit=MAX_TABLES)
        reading.read_table(number, element)
    if not reading.tables:
        raise ReadError("read.html.frames" if root.find(".//frameset") is not None else "read.no_table", format="html")
    remarks = []
    if decoded.guessed and not _META.search(data[:4096]):
        remarks.append(Remark("read.encoding_guessed", Where(), {"encoding": decoded.encoding}))
    if cut_tag is not None:
        remarks.append(Remark("read.html.cut", Where(line=text.count("\n") + 1), {"tag": cut_tag}))
    properties: dict[str, Scalar] = {"encoding": decoded.encoding}
    title = root.findtext(".//title")
    if title and title.strip():
        properties["title"] = SPACES.sub(" ", title).strip()
    texts = list(_iter_outside_texts(root))
    above = next((number for number, (_, text) in enumerate(texts) if text is None), 0)
    outside = tuple((where, text) for where, text in texts if text is not None)
    return Grid("html", tuple(reading.tables), properties, tuple(remarks), outside, above)


def _find_unclosed_tag(text: str) -> str | None:
    """Return `table` or `html` if the page opens one and never closes it, as a page does that was cut off."""
    data = text.encode("utf-8").lower()
    marks = sorted((at, mark) for mark in _STRUCTURE for at in _find_all(data, mark))
    open_tables = until = 0
    page_tags: set[bytes] = set()
    for at, mark in marks:
        after = at + len(mark)
        if at < until or (mark != b"<!--" and data[after : after + 1].isalnum()):
            continue
        if mark in _END_OF_UNSEEN:
            end = data.find(_END_OF_UNSEEN[mark], after)
            if end < 0:
                break
            until = end + 1
        elif mark == b"<table":
            open_tables += 1
        elif mark == b"</table":
            open_tables = max(open_tables - 1, 0)
        else:
            page_tags.add(mark)
    if open_tables:
        return "table"
    return "html" if b"<html" in page_tags and page_tags.isdisjoint((b"</html", b"</body")) else None


def _find_all(data: bytes, mark: bytes) -> Iterator[int]:
    at = data.find(mark)
    while at >= 0:
        yield at
        at = data.find(mark, at + 1)


def _iter_outside_texts(element: Any) -> Iterator[tuple[Where, str | None]]:
    """Yield texts outside tables, comments included, each with its line; None for each table between them."""
    for child in element:
        if not isinstance(child.tag, str):
            yield Where(line=child.sourceline), child.text or ""
        elif child.tag == "table":
            yield Where(line=child.sourceline), None
        elif child.tag not in ("script", "style", "title", "frameset"):
            text = SPACES.sub(" ", child.text or "").strip()
            if text:
                yield Where(line=child.sourceline), text
            yield from _iter_outside_texts(child)
        after = SPACES.sub(" ", child.tail or "").strip()
        if after:
            yield Where(line=child.sourceline), after


def _encoding_candidates(data: bytes, encodings: tuple[str, ...]) -> tuple[str, ...]:
    import codecs

    match = _META.search(data[:4096])
    if match is None:
        return encodings
    try:
        name = codecs.lookup(match[1].decode("ascii")).name
    except LookupError:
        return encodings
    # Browsers read latin-1 as windows-1252, and pages are written for browsers.
    name = {"iso8859-1": "windows-1252"}.get(name, name)
    return () if name.startswith("utf") and not encodings else tuple(dict.fromkeys((name, *encodings)))


class _Reading:
    """Tables of one page, read in document order."""

    def __init__(self, styles: Styles) -> None:
        self.styles = styles
        self.gate = CellCounter()
        self.tables: list[SourceTable] = []
        self.cells = 0
        self.attributes: dict[tuple[tuple[str, str], ...], _CellAttributes] = {}

    def read_table(self, number: int, element: Any) -> None:
        """Read one table; cells spanned from above or the left keep their positions."""
        cells_by_position: dict[tuple[int, int], SourceCell] = {}
        row = 0
        row_hidden = row_struck = False
        last_spanned = 0  # the last row into which a cell of an earlier row reaches
        last_part = None
        table_is_struck = self.styles.is_struck(element)
        new, gate = tuple.__new__, self.gate
        for row, (holder, cells_of_row) in enumerate(iter_rows(element), start=1):
            # Rows without attributes have the state of what contains them, the table or a part of it.
            part = holder.getparent() if holder.tag == "tr" and not holder.keys() else holder
            if part is not last_part:
                last_part, (row_hidden, row_struck) = part, self.styles.find_state(part, element)
                row_struck = row_struck or table_is_struck
            column, address = 0, f"R{row}C"
            for td in cells_of_row:
                column += 1
                while row <= last_spanned and (row, column) in cells_by_position:
                    column += 1
                hidden, stored, formula, note = row_hidden, None, None, None
                items = td.items()
                if items or row_struck or len(td):
                    attributes = self._read_attributes(td, items) if items else _NO_ATTRIBUTES
                    if not attributes.is_plain or row_struck or len(td):
                        self._read_cell(number, row, column, td, attributes, row_hidden, row_struck, cells_by_position)
                        if attributes.row_span > 1:
                            last_spanned = max(last_spanned, row + attributes.row_span - 1)
                        column += attributes.column_span - 1
                        continue
                    stored, formula, note = attributes.number, attributes.formula, attributes.note
                    hidden = row_hidden or attributes.is_hidden
                # A cell of one position without elements, as most are: with as few steps as possible.
                position = (row, column)
                content = td.text
                text = fold_line(content) if content else ""
                where = new(Where, (None, f"{address}{column}", None, None, number, td.sourceline, None, None))
                self.cells += 1
                if text:
                    gate.filled += 1
                if self.cells > MAX_FORMATTED_CELLS or gate.filled > MAX_CELLS:
                    self._check_limits(where)
                kind, value = ("number", stored) if stored is not None else ("text", text) if text else ("blank", None)
                # fmt: off
                cells_by_position[position] = new(SourceCell, (
                    row, column, text, value, where, kind, position, False, hidden, formula, None, note, None, None,
                ))
                # fmt: on
        cells = tuple(cells_by_position.values())
        if last_spanned:
            cells = tuple(cell for _, cell in sorted(cells_by_position.items()) if cell.row <= row)
        self.tables.append(
            SourceTable(f"table {number}", cells, _find_title(element, self.styles), self.styles.is_hidden(element))
        )

    def _read_attributes(self, td: Any, items: list[tuple[str, str]]) -> _CellAttributes:
        """Return the meaning of the attributes of a cell; office programs repeat a few of them for all cells."""
        key = tuple(items)
        attributes = self.attributes.get(key)
        if attributes is None:
            column_span, row_span = _parse_span(td, "colspan", _MAX_COLSPAN), _parse_span(td, "rowspan", _MAX_ROWSPAN)
            is_struck, stored = self.styles.is_struck(td), td.get("x:num")
            attributes = self.attributes[key] = _CellAttributes(
                not is_struck and column_span == row_span == 1,
                is_struck,
                self.styles.is_hidden(td),
                column_span,
                row_span,
                # Spreadsheet programs keep the stored number next to the text when they save as HTML.
                _parse_stored_number(stored) if stored else None,
                td.get("x:fmla"),
                td.get("title"),
            )
        return attributes

    def _check_limits(self, where: Where) -> None:
        """Raise ReadError if the cell at this place is one too many."""
        if self.cells > MAX_FORMATTED_CELLS:
            raise ReadError("read.too_many_formatted", where, limit=MAX_FORMATTED_CELLS)
        self.gate.count_filled(where, 0)

    def _read_cell(
        self,
        number: int,
        row: int,
        column: int,
        td: Any,
        attributes: _CellAttributes,
        hidden: bool,
        struck_row: bool,
        cells_by_position: dict[Any, SourceCell],
    ) -> None:
        words = VisibleText(td, self.styles, is_struck=struck_row or attributes.is_struck)
        text = words.text or words.struck or ""
        line = td.sourceline
        where = Where(table=number, cell=f"R{row}C{column}", line=line)
        self.cells += 1
        if text:
            self.gate.filled += 1
        self._check_limits(where)
        self.gate.count_covered(where, attributes.column_span * attributes.row_span - 1)
        kind: CellKind = "text" if text else "blank"
        value: Scalar = text or None
        if attributes.number is not None:
            kind, value = "number", attributes.number
        anchor = (row, column)
        hidden = hidden or attributes.is_hidden
        formula, note, marks, struck = attributes.formula, attributes.note, words.marks, words.struck
        for r in range(row, row + attributes.row_span):
            for c in range(column, column + attributes.column_span):
                position = (r, c)
                if position in cells_by_position:
                    continue  # overlapping spans: the first cell keeps the position
                is_spread = position != anchor
                if is_spread:
                    where = Where(None, f"R{r}C{c}", None, None, number, line)
                cells_by_position[position] = SourceCell(
                    r, c, text, value, where, kind, anchor, is_spread, hidden, formula, None, note, marks, struck
                )


class _CellAttributes(NamedTuple):
    """Meaning of the attributes of a cell; `number` is the number that a spreadsheet program stored.

    `is_plain` is True for a cell of one position that is not struck through.
    """

    is_plain: bool = True
    is_struck: bool = False
    is_hidden: bool = False
    column_span: int = 1
    row_span: int = 1
    number: int | float | None = None
    formula: str | None = None
    note: str | None = None


_NO_ATTRIBUTES = _CellAttributes()


def _parse_span(td: Any, name: str, most: int) -> int:
    value = td.get(name, "1").strip()
    return min(max(int(value), 1), most) if value.isdigit() and len(value) < 10 else 1


def _parse_stored_number(text: str) -> int | float | None:
    try:
        value = float(text)
    except ValueError:
        return None
    return int(value) if value == int(value) and abs(value) < 2**53 else value


def _find_title(table: Any, styles: Styles) -> str | None:
    """Return the caption, or the nearest heading or paragraph before the table that is not in a table itself."""
    caption = table.find("caption")
    if caption is not None:
        text = VisibleText(caption, styles).text
        if text:
            return text
    element = table
    while element is not None and element.tag not in ("body", "td", "th"):
        before = element.getprevious()
        while before is not None:
            if before.tag == "table":
                return None
            if isinstance(before.tag, str) and before.tag not in UNSEEN:
                text = VisibleText(before, styles).text
                if text:
                    return text
            before = before.getprevious()
        element = element.getparent()
    return None
