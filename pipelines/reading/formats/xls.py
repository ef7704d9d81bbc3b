"""Read old Excel workbooks (BIFF, `.xls`) by xlrd with formatting: merges, hidden parts, notes, raised runs.

BIFF keeps formulas in a form that xlrd does not return, so `formula` stays empty here and a formula that was never
calculated cannot be distinguished from its stored value.
"""

from __future__ import annotations

import io
from collections import defaultdict
from collections.abc import Iterator
from typing import Any

from pipelines.model.content import Cell, CellKind, Grid, ReadError, Remark, Scalar, Table, Where
from pipelines.reading.formats.common import (
    MAX_COLUMN,
    MAX_ROW,
    MAX_SHEETS,
    CellCounter,
    column_letters,
    malformed_error,
    number_text,
    split_runs,
)

RULES: dict[str, tuple[str, str]] = {}

_EXACT = 2**53
"""Whole numbers below this are stored exactly."""
_make_tuple: Any = tuple.__new__
"""Constructor of a named tuple without the call of its own `__new__`, which took a tenth of the time of a workbook."""
_TEXT, _NUMBER = 1, 2
"""Cell types of xlrd, which is imported only when a workbook is read."""
_MACRO_MARKS = ("_VBA_PROJECT_CUR".encode("utf-16-le"), "_VBA_PROJECT".encode("utf-16-le"))


def read_file(data: bytes, *, encodings: tuple[str, ...] = ()) -> Grid:
    """Return all sheets, each as a table. `encodings[0]` is used for BIFF 5 and older if the file names no codepage.

    Raises ReadError: read.encrypted, read.macros, read.malformed, read.too_many_cells, read.spread_too_large,
    read.far_cell, read.too_many_sheets.
    """
    import xlrd

    if any(mark in data for mark in _MACRO_MARKS):
        raise ReadError("read.macros", part="VBA")
    try:
        book = xlrd.open_workbook(
            file_contents=data, formatting_info=True, ragged_rows=True, on_demand=True, logfile=io.StringIO()
        )
        try:
            return _read_grid(book)
        finally:
            book.release_resources()
    except (ReadError, MemoryError):
        raise
    except Exception as error:  # xlrd passes on struct.error, AssertionError, IndexError, CompDocError and others
        if "encrypted" in str(error).casefold() or "password" in str(error).casefold():
            raise ReadError("read.encrypted") from error
        raise malformed_error("xls", error) from error


def _read_grid(book: Any) -> Grid:
    gate = CellCounter()
    remarks = []
    tables = []
    if book.nsheets > MAX_SHEETS:
        raise ReadError("read.too_many_sheets", limit=MAX_SHEETS)
    for index in range(book.nsheets):
        name = book.sheet_names()[index]
        sheet = book.sheet_by_index(index)
        hidden = sheet.visibility != 0
        if hidden:
            remarks.append(Remark("read.hidden_sheet", Where(sheet=name), {"name": name}))
        tables.append(Table(name, tuple(_read_cells(book, sheet, gate)), None, hidden))
        book.unload_sheet(index)
    properties: dict[str, Scalar] = {"date_system": 1904 if book.datemode == 1 else 1900}
    properties["biff"] = book.biff_version
    if book.encoding:
        properties["encoding"] = book.encoding
    return Grid("xls", tuple(tables), properties, tuple(remarks))


def _find_hidden(sheet: Any) -> tuple[frozenset[int], frozenset[int]]:
    rows = {n for n, info in sheet.rowinfo_map.items() if info.hidden or info.height == 0}
    columns = {n for n, info in sheet.colinfo_map.items() if info.hidden or info.width == 0}
    return frozenset(rows), frozenset(columns)


