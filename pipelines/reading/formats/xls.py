"""Read old Excel workbooks (BIFF, `.xls`) by xlrd with formatting: merges, hidden parts, notes, raised runs.

`xls_container.py` finds the workbook in its file, `xls_texts.py` reads its texts, `xls_sheet.py` its cells.

BIFF keeps formulas in a form that xlrd does not return, so `formula` stays empty here and a formula that was never
calculated cannot be distinguished from its stored value.
"""

from __future__ import annotations

import io
from collections import defaultdict
from typing import TYPE_CHECKING, Any

from pipelines.model.content import Grid, ReadError, Remark, Scalar, SourceCell, SourceTable, Where
from pipelines.reading.formats.common import (
    MAX_COLUMN,
    MAX_ROW,
    MAX_SHEETS,
    CellCounter,
    column_letters,
    malformed_error,
)

if TYPE_CHECKING:
    from pipelines.reading.formats.xls_sheet import CellSheet

RULES: dict[str, tuple[str, str]] = {}

_MACRO_MARK = "_VBA_PROJECT".encode("utf-16-le").rstrip(b"\0")
"""A search for a text that ends with NUL is slow, because most bytes of a workbook are."""
_BIFF_4_WORKBOOK, _BIFF_5 = 45, 50
"""Versions as xlrd numbers them; a file before the first has one sheet and no workbook."""


def read_file(data: bytes, *, encodings: tuple[str, ...] = ()) -> Grid:
    """Return all sheets, each as a table. `encodings[0]` is used for BIFF 5 and older if the file names no codepage.

    Raises ReadError: read.encrypted, read.macros, read.malformed, read.too_many_cells, read.spread_too_large,
    read.far_cell, read.too_many_sheets.
    """
    import xlrd

    from pipelines.reading.formats.xls_container import ContainerError, extract_workbook

    if _MACRO_MARK in data:
        raise ReadError("read.macros", part="VBA")
    try:
        book = _open_workbook(extract_workbook(data))
        try:
            return _read_grid(book)
        finally:
            book.release_resources()
    except (ReadError, MemoryError):
        raise
    except Exception as error:  # xlrd passes on struct.error, AssertionError, IndexError, CompDocError and others
        if "encrypted" in str(error).casefold() or "password" in str(error).casefold():
            raise ReadError("read.encrypted") from error
        if not isinstance(error, xlrd.XLRDError | ContainerError):
            raise ReadError("read.malformed", format="xls", detail="its structure is broken") from error
        raise malformed_error("xls", error) from error


def _open_workbook(records: bytes) -> Any:
    """Open the records of a workbook with its formats as `xlrd.open_workbook` does, its sheets on demand if it can."""
    import xlrd

    from pipelines.reading.formats.xls_texts import Workbook

    book = Workbook()
    book.biff2_8_load(
        file_contents=records, formatting_info=True, ragged_rows=True, on_demand=True, logfile=io.StringIO()
    )
    version = book.getbof(xlrd.biffh.XL_WORKBOOK_GLOBALS)
    if version not in xlrd.book.SUPPORTED_VERSIONS:
        raise xlrd.XLRDError("the version of Excel cannot be recognised")
    book.biff_version = version
    if version < _BIFF_5:
        book.on_demand = False
    if version < _BIFF_4_WORKBOOK:
        book.fake_globals_get_sheet()
    else:
        book.parse_globals()
        if version >= _BIFF_5:
            if not book._all_sheets_count:
                raise xlrd.XLRDError("the workbook has no sheets")
            book._sheet_list = [None] * len(book._sheet_names)
    book.nsheets = len(book._sheet_list)
    return book


