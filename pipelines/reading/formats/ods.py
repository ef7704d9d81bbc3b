"""Read OpenDocument spreadsheets (`.ods`) by lxml over content.xml: repeats, spans, hidden parts, annotations.

Runs behind `zipguard.inspect_container`, which has counted repeats and spans before anything is expanded here.
"""

from __future__ import annotations

import io
import math
import re
import zipfile
from collections.abc import Iterator
from typing import Any

from pipelines.model.content import CellKind, Grid, ReadError, Remark, Scalar, SourceCell, SourceTable, Where
from pipelines.reading.formats import budget
from pipelines.reading.formats.common import SplitText, column_letters, malformed_error, plain_number, split_runs
from pipelines.reading.formats.xmlguard import ContainerContents
from pipelines.reading.formats.zipguard import inspect_container

RULES: dict[str, tuple[str, str]] = {}

_OFFICE = "{urn:oasis:names:tc:opendocument:xmlns:office:1.0}"
_TABLE = "{urn:oasis:names:tc:opendocument:xmlns:table:1.0}"
_TEXT = "{urn:oasis:names:tc:opendocument:xmlns:text:1.0}"
_STYLE = "{urn:oasis:names:tc:opendocument:xmlns:style:1.0}"
_NUMBER = "{urn:oasis:names:tc:opendocument:xmlns:datastyle:1.0}"
_CALC = "{urn:org:documentfoundation:names:experimental:calc:xmlns:calcext:1.0}"
_ROW_GROUPS = {f"{_TABLE}{name}" for name in ("table-row-group", "table-rows", "table-header-rows")}
_COLUMN_GROUPS = {f"{_TABLE}{name}" for name in ("table-column-group", "table-columns", "table-header-columns")}
_REMOVED = {f"{_TEXT}{name}" for name in ("hidden-text", "hidden-paragraph", "deletion")}
_CODES = {
    "year": "yyyy", "month": "mm", "day": "dd", "hours": "hh", "minutes": "mm", "seconds": "ss",
    "text-content": "@", "scientific-number": "0E+00", "fraction": "# ?/?",
}  # fmt: skip
_CONDITION = re.compile(r"\s*value\(\)\s*(<=|>=|!=|<|>|=)\s*(-?\d+(?:\.\d+)?)\s*")
_SIGNS = {"!=": "<>"}
_ERROR = re.compile(r"#(REF!|N/A|VALUE!|NAME\?|DIV/0!|NUM!|NULL!)$|Err:\d{3}$")


def read_file(data: bytes, *, encodings: tuple[str, ...] = (), contents: ContainerContents | None = None) -> Grid:
    """Return all sheets, each as a table; `encodings` is not used.

    Raises ReadError: the guard's, read.malformed.
    """
    from lxml import etree

    contents = contents or inspect_container(data)
    budget.raise_for_file("ods", len(data), contents.unpacked)
    parser = etree.XMLParser(resolve_entities=False, no_network=True, load_dtd=False, huge_tree=False)
    trees: dict[str, Any] = {}
    try:
        with zipfile.ZipFile(io.BytesIO(data)) as archive:
            for name in ("content.xml", "styles.xml"):
                if name in contents.names:
                    trees[name] = etree.fromstring(archive.read(name), parser)
    except (etree.XMLSyntaxError, zipfile.BadZipFile) as error:
        raise malformed_error("ods", error) from error
    body = trees["content.xml"].find(f"{_OFFICE}body/{_OFFICE}spreadsheet") if "content.xml" in trees else None
    if body is None:
        raise ReadError("read.malformed", format="ods", detail="no spreadsheet in content.xml")
    styles = _Styles(trees)
    remarks = list(contents.remarks)
    tables: list[SourceTable] = []
    for sheet in body.iterchildren(f"{_TABLE}table"):
        name = sheet.get(f"{_TABLE}name", f"Sheet{len(tables) + 1}")
        hidden = sheet.get(f"{_TABLE}style-name") in styles.hidden_tables or sheet.get(f"{_TABLE}display") == "false"
        if hidden:
            remarks.append(Remark("read.hidden_sheet", Where(sheet=name), {"name": name}))
        tables.append(SourceTable(name, tuple(_Sheet(name, sheet, styles).read_cells()), None, hidden))
    return Grid("ods", tuple(tables), {}, tuple(remarks))


