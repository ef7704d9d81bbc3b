"""Arrange a sheet of findings, a marked cell and a table as read in a workbook.

No text, theirs or ours, ever becomes a formula: all texts are written with `set_text`.
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any, Literal

from pipelines.model.content import Grid
from pipelines.office.answers.jobs import FindingLine, FindingsSheet

if TYPE_CHECKING:
    from openpyxl.styles import PatternFill

_Pattern = Literal["lightUp", "lightDown", "lightGray", "lightVertical"]
_FILLS: dict[str, tuple[_Pattern, str, str]] = {
    "error": ("lightUp", "FFC62828", "FFFFD9D9"),
    "warning": ("lightDown", "FFB26A00", "FFFFEBC2"),
    "information": ("lightGray", "FF1F5FA8", "FFE1EEFB"),
    "mended": ("lightVertical", "FF2E7D32", "FFDDF3DD"),
}
"""Pattern, its colour, and the ground. The patterns differ for black-and-white print and for colour-blind readers."""
_RANK = {"error": 0, "warning": 1, "information": 2}
_ILLEGAL = re.compile(r"[\x00-\x08\x0b\x0c\x0e-\x1f\ud800-\udfff\ufffe\uffff]")
_MAX_TEXT = 32_000
"""Characters of one cell or comment; Excel takes 32,767."""
_WIDTHS = (14, 18, 12, 34, 34, 60, 60, 34, 26)
_BETWEEN = "\n\u2014\n"
_MAX_TABLES = 40
_MAX_TITLE = 31


def choose_fill(severity: str) -> PatternFill:
    """Return the fill of a severity."""
    from openpyxl.styles import PatternFill

    pattern, line, ground = _FILLS[severity]
    return PatternFill(patternType=pattern, fgColor=line, bgColor=ground)


def clean_text(text: str) -> str:
    """Remove characters that a workbook cannot hold from a text, and cut it to the length of one cell."""
    text = _ILLEGAL.sub("\ufffd", text)
    return text if len(text) <= _MAX_TEXT else text[:_MAX_TEXT] + "\u2026"


def set_text(cell: Any, text: str) -> None:
    """Write a text as a text, whatever its first character."""
    text = clean_text(text)
    cell.value = text
    cell.data_type = "s"
    if text[:1] in "=+-@":
        cell.quotePrefix = True


def add_comment(cell: Any, text: str, author: str) -> None:
    """Add a comment to a cell, below an existing one."""
    from openpyxl.comments import Comment

    if cell.comment is not None:
        text = f"{cell.comment.text}{_BETWEEN}{text}"
        author = cell.comment.author or author
    text = clean_text(text)
    lines = sum(1 + len(line) // 55 for line in text.splitlines())
    comment = Comment(text, author, height=min(60 + 16 * lines, 600), width=380)
    cell.comment = comment


def mark_cell(cell: Any, lines: Sequence[FindingLine], author: str) -> None:
    """Add one comment for all findings of a cell, worst first, and the fill of the worst."""
    lines = sorted(lines, key=lambda line: _RANK[line.severity])
    add_comment(cell, _BETWEEN.join(line.comment for line in lines), author)
    cell.fill = choose_fill(lines[0].severity)


def write_findings(
    book: Any, told: FindingsSheet, targets: Mapping[int, tuple[str, str]], notes: Sequence[str]
) -> None:
    """Put the sheet of findings first and open the workbook on it. `targets`: line -> sheet and cell to link to."""
    from openpyxl.styles import Alignment, Font

    bold, wrap = Font(bold=True), Alignment(wrap_text=True, vertical="top")
    sheet = book.create_sheet(free_title(book.sheetnames, told.title), 0)
    for sheet_to_deselect in book.worksheets:
        # Selected sheets are edited together: a number typed into this one would also be written into the table.
        sheet_to_deselect.sheet_view.tabSelected = sheet_to_deselect is sheet
    for chart in book.chartsheets:
        for view in chart.sheetViews.sheetView:
            view.tabSelected = False
    book.active = 0
    row = _heading(sheet, told, bold)
    for note in notes:
        set_text(sheet.cell(row, 1), note)
        row += 1
    row += 1
    top = row
    for column, words in enumerate(told.headings, start=1):
        set_text(sheet.cell(top, column), words)
        sheet.cell(top, column).font = bold
        sheet.cell(top, column).alignment = wrap
    for number, line in enumerate(told.lines):
        row = top + 1 + number
        for column, words in enumerate(line.columns, start=1):
            set_text(sheet.cell(row, column), words)
            sheet.cell(row, column).alignment = wrap
        sheet.cell(row, 1).fill = choose_fill(line.severity)
        if number in targets:
            _link(sheet.cell(row, told.place_column), *targets[number])
    last = sheet.cell(top, len(told.headings)).column_letter
    sheet.auto_filter.ref = f"A{top}:{last}{max(row, top)}"
    sheet.freeze_panes = f"A{top + 1}"
    sheet.print_title_rows = f"{top}:{top}"
    sheet.page_setup.orientation = "landscape"
    sheet.page_setup.fitToWidth, sheet.page_setup.fitToHeight = 1, 0
    sheet.sheet_properties.pageSetUpPr.fitToPage = True
    for column, width in enumerate(_WIDTHS[: len(told.headings)], start=1):
        sheet.column_dimensions[sheet.cell(top, column).column_letter].width = width


def _heading(sheet: Any, findings_sheet: FindingsSheet, bold: Any) -> int:
    """Write title, facts and legend; return the number of the next free row."""
    from openpyxl.styles import Font

    set_text(sheet["A1"], findings_sheet.title)
    sheet["A1"].font = Font(bold=True, size=14)
    row = 2
    if findings_sheet.demonstration is not None:
        set_text(sheet.cell(row, 1), findings_sheet.demonstration)
        sheet.cell(row, 1).font = Font(bold=True, color="FFB00020")
        row += 1
    for name, value in findings_sheet.facts:
        set_text(sheet.cell(row, 1), name)
        sheet.cell(row, 1).font = bold
        set_text(sheet.cell(row, 2), value)
        row += 1
    set_text(sheet.cell(row, 1), findings_sheet.legend_title)
    sheet.cell(row, 1).font = bold
    for severity, words in findings_sheet.legend:
        set_text(sheet.cell(row, 2), words)
        sheet.cell(row, 2).fill = choose_fill(severity)
        row += 1
    return row


def _link(cell: Any, sheet: str, target: str) -> None:
    """Add an internal link: a location, never an address."""
    from openpyxl.styles import Font
    from openpyxl.worksheet.hyperlink import Hyperlink

    quoted = sheet.replace("'", "''")
    cell.hyperlink = Hyperlink(ref=cell.coordinate, location=f"'{quoted}'!{target}")
    cell.font = Font(underline="single", color="FF0B57D0")


def free_title(taken: Sequence[str], wanted: str) -> str:
    """Return a valid and unused title for a sheet."""
    plain = re.sub(r"[\[\]:*?/\\]", " ", _ILLEGAL.sub(" ", wanted)).strip("' ")[:_MAX_TITLE] or "1"
    low = {title.casefold() for title in taken}
    number, title = 1, plain
    while title.casefold() in low:
        number += 1
        title = f"{plain[: _MAX_TITLE - len(str(number)) - 3]} ({number})"
    return title


def write_tables(
    book: Any, grid: Grid, contacts: set[tuple[int, int, int]], words: Mapping[str, str]
) -> dict[str, tuple[str, str]]:
    """Write each table as read on its own sheet; return sheet and cell for each place of the file in words.

    Words are the key because a place on a page of a PDF that was stored with a figure is rounded. Contact cells are
    left empty, as they are never kept.
    """
    placed: dict[str, tuple[str, str]] = {}
    for index, table in enumerate(grid.tables[:_MAX_TABLES]):
        title = free_title([*book.sheetnames, words["findings"]], table.name or words["table"])
        sheet = book.create_sheet(title)
        for source in table.cells:
            cell = sheet.cell(source.row, source.column)
            placed[str(source.where)] = (title, cell.coordinate)
            if source.spread or (index, source.row, source.column) in contacts:
                continue
            if source.kind == "number" and isinstance(source.value, (int, float)):
                cell.value = source.value
            elif source.text:
                set_text(cell, source.text)
        if table.hidden:
            sheet.sheet_properties.tabColor = "FF808080"
    return placed
