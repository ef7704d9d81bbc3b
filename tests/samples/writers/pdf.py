"""Ruled PDF reports over several pages, the same bytes for the same content."""

from __future__ import annotations

import io
from collections.abc import Sequence
from typing import Any

from reportlab.lib import colors
from reportlab.lib.pagesizes import A4, landscape
from reportlab.lib.styles import ParagraphStyle
from reportlab.platypus import PageBreak, Paragraph, SimpleDocTemplate, Spacer, Table, TableStyle

from tests.samples.writers.layout import Cell, Sheet, fill_matrix, format_value

Part = str | Sheet
"""A paragraph, or a table whose name is printed above it on each page it fills."""

_SMALL = ParagraphStyle("small", fontName="Helvetica", fontSize=8, leading=10)
_TITLE = ParagraphStyle("title", fontName="Helvetica-Bold", fontSize=10, leading=13, spaceBefore=8, spaceAfter=4)
_HEAD = ParagraphStyle("head", fontName="Helvetica-Bold", fontSize=6.5, leading=7.5, alignment=1)
_BODY = ParagraphStyle("body", fontName="Helvetica", fontSize=7, leading=8.5)

_SHORT = 6
"""Longer texts are wrapped within their cell."""


def _inside(cell: Cell) -> Any:
    if not cell.head and not cell.mark and not (isinstance(cell.value, str) and len(cell.value) > _SHORT):
        return format_value(cell.value, decimal=",")  # a short text needs no layout, which costs most of the time
    text = format_value(cell.value, decimal=",").replace("&", "&amp;").replace("<", "&lt;")
    if cell.mark:
        text += f'<super size="4">{cell.mark}</super>'
    return Paragraph(text, _HEAD if cell.head else _BODY) if text else ""


def _table(sheet: Sheet, head_rows: int) -> Any:
    rows = fill_matrix(sheet.rows)
    body: list[list[Any]] = []
    spans: list[tuple[Any, ...]] = []
    for number, row in enumerate(rows):
        line: list[Any] = []
        for column, placed in enumerate(row):
            if placed is None or (placed.row, placed.column) != (number, column):
                line.append("")
                continue
            cell = placed.cell
            line.append(_inside(cell))
            if cell.across > 1 or cell.down > 1:
                spans.append(("SPAN", (column, number), (column + cell.across - 1, number + cell.down - 1)))
        body.append(line)
    widths = [width * 1.0 for width in sheet.widths] or None
    style = TableStyle(
        [
            ("FONT", (0, 0), (-1, -1), "Helvetica", 7),
            ("GRID", (0, 0), (-1, -1), 0.5, colors.black),
            ("VALIGN", (0, 0), (-1, -1), "MIDDLE"),
            ("LEFTPADDING", (0, 0), (-1, -1), 2),
            ("RIGHTPADDING", (0, 0), (-1, -1), 2),
            ("TOPPADDING", (0, 0), (-1, -1), 1.5),
            ("BOTTOMPADDING", (0, 0), (-1, -1), 1.5),
            *spans,
        ]
    )
    return Table(body, colWidths=widths, repeatRows=head_rows, style=style)


def write_report(parts: Sequence[Part], *, title: str, footer: str, head_rows: int) -> bytes:
    """Return a landscape A4 report; each table begins a page, its name above it; widths are in points.

    `head_rows` rows of a table are repeated where it goes on to a further page.
    """
    buffer = io.BytesIO()
    document = SimpleDocTemplate(
        buffer,
        pagesize=landscape(A4),
        leftMargin=36,
        rightMargin=36,
        topMargin=40,
        bottomMargin=40,
        title=title,
        author="Demonstration data",
        invariant=1,
    )
    story: list[Any] = []
    for number, part in enumerate(parts):
        if isinstance(part, str):
            story += [Paragraph(part, _SMALL), Spacer(1, 3)]
        else:
            if number and story and any(isinstance(item, Table) for item in story):
                story.append(PageBreak())
            story += [Paragraph(part.name, _TITLE), _table(part, head_rows), Spacer(1, 6)]

    def draw_footer(canvas: Any, page: Any) -> None:
        canvas.setFont("Helvetica", 7)
        canvas.drawString(36, 24, footer)
        canvas.drawRightString(landscape(A4)[0] - 36, 24, str(page.page))

    document.build(story, onFirstPage=draw_footer, onLaterPages=draw_footer)
    return buffer.getvalue()
