"""Write one table as text to paste, as CSV and as XLSX, with its notes, footnotes, coverage, release and citation.

Numbers are numbers: an interval has columns of its own, and the word "few" and the numbers of notes are in a column
after the figure. The workbook opens right in every language of a spreadsheet program, because its numbers are stored
and not written; the CSV is for programs: RFC 4180, a dot as the decimal sign, UTF-8 with a byte-order mark.
"""

from __future__ import annotations

import csv
import io
import math
import re
from collections.abc import Iterator, Sequence
from datetime import datetime

from dashboards.public.tables import Cell, Line, Table, explain_kind, format_marks
from pipelines import words
from pipelines.core.i18n import mark
from pipelines.dissemination.writers.tabular import FORMULA, WORKBOOK_OPTIONS
from pipelines.front.charts import files
from pipelines.words.language import tell

Field = str | float | None
PICTURE_FORMATS = {"PNG": files.write_png, "SVG": files.write_svg}
PICTURE_TYPES = {"PNG": "image/png", "SVG": "image/svg+xml"}
"""How a picture is written, and the media types of its files."""
_LOW = mark("{column}: lower end of the 95% interval")
_HIGH = mark("{column}: upper end")
_NOTES = mark("{column}: notes")
_WIDEST = 48
"""Letters of the widest column of a workbook."""
_LINE_HEIGHT, _LETTERS_OF_NOTE = 15, 70
"""Height of one line of a note in points, and letters that surely fit on it."""


def build_grid(table: Table, *, with_notes: bool = True) -> list[list[Field]]:
    """Return the header and the rows of a table, with the intervals and notes of a column in columns after it."""
    has_interval = [_has_interval(table.lines, place) for place in range(len(table.columns))]
    has_notes = [with_notes and _has_notes(table.lines, place) for place in range(len(table.columns))]
    has_heading_notes = with_notes and any(line.heading.marks for line in table.lines)
    corner = table.corner or tell("Row")
    header: list[Field] = [corner, *([tell(_NOTES, column=corner)] if has_heading_notes else [])]
    for column, interval, notes in zip(table.columns, has_interval, has_notes, strict=True):
        header.append(column)
        header += [tell(_LOW, column=column), tell(_HIGH, column=column)] if interval else []
        header += [tell(_NOTES, column=column)] if notes else []
    grid = [header]
    for line in table.lines:
        row: list[Field] = [line.heading.text, *([format_marks(line.heading.marks)] if has_heading_notes else [])]
        for cell, interval, notes in zip(line.cells, has_interval, has_notes, strict=True):
            row.append(cell.text if cell.value is None else cell.value)
            if interval:
                row += [
                    cell.low,
                    tell("no upper end") if cell.high is not None and math.isinf(cell.high) else cell.high,
                ]
            if notes:
                state = _describe_state(cell, is_share=table.is_share)
                row.append("; ".join(part for part in (state, format_marks(cell.marks)) if part))
        grid.append(row)
    return grid


def _has_interval(lines: Sequence[Line], place: int) -> bool:
    return any(line.cells[place].low is not None for line in lines)


def _has_notes(lines: Sequence[Line], place: int) -> bool:
    return any(cell.marks or cell.base or cell.kind == "few" for cell in (line.cells[place] for line in lines))


def _describe_state(cell: Cell, *, is_share: bool) -> str:
    coverage = tell("{count} territories", count=cell.base) if cell.base else ""
    few = words.describe_few_state(is_share=is_share) if cell.kind == "few" else ""
    return "; ".join(part for part in (few, coverage) if part)


def list_notes(table: Table, citation: str) -> list[tuple[str, str]]:
    """Return what belongs to a table besides its figures: footnotes of names, remarks, notes, coverage, citation."""
    kinds = {cell.kind for line in table.lines for cell in line.cells}
    notes = [(mark, text) for mark, text in table.select_names()]
    notes += [(tell("Note"), text) for text in table.notes.remarks]
    notes += [(tell("Note {number}", number=number), text) for number, text in enumerate(table.notes.texts, start=1)]
    legend = {kind: symbol for kind, (symbol, _) in words.LEGEND.items() if kind in kinds}
    notes += [(symbol, explain_kind(kind, is_share=table.is_share)) for kind, symbol in legend.items()]
    notes += [(tell("Coverage"), table.coverage)] if table.coverage else []
    return [*notes, (tell("Source"), citation)]


