"""Workbooks made in memory, and their cells as openpyxl and as our reader give them."""

from __future__ import annotations

import datetime as dt
import io
import zipfile
from collections.abc import Callable
from typing import Any

import xlsxwriter
from openpyxl.cell import MergedCell

from pipelines.reading.formats import xlsx
from pipelines.reading.formats.xlsx_book import PlainCell


def make_xlsx(write: Callable[[Any], None], options: dict[str, Any] | None = None) -> bytes:
    buffer = io.BytesIO()
    book = xlsxwriter.Workbook(buffer, options or {})
    write(book)
    book.close()
    return buffer.getvalue()


def edit_part(data: bytes, part: str, change: Callable[[bytes], bytes]) -> bytes:
    buffer = io.BytesIO()
    with zipfile.ZipFile(io.BytesIO(data)) as old, zipfile.ZipFile(buffer, "w", zipfile.ZIP_DEFLATED) as new:
        for name in old.namelist():
            content = old.read(name)
            new.writestr(name, change(content) if name == part else content)
    return buffer.getvalue()


def read_by_openpyxl(data: bytes, contents: Any) -> list[tuple[Any, ...]]:
    """Every cell with a value or a note that the library itself gives."""
    import openpyxl

    book = openpyxl.load_workbook(io.BytesIO(data), keep_links=False, rich_text=contents.rich_text)
    out: list[tuple[Any, ...]] = []
    for sheet in book.worksheets:
        for place, cell in sorted(sheet._cells.items()):
            if not isinstance(cell, MergedCell) and (cell._value is not None or cell.comment):
                note = cell.comment.text if cell.comment else None
                out.append((sheet.title, *place, cell.data_type, _words(cell._value), cell.number_format, note))
    return out


def read_as_opened(data: bytes, contents: Any) -> list[tuple[Any, ...]]:
    book, cells = xlsx._open(data, contents)
    out: list[tuple[Any, ...]] = []
    for sheet in book.worksheets:
        for place in sorted(cells[sheet.title].keys() | sheet._cells.keys()):
            plain, made = cells[sheet.title].get(place), sheet._cells.get(place)
            if isinstance(made, MergedCell):
                continue
            if plain is None or (plain.raw is None and made is not None and made._value is not None):
                plain = PlainCell(made.data_type, made._value, plain.number_format if plain else made.number_format)
            note = made.comment.text if made is not None and made.comment else None
            if plain.raw is not None or note:
                out.append((sheet.title, *place, plain.kind, _words(plain.raw), plain.number_format, note))
    return out


def _words(raw: Any) -> object:
    plain = isinstance(raw, str | int | float | bool | dt.date | None)
    return raw if plain else getattr(raw, "text", None) or repr(raw)


_NS = " ".join(
    f'xmlns:{prefix}="urn:oasis:names:tc:opendocument:xmlns:{name}:1.0"'
    for prefix, name in {
        "office": "office",
        "table": "table",
        "text": "text",
        "style": "style",
        "number": "datastyle",
    }.items()
)


def make_ods(rows: str, columns: str = "", styles: str = "") -> bytes:
    """A small OpenDocument spreadsheet by hand, one sheet named List."""
    xml = (
        f'<?xml version="1.0" encoding="UTF-8"?><office:document-content {_NS}><office:automatic-styles>{styles}'
        f'</office:automatic-styles><office:body><office:spreadsheet><table:table table:name="List">{columns}{rows}'
        "</table:table></office:spreadsheet></office:body></office:document-content>"
    )
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr("mimetype", "application/vnd.oasis.opendocument.spreadsheet")
        archive.writestr("content.xml", xml)
    return buffer.getvalue()
