"""Floors of reading: each format by its bare library, with nothing kept and nothing understood.

Where the project's reader has no library beneath it, the floor is the least that any reader must do: PX is decoded
and split, ODS and SDMX-ML are parsed as XML, JSON-stat as JSON.
"""

from __future__ import annotations

import csv
import io
import json
import warnings
import zipfile
from collections.abc import Callable


def openpyxl_twice(data: bytes) -> None:
    """A workbook loaded for its formulas and again for their stored results."""
    import openpyxl

    for values in (False, True):
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            book = openpyxl.load_workbook(io.BytesIO(data), data_only=values)
        for sheet in book.worksheets:
            for row in sheet.iter_rows(values_only=True):
                for _ in row:
                    pass


def _xlrd(data: bytes) -> None:
    import xlrd

    book = xlrd.open_workbook(file_contents=data, formatting_info=True, logfile=io.StringIO())
    for sheet in book.sheets():
        for row in range(sheet.nrows):
            sheet.row_values(row)


def _ods(data: bytes) -> None:
    from lxml import etree

    with zipfile.ZipFile(io.BytesIO(data)) as archive, archive.open("content.xml") as content:
        for _, element in etree.iterparse(content):
            _ = element.text


def _text(data: bytes) -> str:
    """The text of a file, by the encodings that the demonstration's offices use."""
    if data[:2] in (b"\xff\xfe", b"\xfe\xff"):
        return data.decode("utf-16")
    try:
        return data.decode("utf-8-sig")
    except UnicodeDecodeError:
        return data.decode("cp1251", errors="replace")


def _csv(data: bytes) -> None:
    text = _text(data)
    for _ in csv.reader(io.StringIO(text, newline=""), delimiter=";" if text.count(";") > text.count(",") else ","):
        pass


def _px(data: bytes) -> None:
    for statement in _text(data).split(";"):
        statement.split()


def _json(data: bytes) -> None:
    json.loads(data)


def _xml(data: bytes) -> None:
    from lxml import etree

    for element in etree.fromstring(data).iter():
        _ = element.attrib


def _pdf(data: bytes) -> None:
    import pdfplumber

    with pdfplumber.open(io.BytesIO(data)) as document:
        for page in document.pages:
            page.extract_tables()


def _docx(data: bytes) -> None:
    import docx

    for table in docx.Document(io.BytesIO(data)).tables:
        for row in table.rows:
            for cell in row.cells:
                _ = cell.text


def _html(data: bytes) -> None:
    from lxml import html

    for cell in html.fromstring(data).iter("td", "th"):
        for text in cell.itertext():
            _ = text


FLOORS: dict[str, tuple[str, Callable[[bytes], None]]] = {
    "xlsx": ("openpyxl, formulas and values", openpyxl_twice),
    "xls": ("xlrd with formats", _xlrd),
    "ods": ("lxml over content.xml", _ods),
    "csv": ("csv of the standard library", _csv),
    "px": ("decoded and split", _px),
    "jsonstat": ("json of the standard library", _json),
    "sdmx-ml": ("lxml", _xml),
    "sdmx-csv": ("csv of the standard library", _csv),
    "pdf": ("pdfplumber, tables of each page", _pdf),
    "docx": ("python-docx, each cell's text", _docx),
    "html": ("lxml.html, each cell's text", _html),
}
"""Format -> what its floor is, and the floor."""