class _Styles:
    """Properties of styles that a reader needs: hidden sheets, number formats, raised text."""

    def __init__(self, trees: dict[str, Any]) -> None:
        self.hidden_tables: set[str] = set()
        self.raised: set[str] = set()
        self.struck: set[str] = set()
        """Styles of text that is struck through or hidden."""
        self._parents: dict[str, str] = {}
        self._strikes: dict[str, bool] = {}
        self.data_style: dict[str, str] = {}
        self.formats: dict[str, str] = {}
        for tree in trees.values():
            for style in tree.iter(f"{_STYLE}style"):
                self._read_style(style)
            data_styles = {
                str(name): style for style in tree.iter(f"{_NUMBER}*") if (name := style.get(f"{_STYLE}name"))
            }
            self.formats |= {name: _format_code(style, data_styles) for name, style in data_styles.items()}
        self.struck = {name for name in {*self._parents, *self._strikes} if self._inherits_strike(name)}

    def _inherits_strike(self, name: str) -> bool:
        """Return True if a style, or the nearest of its parents that says so, strikes its text through."""
        visited: set[str] = set()
        while name not in self._strikes:
            if name in visited or name not in self._parents:
                return False
            visited.add(name)
            name = self._parents[name]
        return self._strikes[name]

    def _read_style(self, style: Any) -> None:
        name = style.get(f"{_STYLE}name")
        if name is None:
            return
        if (parent := style.get(f"{_STYLE}parent-style-name")) is not None:
            self._parents[name] = parent
        data_style = style.get(f"{_STYLE}data-style-name")
        if data_style is not None:
            self.data_style[name] = data_style
        for child in style:
            if child.tag == f"{_STYLE}table-properties" and child.get(f"{_TABLE}display") == "false":
                self.hidden_tables.add(name)
            if child.tag == f"{_STYLE}text-properties":
                lines = [child.get(f"{_STYLE}text-line-through-{part}") for part in ("style", "type")]
                hides = child.get(f"{_TEXT}display") in ("none", "condition")
                if hides or any(line is not None for line in lines):
                    self._strikes[name] = hides or any(line not in (None, "none") for line in lines)
                position = child.get(f"{_STYLE}text-position", "")
                first = position.split(" ")[0]
                if first == "super" or (first.endswith("%") and not first.startswith("-") and first not in ("0%", "")):
                    self.raised.add(name)

    def number_format(self, cell_style: str | None) -> str | None:
        """Return the number format of a cell style as a spreadsheet format code; None for General."""
        if cell_style is None:
            return None
        return self.formats.get(self.data_style.get(cell_style, ""), None) or None


def _format_code(style: Any, others: dict[str, Any]) -> str:
    """Convert a data style to a format code: `0.00`, `#,##0`, `0%`, `yyyy-mm-dd`, `[>0]0;"-"`.

    ODF 1.3 part 3, 16.3 writes a part with a condition as a style of its own, named by the last part (16.3.8).
    """
    parts = []
    for condition in style.iter(f"{_STYLE}map"):
        other_style = others.get(condition.get(f"{_STYLE}apply-style-name", ""))
        condition_match = _CONDITION.fullmatch(condition.get(f"{_STYLE}condition", ""))
        if other_style is not None and condition_match is not None:
            parts.append(
                f"[{_SIGNS.get(condition_match[1], condition_match[1])}{condition_match[2]}]{_part_code(other_style)}"
            )
    return ";".join([*parts, _part_code(style)])


def _part_code(style: Any) -> str:
    """Convert one section of a data style to a format code."""
    pieces = []
    for part in style:
        local = part.tag.rpartition("}")[2] if isinstance(part.tag, str) else ""
        if local == "number":
            decimals = int(part.get(f"{_NUMBER}decimal-places", "0") or 0)
            integer_part = "#,##0" if part.get(f"{_NUMBER}grouping") == "true" else "0"
            divisor = min(max(float(part.get(f"{_NUMBER}display-factor", "1") or 1), 1), 1e18)
            thousands = "," * math.ceil(round(math.log(divisor, 1000), 6))
            pieces.append(integer_part + ("." + "0" * min(decimals, 20) if decimals else "") + thousands)
        elif local == "text":
            # The percent sign is a text like any other here; every other text is quoted in a format code.
            words = part.text or ""
            pieces.append(words if words.strip() == "%" or not words.strip() else f'"{words}"')
        else:
            pieces.append(_CODES.get(local, ""))
    return "".join(pieces)


