"""XLSX workbooks by openpyxl, in full mode: formula and stored value, merges, hidden rows and columns, notes.

Runs behind `zipguard.inspect`, which has counted cells and merged positions.  openpyxl is loaded a second time for
stored values only where the guard saw a formula: without one, both loads give the same.
Does not belong here: meaning of cells, other spreadsheet formats.
"""

from __future__ import annotations

import datetime as dt
import io
import re
import warnings
from typing import Any

from pipelines.readers.common import column_letters, malformed, number_text
from pipelines.readers.model import Cell, CellKind, Grid, ReadError, Remark, Scalar, Table, Where
from pipelines.readers.zipguard import Contents, inspect

RULES: dict[str, tuple[str, str]] = {
    "read.xlsx.strict": (
        "The workbook is saved as 'Strict Open XML', which this system does not read.",
        "Save it as 'Excel Workbook (.xlsx)' and send that.",
    ),
    "read.xlsx.binary": (
        "The workbook is saved in the binary format (.xlsb).",
        "Save it as 'Excel Workbook (.xlsx)' and send that.",
    ),
}

_ESCAPED = re.compile(r"_x([0-9A-Fa-f]{4})_")


def looks_like(names: tuple[str, ...]) -> bool:
    """Whether a container with these part names is a workbook."""
    return any(name.casefold().startswith("xl/workbook") for name in names)


def read(data: bytes, *, encodings: tuple[str, ...] = (), contents: Contents | None = None) -> Grid:
    """All sheets, each a table; `encodings` has no meaning here.

    Raises ReadError: the guard's, read.malformed, read.xlsx.strict, read.xlsx.binary.
    """
    contents = contents or inspect(data)
    low = [name.casefold() for name in contents.names]
    if "xl/workbook.bin" in low:
        raise ReadError("read.xlsx.binary")
    book = _load(data, contents, values=False)
    stored = _load(data, contents, values=True) if contents.formulas else None
    try:
        return _grid(book, stored, contents)
    except ReadError:
        raise
    except (KeyError, ValueError, IndexError, AttributeError, TypeError) as error:
        raise malformed("xlsx", error) from error


def _load(data: bytes, contents: Contents, *, values: bool) -> Any:
    import openpyxl

    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            book = openpyxl.load_workbook(
                io.BytesIO(data), data_only=values, keep_links=False, rich_text=contents.superscripts
            )
    except MemoryError:
        raise
    except Exception as error:  # openpyxl lets KeyError, TypeError, ValueError, BadZipFile and others through
        if "strict" in str(error).casefold() or _is_strict(data):
            raise ReadError("read.xlsx.strict") from error
        raise malformed("xlsx", error) from error
    if not book.worksheets and not book.chartsheets and _is_strict(data):
        raise ReadError("read.xlsx.strict")
    return book


def _is_strict(data: bytes) -> bool:
    import zipfile

    with zipfile.ZipFile(io.BytesIO(data)) as archive:
        for name in archive.namelist():
            if name.casefold() == "xl/workbook.xml":
                return b"http://purl.oclc.org/ooxml/" in archive.read(name)
    return False


def _grid(book: Any, stored: Any, contents: Contents) -> Grid:
    remarks = list(contents.remarks)
    remarks += [Remark("read.chart_ignored", Where(sheet=c.title), {"name": c.title}) for c in book.chartsheets]
    tables: list[Table] = []
    formats = _number_formats(book)
    for sheet in book.worksheets:
        hidden = sheet.sheet_state != "visible"
        if hidden:
            remarks.append(Remark("read.hidden_sheet", Where(sheet=sheet.title), {"name": sheet.title}))
        values = None if stored is None else stored[sheet.title]._cells
        tables.append(Table(sheet.title, tuple(_cells(sheet, values, formats)), None, hidden))
    properties: dict[str, Scalar] = {"date_system": 1904 if book.epoch.year == 1904 else 1900}
    if book.properties.creator:
        properties["creator"] = book.properties.creator
    return Grid("xlsx", tuple(tables), properties, tuple(remarks))


class _Formats(dict[int, str]):
    """Number formats by id, looked up once each."""

    def __init__(self, custom: Any) -> None:
        super().__init__()
        self.custom = custom

    def __missing__(self, number: int) -> str:
        from openpyxl.styles.numbers import BUILTIN_FORMATS, BUILTIN_FORMATS_MAX_SIZE

        if number < BUILTIN_FORMATS_MAX_SIZE:
            found = BUILTIN_FORMATS.get(number, "General")
        else:
            index = number - BUILTIN_FORMATS_MAX_SIZE
            found = self.custom[index] if index < len(self.custom) else "General"
        self[number] = found
        return found


def _number_formats(book: Any) -> _Formats:
    return _Formats(book._number_formats)


