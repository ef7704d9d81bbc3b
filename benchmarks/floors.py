"""Floors of reading: each format read by its bare library, without keeping or interpreting anything.

Where the project's reader has no library beneath it, the floor is the least that any reader must do: ODS and SDMX-ML
are parsed as XML, JSON-stat as JSON. For PX it is what pyaxis does, the package that reads PX in Python.
"""

from __future__ import annotations

import csv
import io
import itertools
import json
import re
import warnings
import zipfile
from collections.abc import Callable

import numpy


def openpyxl_twice(data: bytes) -> None:
    """Load a workbook for its formulas and then for their stored results."""
    import openpyxl

    for values in (False, True):
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            book = openpyxl.load_workbook(io.BytesIO(data), data_only=values)
        for sheet in book.worksheets:
            for row in sheet.iter_rows(values_only=True):
                for _ in row:
                    pass


def _read_xls(data: bytes) -> None:
    import xlrd

    book = xlrd.open_workbook(file_contents=data, formatting_info=True, logfile=io.StringIO())
    for sheet in book.sheets():
        for row in range(sheet.nrows):
            sheet.row_values(row)


def _read_ods(data: bytes) -> None:
    from lxml import etree

    with zipfile.ZipFile(io.BytesIO(data)) as archive, archive.open("content.xml") as content:
        for _, element in etree.iterparse(content):
            _ = element.text


def _decode_text(data: bytes) -> str:
    """Decode a file, trying the encodings that the demonstration's offices use."""
    if data[:2] in (b"\xff\xfe", b"\xfe\xff"):
        return data.decode("utf-16")
    try:
        return data.decode("utf-8-sig")
    except UnicodeDecodeError:
        return data.decode("cp1251", errors="replace")


def _read_csv(data: bytes) -> None:
    text = _decode_text(data)
    for _ in csv.reader(io.StringIO(text, newline=""), delimiter=";" if text.count(";") > text.count(",") else ","):
        pass


_PX_STATEMENT = re.compile(r'\s*([A-Z-]+)(?:\("([^"]*)"\))?=((?:"[^"]*"|[^";])*);')


def _read_px(data: bytes) -> None:
    """Put the cells next to the product of the variables, in the steps of the package pyaxis."""
    import pandas

    head, _, body = _decode_text(data).replace("\n", " ").partition("DATA=")
    texts = {(name, of): re.findall('"([^"]*)"', values) for name, of, values in _PX_STATEMENT.findall(head)}
    names = [*texts.get(("STUB", ""), ()), *texts.get(("HEADING", ""), ())]
    frame = pandas.DataFrame(list(itertools.product(*(texts["VALUES", name] for name in names))), columns=names)
    cells = pandas.Series(body.replace(";", "").split())
    without_signs = numpy.where(cells.str.match(r'^"\."$'), "", cells)
    frame["DATA"] = numpy.where(cells.str.match(r'"\.\."'), numpy.nan, without_signs)


def _read_json(data: bytes) -> None:
    json.loads(data)


def _read_xml(data: bytes) -> None:
    from lxml import etree

    for element in etree.fromstring(data).iter():
        _ = element.attrib


def _read_pdf(data: bytes) -> None:
    import pdfplumber

    with pdfplumber.open(io.BytesIO(data)) as document:
        for page in document.pages:
            page.extract_tables()


def _read_docx(data: bytes) -> None:
    import docx

    for table in docx.Document(io.BytesIO(data)).tables:
        for row in table.rows:
            for cell in row.cells:
                _ = cell.text


def _read_html(data: bytes) -> None:
    from lxml import html

    for cell in html.fromstring(data).iter("td", "th"):
        for text in cell.itertext():
            _ = text


FLOORS: dict[str, tuple[str, Callable[[bytes], None]]] = {
    "xlsx": ("openpyxl, formulas and values", openpyxl_twice),
    "xls": ("xlrd with formats", _read_xls),
    "ods": ("lxml over content.xml", _read_ods),
    "csv": ("csv of the standard library", _read_csv),
    "px": ("pandas, as in pyaxis", _read_px),
    "jsonstat": ("json of the standard library", _read_json),
    "sdmx-ml": ("lxml", _read_xml),
    "sdmx-csv": ("csv of the standard library", _read_csv),
    "pdf": ("pdfplumber, tables of each page", _read_pdf),
    "docx": ("python-docx, each cell's text", _read_docx),
    "html": ("lxml.html, each cell's text", _read_html),
}
"""Format -> name of its floor, and the floor."""
