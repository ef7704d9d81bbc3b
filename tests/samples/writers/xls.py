"""Old Excel workbooks (BIFF8), the same bytes for the same sheets."""

from __future__ import annotations

import io
from collections.abc import Sequence

import xlwt

from tests.samples.writers.layout import Sheet, format_value, place_cells


def write_workbook(sheets: Sequence[Sheet]) -> bytes:
    """Return a workbook of the sheets; heads bold and centred, numbers as numbers, text as text."""
    book = xlwt.Workbook(encoding="utf-8")
    plain = xlwt.easyxf("alignment: wrap on, vert top")
    bold = xlwt.easyxf(
        "font: bold on; alignment: wrap on, horiz center, vert center; "
        "borders: left thin, right thin, top thin, bottom thin"
    )
    for sheet in sheets:
        page = book.add_sheet(sheet.name)
        for index, width in enumerate(sheet.widths):
            page.col(index).width = 256 * width
        for placed in place_cells(sheet.rows):
            cell = placed.cell
            style = bold if cell.head else plain
            value = cell.value if cell.mark is None else f"{format_value(cell.value)} {cell.mark}"
            last_row, last_column = placed.row + cell.down - 1, placed.column + cell.across - 1
            if (last_row, last_column) != (placed.row, placed.column):
                page.write_merge(placed.row, last_row, placed.column, last_column, value, style)
            elif value is not None:
                page.write(placed.row, placed.column, value, style)
    buffer = io.BytesIO()
    book.save(buffer)
    return buffer.getvalue()
