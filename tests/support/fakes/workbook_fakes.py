"""Workbooks made in memory, and their cells as read by openpyxl and by our reader."""

from __future__ import annotations

import datetime as dt
import io
import zipfile
from collections.abc import Callable, Mapping
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


def rename_parts(data: bytes, names: Mapping[str, str]) -> bytes:
    """Return a workbook some of whose parts are named otherwise; what refers to them is unchanged."""
    buffer = io.BytesIO()
    with zipfile.ZipFile(io.BytesIO(data)) as old, zipfile.ZipFile(buffer, "w", zipfile.ZIP_DEFLATED) as new:
        for name in old.namelist():
            new.writestr(names.get(name, name), old.read(name))
    return buffer.getvalue()


def read_by_openpyxl(data: bytes, contents: Any) -> list[tuple[Any, ...]]:
    """Return every cell with a value or a note as openpyxl reads it."""
    import openpyxl

    book = openpyxl.load_workbook(io.BytesIO(data), keep_links=False, rich_text=contents.rich_text)
    rows: list[tuple[Any, ...]] = []
    for sheet in book.worksheets:
        for place, cell in sorted(sheet._cells.items()):
            if not isinstance(cell, MergedCell) and (cell._value is not None or cell.comment):
                note = cell.comment.text if cell.comment else None
                rows.append((sheet.title, *place, cell.data_type, _words(cell._value), cell.number_format, note))
    return rows


def read_as_opened(data: bytes, contents: Any) -> list[tuple[Any, ...]]:
    book, cells = xlsx._open(data, contents)
    rows: list[tuple[Any, ...]] = []
    for sheet in book.worksheets:
        for place in sorted(cells[sheet.title].keys() | sheet._cells.keys()):
            plain, openpyxl_cell = cells[sheet.title].get(place), sheet._cells.get(place)
            if isinstance(openpyxl_cell, MergedCell):
                continue
            if plain is None or (plain.raw is None and openpyxl_cell is not None and openpyxl_cell._value is not None):
                plain = PlainCell(
                    openpyxl_cell.data_type,
                    openpyxl_cell._value,
                    plain.number_format if plain else openpyxl_cell.number_format,
                )
            note = openpyxl_cell.comment.text if openpyxl_cell is not None and openpyxl_cell.comment else None
            if plain.raw is not None or note:
                rows.append((sheet.title, *place, plain.kind, _words(plain.raw), plain.number_format, note))
    return rows


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
    """Write a small OpenDocument spreadsheet by hand, with one sheet named List."""
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