def _hidden(sheet: Any) -> tuple[frozenset[int], frozenset[int]]:
    """Rows and columns that are not shown: hidden, or of height or width 0."""
    rows = {n for n, d in sheet.row_dimensions.items() if d.hidden or d.height == 0}
    columns: set[int] = set()
    for dimension in sheet.column_dimensions.values():
        if dimension.hidden or dimension.width == 0:
            first, last = dimension.min or 0, dimension.max or 0
            columns.update(range(first, min(last, 20_000) + 1))
    return frozenset(rows), frozenset(columns)


def _merged(sheet: Any) -> dict[tuple[int, int], tuple[int, int]]:
    anchors: dict[tuple[int, int], tuple[int, int]] = {}
    for area in sheet.merged_cells.ranges:
        anchor = (area.min_row, area.min_col)
        for row in range(area.min_row, area.max_row + 1):
            for column in range(area.min_col, area.max_col + 1):
                anchors[row, column] = anchor
    return anchors


def _cells(sheet: Any, values: Any, formats: _Formats) -> list[Cell]:
    title = sheet.title
    hidden_rows, hidden_columns = _hidden(sheet)
    anchors = _merged(sheet)
    found = sheet._cells
    positions = sorted(found.keys() | anchors.keys()) if anchors else sorted(found)
    out: list[Cell] = []
    content: dict[tuple[int, int], tuple[Any, ...]] = {}
    for position in positions:
        row, column = position
        anchor = anchors.get(position, position) if anchors else position
        if anchor != position and anchor in content:
            text, value, kind, formula, number_format, note, marks = content[anchor]
        else:
            source = found.get(anchor)
            text, value, kind, formula, number_format, note, marks = _content(source, values, formats)
            if position in anchors:
                content[position] = (text, value, kind, formula, number_format, note, marks)
            elif kind == "blank" and note is None:
                continue
        out.append(
            Cell(
                row,
                column,
                text,
                value,
                Where(title, f"{column_letters(column)}{row}"),
                kind,
                anchor,
                anchor != position,
                row in hidden_rows or column in hidden_columns,
                formula,
                number_format,
                note,
                marks,
            )
        )
    return out


_Content = tuple[str, Scalar, CellKind, str | None, str | None, str | None, str | None]


def _content(cell: Any, values: Any, formats: _Formats) -> _Content:
    if cell is None:
        return "", None, "blank", None, None, None, None
    comment = getattr(cell, "_comment", None)
    note = comment.text if comment is not None else None
    raw = getattr(cell, "_value", None)
    if raw is None:
        return "", None, "blank", None, None, note, None
    number_format = formats[cell._style.numFmtId]
    data_type = cell.data_type
    formula = None
    if data_type == "f":
        formula = _formula(raw)
        held = None if values is None else values.get((cell.row, cell.column))
        if held is None or held._value is None:
            if held is not None and held.data_type in ("str", "s"):
                return "", "", "text", formula, number_format, note, None
            return formula, None, "formula", formula, number_format, note, None
        raw, data_type = held._value, held.data_type
    if data_type == "n":
        return number_text(raw, number_format), raw, "number", formula, number_format, note, None
    if data_type == "s":
        text, marks = _text(raw)
        return text, text, "text", formula, number_format, note, marks
    if data_type == "b":
        return "TRUE" if raw else "FALSE", bool(raw), "bool", formula, number_format, note, None
    if data_type == "d":
        iso = _iso(raw)
        return iso, iso, "date", formula, number_format, note, None
    return str(raw), str(raw), "error", formula, number_format, note, None


def _formula(raw: Any) -> str:
    if isinstance(raw, str):
        return raw
    text = getattr(raw, "text", None)
    return f"{{{text}}}" if text else "{=TABLE()}"


def _text(raw: Any) -> tuple[str, str | None]:
    """The words of a text cell without its raised runs, and the raised runs as marks."""
    if isinstance(raw, str):
        return _unescape(raw), None
    plain: list[str] = []
    raised: list[str] = []
    for run in raw:
        font = getattr(run, "font", None)
        is_raised = font is not None and font.vertAlign == "superscript"
        (raised if is_raised else plain).append(str(run))
    if not "".join(plain).strip():
        return _unescape("".join(str(run) for run in raw)), None
    return _unescape("".join(plain)), _unescape("".join(raised)).strip() or None


def _unescape(text: str) -> str:
    """`_x000D_` is how OOXML writes a carriage return inside a text; openpyxl leaves it as it stands."""
    if "_x" not in text:
        return text
    return _ESCAPED.sub(lambda match: chr(int(match[1], 16)), text)


def _iso(raw: Any) -> str:
    if isinstance(raw, dt.datetime):
        if raw.time() == dt.time():
            return raw.date().isoformat()
        return raw.isoformat(timespec="seconds")
    if isinstance(raw, (dt.date, dt.time)):
        return raw.isoformat()
    return str(raw)
