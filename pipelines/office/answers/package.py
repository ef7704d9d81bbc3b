"""Rewrite parts of a saved workbook: put back results of formulas, and fix time stamps.

openpyxl writes a formula without its result. A workbook without results cannot be read until someone has opened and
saved it, and the sender would get that message about a file that we made; so the results from the sender's file are
put back.
"""

from __future__ import annotations

import io
import re
import zipfile
from collections.abc import Mapping
from typing import Any

_MAIN = "{http://schemas.openxmlformats.org/spreadsheetml/2006/main}"
_TYPES = frozenset({"n", "str", "b", "e"})
_MODIFIED = re.compile(rb"(<dcterms:modified[^>]*>)[^<]*(</dcterms)")
_TIME = (1980, 1, 1, 0, 0, 0)
Stored = Mapping[str, Mapping[tuple[int, int], tuple[str, str | None]]]


def new_book(created: str) -> Any:
    """Return a new workbook of ours without sheets."""
    import datetime as dt

    import openpyxl

    book = openpyxl.Workbook()
    book.remove(book.worksheets[0])
    book.properties.creator = "rti"
    book.properties.created = dt.datetime.fromisoformat(created.replace("Z", "+00:00")).replace(tzinfo=None)
    return book


def pack_workbook(book: Any, modified: str, stored: Stored) -> bytes:
    """Return the bytes of a workbook; the same workbook and time give the same bytes."""
    from openpyxl.utils.cell import coordinate_from_string
    from openpyxl.workbook.properties import CalcProperties

    if any(stored.values()):
        book.calculation = book.calculation or CalcProperties()
        book.calculation.fullCalcOnLoad = True
    raw = io.BytesIO()
    book.save(raw)
    parts = {sheet.path.lstrip("/"): stored.get(sheet.title, {}) for sheet in book.worksheets}
    buffer = io.BytesIO()
    with zipfile.ZipFile(raw) as source, zipfile.ZipFile(buffer, "w", zipfile.ZIP_DEFLATED) as target:
        for name in source.namelist():
            content = source.read(name)
            if results := parts.get(name):
                content = _with_results(content, results, coordinate_from_string)
            elif name == "docProps/core.xml":
                content = _MODIFIED.sub(rb"\g<1>" + modified.encode() + rb"\2", content)
            info = zipfile.ZipInfo(name, _TIME)
            info.compress_type = zipfile.ZIP_DEFLATED
            target.writestr(info, content)
    return buffer.getvalue()


def _with_results(content: bytes, results: Mapping[tuple[int, int], tuple[str, str | None]], split: Any) -> bytes:
    from lxml import etree
    from openpyxl.utils import column_index_from_string

    root = etree.fromstring(content, etree.XMLParser(resolve_entities=False, huge_tree=True))
    for cell in root.iter(f"{_MAIN}c"):
        formula = cell.find(f"{_MAIN}f")
        if formula is None:
            continue
        letters, row = split(cell.get("r"))
        kind, text = results.get((row, column_index_from_string(letters)), ("", None))
        if kind not in _TYPES or text is None:
            continue
        value = cell.find(f"{_MAIN}v")
        if value is None:
            value = etree.SubElement(cell, f"{_MAIN}v")
        value.text = text
        cell.set("t", kind)
    written: bytes = etree.tostring(root, encoding="UTF-8", xml_declaration=True)
    return written