def _read_cells(book: Any, sheet: Any, gate: CellCounter) -> list[Cell]:
    """Return the cells of a sheet row by row; rows with merged areas or notes take a slower path."""
    hidden_rows, hidden_columns = _find_hidden(sheet)
    anchors: dict[tuple[int, int], tuple[int, int]] = {}
    for top, bottom, left_column, right_column in sheet.merged_cells:
        gate.count_covered(
            Where(sheet.name, f"{column_letters(left_column + 1)}{top + 1}"),
            (bottom - top) * (right_column - left_column),
        )
        for row in range(top, bottom):
            for column in range(left_column, right_column):
                anchors[row, column] = (top, left_column)
    notes = {position: note.text for position, note in sheet.cell_note_map.items() if note.text}
    special: dict[int, set[int]] = defaultdict(set)
    for row, column in (*anchors, *notes):
        special[row].add(column)
    formats = _FormatsByStyle(book)
    letters = [column_letters(column + 1) for column in range(sheet.ncols)]
    cells: list[Cell] = []
    for row in sorted({*range(sheet.nrows), *special}):
        stored = range(sheet.row_len(row)) if row < sheet.nrows else range(0)
        row_hidden = row in hidden_rows
        first = len(cells)
        if row not in special:
            row_cells = _read_plain_row(book, sheet, row, formats, letters, hidden_columns, row_hidden)
            if row_cells:
                _count_filled(row_cells[-1], len(row_cells), gate)
                cells += row_cells
            continue
        for column in sorted({*stored, *special[row]}):
            position = (row, column)
            anchor = anchors.get(position, position)
            text, value, kind, number_format, marks, struck = _read_content(book, sheet, formats, *anchor)
            note = notes.get(anchor)
            if kind == "blank" and position not in anchors and note is None:
                continue
            cells.append(
                Cell(
                    row + 1,
                    column + 1,
                    text,
                    value,
                    Where(sheet.name, f"{column_letters(column + 1)}{row + 1}"),
                    kind,
                    (anchor[0] + 1, anchor[1] + 1),
                    anchor != position,
                    row_hidden or column in hidden_columns,
                    None,
                    number_format,
                    note,
                    marks,
                    struck,
                )
            )
        _count_cells(cells[first:], gate)
    return cells


def _read_plain_row(
    book: Any,
    sheet: Any,
    row: int,
    formats: _FormatsByStyle,
    letters: list[str],
    hidden_columns: frozenset[int],
    row_hidden: bool,
) -> list[Cell]:
    """Return the filled cells of a row without merged areas and notes; most without a call for each."""
    name, number, digits = sheet.name, row + 1, str(row + 1)
    whole_numbers, ordinary = formats.whole_numbers, formats.ordinary
    rich_texts = sheet.rich_text_runlist_map
    cells: list[Cell] = []
    stored = zip(sheet.row_types(row), sheet.row_values(row), sheet._cell_xf_indexes[row], strict=True)
    hidden = row_hidden
    for column, (ctype, raw, style) in enumerate(stored):
        if hidden_columns:
            hidden = row_hidden or column in hidden_columns
        marks = struck = None
        number_format: str | None = ordinary[style]
        if number_format is _SPECIAL:
            text, value, kind, number_format, marks, struck = _read_content(book, sheet, formats, row, column)
        elif ctype == _NUMBER and (whole := whole_numbers[raw]) is not None:
            value, text = whole
            kind = "number"
        elif ctype == _TEXT and raw != "" and (row, column) not in rich_texts:
            text = value = raw
            kind = "text"
        else:
            text, value, kind, number_format, marks, struck = _read_content(book, sheet, formats, row, column)
        if kind != "blank":
            r, c = number, column + 1
            where = _make_tuple(Where, (name, letters[column] + digits, None, None, None, None, None, None))
            # fmt: off
            cells.append(_make_tuple(Cell, (
                r, c, text, value, where, kind, (r, c), False, hidden, None, number_format, None, marks, struck,
            )))
            # fmt: on
    return cells


def _count_cells(row: list[Cell], gate: CellCounter) -> None:
    count = len(row) - [cell.kind for cell in row].count("blank")
    if count:
        _count_filled(next(cell for cell in reversed(row) if cell.kind != "blank"), count, gate)


def _count_filled(last: Cell, count: int, gate: CellCounter) -> None:
    """Count the filled cells of a row, the last of which is given."""
    gate.count_filled(last.where, count)
    if last.row > MAX_ROW or last.column > MAX_COLUMN:
        raise ReadError("read.far_cell", last.where, row=last.row, column=last.column)


class _WholeNumbers(dict[float, tuple[int, str] | None]):
    """The whole number that a stored number is, and its text; None for any other. Small counts repeat."""

    def __missing__(self, raw: float) -> tuple[int, str] | None:
        whole = int(raw)
        self[raw] = (whole, str(whole)) if whole == raw and -_EXACT < whole < _EXACT else None
        return self[raw]


