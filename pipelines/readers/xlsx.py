"""XLSX workbooks by openpyxl, in full mode: formula and stored value, merges, hidden rows and columns, notes.

Runs behind `zipguard.inspect`, which has counted cells and merged positions and kept the stored result of each formula
on the way.  So the second load of openpyxl (for stored values) is needed only where a result is of a type that the
guard cannot tell by itself; the two give the same, which a test compares.
Does not belong here: meaning of cells, other spreadsheet formats.
"""

from __future__ import annotations

import datetime as dt
import io
import re
import warnings
from collections.abc import Iterator
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
    if contents.strict:
        raise ReadError("read.xlsx.strict")
    book = _load(data, contents, values=False)
    try:
        results = _results(book, contents)
        if results is None:
            results = _second_load(_load(data, contents, values=True))
        return _grid(book, results, contents)
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
        raise malformed("xlsx", error) from error
    return book


_Result = tuple[str, Any]
"""Type as openpyxl names it (`n s b d e`) and value of a formula's stored result."""
_Results = dict[str, dict[tuple[int, int], _Result]]


def _results(book: Any, contents: Contents) -> _Results | None:
    """Stored results by sheet from what the guard kept; None if that does not do for every one of them."""
    if not contents.formulas:
        return {}
    kinds = {"n": "n", "str": "s", "b": "b", "e": "e"}
    titles = {sheet.title for sheet in book.worksheets}
    out: _Results = {}
    for title, stored in contents.stored.items():
        if not stored:
            continue
        if title not in titles:
            return None
        sheet: dict[tuple[int, int], _Result] = {}
        for position, (kind, text) in stored.items():
            if kind not in kinds:
                return None
            if text or (text == "" and kind == "str"):
                sheet[position] = (kinds[kind], _typed(kind, text))
        out[title] = sheet
    return out


def _typed(kind: str, text: str) -> Any:
    if kind == "n":
        return float(text) if any(sign in text for sign in ".eE") else int(text)
    return text not in ("0", "false") if kind == "b" else text


def _second_load(book: Any) -> _Results:
    return {
        sheet.title: {
            position: ("s" if cell.data_type == "str" else cell.data_type, "" if cell._value is None else cell._value)
            for position, cell in sheet._cells.items()
            if getattr(cell, "_value", None) is not None or cell.data_type == "str"
        }
        for sheet in book.worksheets
    }


def _grid(book: Any, results: _Results, contents: Contents) -> Grid:
    remarks = list(contents.remarks)
    remarks += [Remark("read.chart_ignored", Where(sheet=c.title), {"name": c.title}) for c in book.chartsheets]
    tables: list[Table] = []
    formats = _Formats(book)
    for sheet in book.worksheets:
        hidden = sheet.sheet_state != "visible"
        if hidden:
            remarks.append(Remark("read.hidden_sheet", Where(sheet=sheet.title), {"name": sheet.title}))
        stored = results.get(sheet.title, {})
        tables.append(Table(sheet.title, tuple(_cells(sheet, stored, formats)), None, hidden))
    properties: dict[str, Scalar] = {"date_system": 1904 if book.epoch.year == 1904 else 1900}
    if book.properties.creator:
        properties["creator"] = book.properties.creator
    return Grid("xlsx", tuple(tables), properties, tuple(remarks), tuple(_outside(book)))


def _outside(book: Any) -> Iterator[tuple[Where, str]]:
    """Headers and footers of the printed sheets, and what the properties of the workbook say in words."""
    for sheet in book.worksheets:
        for side in ("oddHeader", "oddFooter", "evenHeader", "evenFooter", "firstHeader", "firstFooter"):
            for place in ("left", "center", "right"):
                if text := getattr(getattr(sheet, side), place).text:
                    yield Where(sheet=sheet.title, keyword=side[-6:]), text
    for name in ("title", "subject", "description", "keywords", "category"):
        if text := getattr(book.properties, name):
            yield Where(keyword=f"Property {name}"), str(text)


class _Formats(dict[int, str]):
    """Number formats by id, looked up once each."""

    def __init__(self, book: Any) -> None:
        super().__init__()
        self.custom = book._number_formats
        self.epoch = book.epoch

    def __missing__(self, number: int) -> str:
        from openpyxl.styles.numbers import BUILTIN_FORMATS, BUILTIN_FORMATS_MAX_SIZE

        if number < BUILTIN_FORMATS_MAX_SIZE:
            found = BUILTIN_FORMATS.get(number, "General")
        else:
            index = number - BUILTIN_FORMATS_MAX_SIZE
            found = self.custom[index] if index < len(self.custom) else "General"
        self[number] = found
        return found


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


def _cells(sheet: Any, values: dict[tuple[int, int], _Result], formats: _Formats) -> list[Cell]:
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


def _content(cell: Any, values: dict[tuple[int, int], _Result], formats: _Formats) -> _Content:
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
        held = values.get((cell.row, cell.column))
        if held is None:
            return formula, None, "formula", formula, number_format, note, None
        data_type, raw = held
        if data_type == "n":
            data_type, raw = _date_or_number(raw, number_format, formats.epoch)
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


def _date_or_number(raw: Any, number_format: str, epoch: Any) -> _Result:
    """A stored number is a date if its format shows one."""
    from openpyxl.styles.numbers import is_date_format, is_timedelta_format
    from openpyxl.utils.datetime import from_excel

    if not is_date_format(number_format):
        return "n", raw
    try:
        return "d", from_excel(raw, epoch, timedelta=is_timedelta_format(number_format))
    except (OverflowError, ValueError):
        return "e", "#VALUE!"


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