class _Sheet:
    """One table:table, expanded to cells."""

    def __init__(self, name: str, element: Any, styles: _Styles) -> None:
        self.name = name
        self.element = element
        self.styles = styles
        self.columns: list[tuple[int, int, bool, str | None]] = []
        self.out: dict[tuple[int, int], SourceCell] = {}

    def read_cells(self) -> list[SourceCell]:
        """Return filled cells and all positions of spans, in reading order."""
        self._read_columns()
        row = 1
        for element in _iter_through_groups(self.element, f"{_TABLE}table-row", _ROW_GROUPS):
            repeat = _repeat_count(element, "number-rows-repeated")
            self._read_row(element, row, repeat)
            row += repeat
        return [self.out[position] for position in sorted(self.out)]

    def _read_columns(self) -> None:
        column = 1
        for element in _iter_through_groups(self.element, f"{_TABLE}table-column", _COLUMN_GROUPS):
            repeat = _repeat_count(element, "number-columns-repeated")
            hidden = element.get(f"{_TABLE}visibility") in ("collapse", "filter")
            style = element.get(f"{_TABLE}default-cell-style-name")
            self.columns.append((column, column + repeat - 1, hidden, style))
            column += repeat

    def _column_at(self, column: int) -> tuple[bool, str | None]:
        for first, last, hidden, style in self.columns:
            if first <= column <= last:
                return hidden, style
        return False, None

    def _read_row(self, element: Any, row: int, repeat: int) -> None:
        """Read a row, repeated as stated, and the cells in it."""
        hidden = element.get(f"{_TABLE}visibility") in ("collapse", "filter")
        row_style = element.get(f"{_TABLE}default-cell-style-name")
        column = 1
        for cell in element:
            if cell.tag not in (f"{_TABLE}table-cell", f"{_TABLE}covered-table-cell"):
                continue
            column_repeat = _repeat_count(cell, "number-columns-repeated")
            rows_spanned = _repeat_count(cell, "number-rows-spanned")
            columns_spanned = _repeat_count(cell, "number-columns-spanned")
            spans = rows_spanned * columns_spanned > 1
            content = None
            if len(cell) or spans or cell.get(f"{_OFFICE}value-type") or cell.get(f"{_TABLE}formula"):
                style = cell.get(f"{_TABLE}style-name") or row_style or self._column_at(column)[1]
                content = self._read_content(cell, self.styles.number_format(style), style in self.styles.struck)
            if content is not None and (spans or content[2] != "blank" or content[5] is not None):
                for down in range(repeat):
                    for right in range(column_repeat):
                        self._put_cells(row + down, column + right, content, hidden, rows_spanned, columns_spanned)
            column += column_repeat

    def _put_cells(self, row: int, column: int, content: _Content, hidden: bool, rows: int, columns: int) -> None:
        """Store a cell at all positions that it spans."""
        text, value, kind, formula, number_format, note, marks, struck = content
        for r in range(row, row + rows):
            for c in range(column, column + columns):
                if (r, c) in self.out and self.out[r, c].spread:
                    continue  # text left under a merged area is invisible to its owner; the area's own content is not
                where = Where(self.name, f"{column_letters(c)}{r}")
                self.out[r, c] = SourceCell(
                    r,
                    c,
                    text,
                    value,
                    where,
                    kind,
                    (row, column),
                    (r, c) != (row, column),
                    hidden or self._column_at(c)[0],
                    formula,
                    number_format,
                    note,
                    marks,
                    struck,
                )

    def _read_content(self, cell: Any, number_format: str | None, is_struck: bool) -> _Content:
        (text, marks, struck), note = self._read_texts(cell, is_struck)
        content = self._read_typed(cell, text, number_format, note, marks)
        if is_struck and struck is None and content[2] != "blank":
            struck = content[0]
        return (*content, struck)

    def _read_typed(
        self, cell: Any, text: str, number_format: str | None, note: str | None, marks: str | None
    ) -> _TypedContent:
        formula = cell.get(f"{_TABLE}formula")
        if formula is not None:
            formula = "=" + formula.partition(":=")[2] if ":=" in formula else formula
        kind = cell.get(f"{_OFFICE}value-type")
        if cell.get(f"{_CALC}value-type") == "error" or (formula is not None and _ERROR.match(text)):
            return text, text, "error", formula, number_format, note, None
        if kind in ("float", "currency", "percentage"):
            number = _parse_number(cell.get(f"{_OFFICE}value"))
            return text or plain_number(number), number, "number", formula, number_format, note, marks
        if kind == "date":
            iso = cell.get(f"{_OFFICE}date-value", "").removesuffix("T00:00:00")
            return text or iso, iso, "date", formula, number_format, note, marks
        if kind == "time":
            return text, cell.get(f"{_OFFICE}time-value", ""), "date", formula, number_format, note, marks
        if kind == "boolean":
            truth = cell.get(f"{_OFFICE}boolean-value") == "true"
            return text or ("TRUE" if truth else "FALSE"), truth, "bool", formula, number_format, note, marks
        if kind == "string" or text:
            stored = cell.get(f"{_OFFICE}string-value")
            words = text or (stored or "")
            if words == "" and formula is None:
                return "", None, "blank", None, number_format, note, None
            return words, words, "text", formula, number_format, note, marks
        if formula is not None:
            return formula, None, "formula", formula, number_format, note, None
        return "", None, "blank", None, number_format, note, None

    def _read_texts(self, cell: Any, is_struck: bool) -> tuple[SplitText, str | None]:
        """Return the text of a cell by runs of type, and its annotation; paragraphs are lines."""
        runs: list[tuple[str, bool, bool]] = []
        note: str | None = None
        paragraphs = 0
        for child in cell:
            if child.tag == f"{_TEXT}p":
                paragraphs += 1
                if paragraphs > 1:
                    runs.append(("\n", False, False))
                style = child.get(f"{_TEXT}style-name")
                self._collect_runs(child, runs, False, is_struck or style in self.styles.struck)
            elif child.tag == f"{_OFFICE}annotation":
                note = "\n".join("".join(p.itertext()) for p in child.iter(f"{_TEXT}p")) or None
        return split_runs(runs), note

    def _collect_runs(self, element: Any, runs: list[tuple[str, bool, bool]], is_raised: bool, is_struck: bool) -> None:
        """Collect the runs of type of an element: (text, whether it is raised, whether it is struck through)."""
        if element.text:
            runs.append((element.text, is_raised, is_struck))
        for child in element:
            if child.tag == f"{_TEXT}s":
                runs.append((" " * min(_number_of_spaces(child), 1000), is_raised, is_struck))
            elif child.tag == f"{_TEXT}tab":
                runs.append(("\t", is_raised, is_struck))
            elif child.tag == f"{_TEXT}line-break":
                runs.append(("\n", is_raised, is_struck))
            elif child.tag == f"{_OFFICE}annotation":
                pass
            elif isinstance(child.tag, str):
                style = child.get(f"{_TEXT}style-name")
                is_removed = child.tag in _REMOVED or style in self.styles.struck
                self._collect_runs(child, runs, is_raised or style in self.styles.raised, is_struck or is_removed)
            if child.tail:
                runs.append((child.tail, is_raised, is_struck))


_TypedContent = tuple[str, Scalar, CellKind, str | None, str | None, str | None, str | None]
_Content = tuple[str, Scalar, CellKind, str | None, str | None, str | None, str | None, str | None]


def _iter_through_groups(parent: Any, wanted: str, groups: set[str]) -> Iterator[Any]:
    """Yield rows or columns of a table in order, through header and outline groups, not into nested tables."""
    for child in parent:
        if child.tag == wanted:
            yield child
        elif child.tag in groups:
            yield from _iter_through_groups(child, wanted, groups)


def _repeat_count(element: Any, name: str) -> int:
    value = element.get(f"{_TABLE}{name}")
    return max(int(value), 1) if value is not None and value.isdigit() else 1


def _number_of_spaces(element: Any) -> int:
    value = element.get(f"{_TEXT}c", "1")
    return int(value) if value.isdigit() and len(value) < 6 else 1


def _parse_number(text: str | None) -> int | float:
    try:
        value = float(text or "")
    except ValueError as error:
        raise ReadError("read.malformed", format="ods", detail=f"number {text!r}") from error
    return int(value) if value == int(value) and abs(value) < 2**53 else value