class _OrdinaryStyles(dict[int | None, str | None]):
    """Number format of each style that changes neither text nor value, _SPECIAL for every other."""

    def __init__(self, formats: _FormatsByStyle) -> None:
        super().__init__()
        self.formats = formats

    def __missing__(self, style: int | None) -> str | None:
        number_format = self.formats[style]
        is_percent = number_format is not None and "%" in number_format
        self[style] = _SPECIAL if is_percent or style in self.formats.struck else number_format
        return self[style]


_SPECIAL = "a number format that is compared by identity"


class _FormatsByStyle(dict[int | None, str | None]):
    """Number format of each cell style of a workbook, looked up once, and the styles that are struck through."""

    def __init__(self, book: Any) -> None:
        super().__init__()
        self.book = book
        fonts = book.font_list
        self.struck = frozenset(
            number
            for number, style in enumerate(book.xf_list)
            if style.font_index < len(fonts) and fonts[style.font_index].struck_out
        )
        self.whole_numbers = _WholeNumbers()
        self.ordinary = _OrdinaryStyles(self)

    def __missing__(self, style: int | None) -> str | None:
        number_format = None
        if style is not None and style < len(self.book.xf_list):
            entry = self.book.format_map.get(self.book.xf_list[style].format_key)
            number_format = entry.format_str if entry is not None else None
        self[style] = number_format
        return number_format


_Content = tuple[str, Scalar, CellKind, str | None, str | None, str | None]


def _read_content(book: Any, sheet: Any, formats: _FormatsByStyle, row: int, column: int) -> _Content:
    import xlrd

    if row >= sheet.nrows or column >= sheet.row_len(row):
        return "", None, "blank", None, None, None
    ctype = sheet.cell_type(row, column)
    raw = sheet.cell_value(row, column)
    style = sheet.cell_xf_index(row, column)
    number_format = formats[style]
    is_struck = style in formats.struck
    if ctype == xlrd.XL_CELL_TEXT and raw != "":
        if not is_struck and (row, column) not in sheet.rich_text_runlist_map:
            return raw, raw, "text", number_format, None, None
        text, marks, struck = split_runs(_iter_runs(book, sheet, row, column, raw, is_struck=is_struck))
        return text, text, "text", number_format, marks, struck
    kind: CellKind
    value: Scalar
    if ctype == xlrd.XL_CELL_NUMBER:
        value = int(raw) if raw == int(raw) and abs(raw) < 2**53 else raw
        text, kind = number_text(value, number_format), "number"
    elif ctype == xlrd.XL_CELL_DATE:
        value = text = _format_iso(raw, book.datemode)
        kind = "date"
    elif ctype == xlrd.XL_CELL_BOOLEAN:
        text, value, kind = "TRUE" if raw else "FALSE", bool(raw), "bool"
    elif ctype == xlrd.XL_CELL_ERROR:
        value = text = xlrd.error_text_from_code.get(raw, f"#ERR{raw}")
        kind = "error"
    else:
        return "", None, "blank", number_format, None, None
    return text, value, kind, number_format, None, text if is_struck else None


def _iter_runs(
    book: Any, sheet: Any, row: int, column: int, raw: str, *, is_struck: bool
) -> Iterator[tuple[str, bool, bool]]:
    """Yield the runs of type of a text: (text, whether it is raised, whether it is struck through)."""
    runs = sheet.rich_text_runlist_map.get((row, column)) or []
    yield raw[: runs[0][0] if runs else len(raw)], False, is_struck
    ends = [start for start, _ in runs[1:]] + [len(raw)]
    for (start, number), end in zip(runs, ends, strict=False):
        font = book.font_list[number] if number < len(book.font_list) else None
        yield raw[start:end], font is not None and font.escapement == 1, font is not None and bool(font.struck_out)


def _format_iso(serial: float, datemode: int) -> str:
    """Format a date serial as ISO text: a date, a date with time, or below one day a time."""
    import xlrd

    if 0 <= serial < 1:
        seconds = round(serial * 86_400)
        return f"{seconds // 3600 % 24:02d}:{seconds // 60 % 60:02d}:{seconds % 60:02d}"
    try:
        moment = xlrd.xldate_as_datetime(serial, datemode)
    except (xlrd.XLDateError, OverflowError, ValueError):
        return str(serial)
    if (moment.hour, moment.minute, moment.second) == (0, 0, 0):
        return str(moment.date().isoformat())
    return str(moment.isoformat(timespec="seconds"))
