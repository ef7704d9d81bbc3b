"""Workbooks (XLSX), the same bytes for the same sheets."""

from __future__ import annotations

import io
from collections.abc import Sequence
from datetime import datetime

import xlsxwriter  # type: ignore[import-untyped]

from tests.samples.writers.layout import Sheet, format_value, place_cells

_CREATED = datetime(2020, 1, 1)


def write_workbook(sheets: Sequence[Sheet], *, title: str = "", comments: str = "") -> bytes:
    """Return a workbook of the sheets; heads bold and centred, numbers as numbers, text as text, marks raised."""
    buffer = io.BytesIO()
    book = xlsxwriter.Workbook(
        buffer,
        {"in_memory": True, "strings_to_formulas": False, "strings_to_urls": False, "strings_to_numbers": False},
    )
    book.set_properties({"title": title, "comments": comments, "created": _CREATED})
    plain = book.add_format({"valign": "top"})
    bold = book.add_format({"bold": True, "align": "center", "valign": "vcenter", "text_wrap": True, "border": 1})
    raised = book.add_format({"font_script": 1})
    for sheet in sheets:
        page = book.add_worksheet(sheet.name)
        for index, width in enumerate(sheet.widths):
            page.set_column(index, index, width)
        for placed in place_cells(sheet.rows):
            cell = placed.cell
            style = bold if cell.head else plain
            row, column = placed.row, placed.column
            last_row, last_column = row + cell.down - 1, column + cell.across - 1
            if (last_row, last_column) != (row, column):
                page.merge_range(row, column, last_row, last_column, "", style)
            if cell.mark and cell.value is not None:
                page.write_rich_string(row, column, format_value(cell.value), raised, cell.mark, style)
            elif cell.value is not None:
                page.write(row, column, cell.value, style)
    book.close()
    return buffer.getvalue()