def _read_grid(book: Any) -> Grid:
    from pipelines.reading.formats.xls_sheet import XlsContents, load_sheet

    gate = CellCounter()
    contents = XlsContents(book)
    remarks = []
    tables = []
    if book.nsheets > MAX_SHEETS:
        raise ReadError("read.too_many_sheets", limit=MAX_SHEETS)
    for index in range(book.nsheets):
        name = book.sheet_names()[index]
        sheet = load_sheet(book, index, contents)
        hidden = sheet.visibility != 0
        if hidden:
            remarks.append(Remark("read.hidden_sheet", Where(sheet=name), {"name": name}))
        tables.append(SourceTable(name, tuple(_read_cells(sheet, gate)), None, hidden))
    properties: dict[str, Scalar] = {"date_system": 1904 if book.datemode == 1 else 1900}
    properties["biff"] = book.biff_version
    if book.encoding:
        properties["encoding"] = book.encoding
    return Grid("xls", tuple(tables), properties, tuple(remarks))


def _find_hidden(sheet: Any) -> tuple[frozenset[int], frozenset[int]]:
    rows = {n for n, info in sheet.rowinfo_map.items() if info.hidden or info.height == 0}
    columns = {n for n, info in sheet.colinfo_map.items() if info.hidden or info.width == 0}
    return frozenset(rows), frozenset(columns)


def _read_cells(sheet: CellSheet, gate: CellCounter) -> list[SourceCell]:
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
    special: dict[int, list[int]] = defaultdict(list)
    for row, column in (*anchors, *notes):
        special[row].append(column)
    letters = [column_letters(column + 1) for column in range(sheet.utter_max_cols)]
    hidden_cells = [column in hidden_columns for column in range(sheet.utter_max_cols)]
    cells: list[SourceCell] = []
    for row in sorted({*sheet.rows, *special}):
        row_hidden = row in hidden_rows
        if row in special:
            row_cells = _read_special_row(sheet, row, special[row], anchors, notes, row_hidden, hidden_columns)
            _count_filled([cell for cell in row_cells if cell.kind != "blank"], gate)
        else:
            hidden = [True] * sheet.utter_max_cols if row_hidden else hidden_cells
            row_cells = _read_plain_row(sheet, row, letters, hidden)
            _count_filled(row_cells, gate)
        cells += row_cells
    return cells


def _read_plain_row(sheet: CellSheet, row: int, letters: list[str], hidden: list[bool]) -> list[SourceCell]:
    """Return the filled cells of a row without merged areas and notes, with as few steps for each as possible."""
    new, name, number, digits = tuple.__new__, sheet.name, row + 1, str(row + 1)
    # fmt: off
    return [
        new(SourceCell, (
            number, column + 1, text, value,
            new(Where, (name, letters[column] + digits, None, None, None, None, None, None)),
            kind, (number, column + 1), False, hidden[column], None, number_format, None, marks, struck,
        ))
        for column, (text, value, kind, number_format, marks, struck) in zip(*sheet.list_cells(row), strict=True)
        if kind != "blank"
    ]
    # fmt: on


def _read_special_row(
    sheet: CellSheet,
    row: int,
    special_columns: list[int],
    anchors: dict[tuple[int, int], tuple[int, int]],
    notes: dict[tuple[int, int], str],
    row_hidden: bool,
    hidden_columns: frozenset[int],
) -> list[SourceCell]:
    """Return the cells of a row with merged areas or notes: the filled ones, and all positions of merged areas."""
    from pipelines.reading.formats.xls_sheet import BLANK

    contents = dict(zip(*sheet.list_cells(row), strict=True))
    cells = []
    for column in sorted({*contents, *special_columns}):
        position = (row, column)
        anchor = anchors.get(position, position)
        content = contents.get(column, BLANK) if anchor == position else sheet.content_at(*anchor)
        text, value, kind, number_format, marks, struck = content
        note = notes.get(anchor)
        if kind == "blank" and position not in anchors and note is None:
            continue
        cells.append(
            SourceCell(
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
    return cells


def _count_filled(row: list[SourceCell], gate: CellCounter) -> None:
    """Count the filled cells of a row."""
    if row:
        last = row[-1]
        gate.count_filled(last.where, len(row))
        if last.row > MAX_ROW or last.column > MAX_COLUMN:
            raise ReadError("read.far_cell", last.where, row=last.row, column=last.column)
