"""Read old Excel workbooks (BIFF, `.xls`) by xlrd with formatting: merges, hidden parts, notes, raised runs.

BIFF keeps formulas in a form that xlrd does not return, so `formula` stays empty here and a formula that was never
calculated cannot be distinguished from its stored value.
"""

from __future__ import annotations

import io
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
)

RULES: dict[str, tuple[str, str]] = {}

_SHEET_KINDS = {0: "sheet", 1: "macro sheet", 2: "chart", 6: "module"}
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
    positions = {(row, column) for row in range(sheet.nrows) for column in range(sheet.row_len(row))}
    notes = {position: note.text for position, note in sheet.cell_note_map.items() if note.text}
    cells = []
    for position in sorted(positions | anchors.keys() | notes.keys()):
        row, column = position
        anchor = anchors.get(position, position)
        content = _read_content(book, sheet, *anchor)
        note = notes.get(anchor)
        if content[2] == "blank" and position not in anchors and note is None:
            continue
        where = Where(sheet.name, f"{column_letters(column + 1)}{row + 1}")
        if content[2] != "blank":
            gate.count_filled(where)
            if row >= MAX_ROW or column >= MAX_COLUMN:
                raise ReadError("read.far_cell", where, row=row + 1, column=column + 1)
        text, value, kind, number_format, marks = content
        cells.append(
            Cell(
                row + 1,
                column + 1,
                text,
                value,
                where,
                kind,
                (anchor[0] + 1, anchor[1] + 1),
                anchor != position,
                row in hidden_rows or column in hidden_columns,
                None,
                number_format,
                note,
                marks,
            )
        )
    return cells


_Content = tuple[str, Scalar, CellKind, str | None, str | None]


def _read_content(book: Any, sheet: Any, row: int, column: int) -> _Content:
    import xlrd

    if row >= sheet.nrows or column >= sheet.row_len(row):
        return "", None, "blank", None, None
    ctype = sheet.cell_type(row, column)
    raw = sheet.cell_value(row, column)
    number_format = _number_format_of(book, sheet, row, column)
    if ctype == xlrd.XL_CELL_TEXT and raw != "":
        text, marks = _split_raised(book, sheet, row, column, raw)
        return text, text, "text", number_format, marks
    if ctype == xlrd.XL_CELL_NUMBER:
        value = int(raw) if raw == int(raw) and abs(raw) < 2**53 else raw
        return number_text(value, number_format), value, "number", number_format, None
    if ctype == xlrd.XL_CELL_DATE:
        iso = _format_iso(raw, book.datemode)
        return iso, iso, "date", number_format, None
    if ctype == xlrd.XL_CELL_BOOLEAN:
        return "TRUE" if raw else "FALSE", bool(raw), "bool", number_format, None
    if ctype == xlrd.XL_CELL_ERROR:
        word = xlrd.error_text_from_code.get(raw, f"#ERR{raw}")
        return word, word, "error", number_format, None
    return "", None, "blank", number_format, None


def _number_format_of(book: Any, sheet: Any, row: int, column: int) -> str | None:
    index = sheet.cell_xf_index(row, column)
    if index is None or index >= len(book.xf_list):
        return None
    entry = book.format_map.get(book.xf_list[index].format_key)
    return entry.format_str if entry is not None else None


def _split_raised(book: Any, sheet: Any, row: int, column: int, raw: str) -> tuple[str, str | None]:
    """Return the text without its raised runs, and the raised runs as marks."""
    runs = sheet.rich_text_runlist_map.get((row, column))
    if not runs:
        return raw, None
    plain: list[str] = [raw[: runs[0][0]]]
    raised: list[str] = []
    ends = [start for start, _ in runs[1:]] + [len(raw)]
    for (start, font), end in zip(runs, ends, strict=True):
        is_raised = font < len(book.font_list) and book.font_list[font].escapement == 1
        (raised if is_raised else plain).append(raw[start:end])
    if not "".join(plain).strip():
        return raw, None
    return "".join(plain), "".join(raised).strip() or None


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