def write_text(table: Table) -> str:
    """Return the table to paste into a spreadsheet or a document: one line per row, fields separated by tabs.

    The ends of an interval have columns of their own, as in the files, and numbers have a decimal point.
    """
    grid = build_grid(table, with_notes=False)
    return "\n".join("\t".join(re.sub(r"\s+", " ", _write_field(field)) for field in row) for row in grid)


def write_csv(table: Table, citation: str) -> bytes:
    """Return the table as CSV: header, rows, an empty row, then the notes; every row has as many fields."""
    grid = build_grid(table)
    width = max(len(grid[0]), 2)
    output = io.StringIO(newline="")
    writer = csv.writer(output, lineterminator="\r\n")
    notes = [(tell("Table"), table.caption), *list_notes(table, citation)]
    for row in (*grid, [], *notes):
        fields = [_write_field(field) for field in row]
        writer.writerow([*fields, *[""] * (width - len(fields))])
    return b"\xef\xbb\xbf" + output.getvalue().encode("utf-8")


def _write_field(field: Field) -> str:
    if field is None:
        return ""
    if isinstance(field, str):
        return _escape_formula(field)
    return repr(field).removesuffix(".0")


def _escape_formula(text: str) -> str:
    """Return the text with an apostrophe in front if a spreadsheet program would read it as a formula; numbers with a
    sign stay as they are."""
    if text.startswith(FORMULA) and not re.fullmatch(r"[+-]\d+(\.\d+)?", text):
        return f"'{text}"
    return text


def write_xlsx(table: Table, citation: str, created: datetime | None = None) -> bytes:
    """Return the table as a workbook of one sheet: caption, table, notes. It has no formulas and no links.

    `created` is the time that it states, by default now.
    """
    import xlsxwriter  # type: ignore[import-untyped]

    from pipelines.core import clock

    grid = build_grid(table)
    output = io.BytesIO()
    with xlsxwriter.Workbook(output, {"in_memory": True, **WORKBOOK_OPTIONS}) as book:
        created = created or clock.now().replace(tzinfo=None)
        book.set_properties({"title": table.caption, "comments": citation, "created": created})
        bold, wrapped = book.add_format({"bold": True}), book.add_format({"text_wrap": True, "valign": "top"})
        header = book.add_format({"bold": True, "text_wrap": True, "valign": "top", "bottom": 1})
        formats = {digits: book.add_format({"num_format": _number_format(digits)}) for digits in range(3)}
        sheet = book.add_worksheet(tell("Table"))
        sheet.write_string(0, 0, table.caption, bold)
        for row, fields in enumerate(grid, start=2):
            for column, field in enumerate(fields):
                if isinstance(field, str):
                    sheet.write_string(row, column, field, header if row == 2 else None)
                elif field is not None:
                    sheet.write_number(row, column, field, formats[_count_digits(field)])
        for column, width in enumerate(_measure_columns(grid)):
            sheet.set_column(column, column, width)
        sheet.freeze_panes(3, 1)
        last = max(len(grid[0]) - 1, 6)
        for row, (mark, text) in enumerate(list_notes(table, citation), start=len(grid) + 3):
            sheet.write_string(row, 0, mark, wrapped)
            # A spreadsheet program does not fit the height of a row to merged fields.
            sheet.set_row(row, _LINE_HEIGHT * math.ceil(len(text) / _LETTERS_OF_NOTE))
            sheet.merge_range(row, 1, row, last, "", wrapped)
            sheet.write_string(row, 1, text, wrapped)
    return output.getvalue()


def _number_format(digits: int) -> str:
    return "#,##0" if not digits else f"#,##0.{'0' * digits}"


def _count_digits(number: float) -> int:
    return next((digits for digits in range(2) if round(number, digits) == number), 2)


def _measure_columns(grid: Sequence[Sequence[Field]]) -> Iterator[int]:
    for column in range(len(grid[0])):
        rows = [len(str(row[column])) for row in grid[1:] if row[column] is not None]
        yield min(max([*rows, 10]) + 2, _WIDEST)
