"""What a workbook or document carries besides what is read of it: where copies of records go along unseen.

A pivot table keeps the whole table that it was made of, a link the cells of the other workbook: an office that sends
nothing but totals may send its register with them.
"""

from __future__ import annotations

import io
import re
import zipfile
from collections.abc import Iterator
from xml.parsers import expat

from pipelines.reading.formats.zipguard import BROKEN

_PARTS: tuple[tuple[str, str, bool], ...] = (
    # How its name begins, what a person calls it, whether words count too; elsewhere only numbers do, since the words
    # of these parts are those of the cells, of which the form declares some as the compiler's own.
    ("xl/pivotcache/", "data kept in a pivot table", True),
    ("xl/externallinks/external", "cells of a linked workbook", True),
    ("xl/drawings/", "text box", True),
    ("xl/charts/", "chart", True),
    ("xl/threadedcomments/", "comment", True),
    ("docprops/custom.xml", "property of the file", True),
    ("customxml/", "data kept in the file", True),
    ("xl/sharedstrings.xml", "text kept in the file", False),
    ("xl/workbook.xml", "defined name", False),
    ("xl/worksheets/_rels/", "link", False),
    ("word/document.xml", "text box or deleted text", False),
)
_RUNS = ("t", "r", "delText")
"""Elements of one paragraph: a number that is half bold is one text all the same."""
_PROGRAMS_OWN = re.compile(r"0x[0-9A-Fa-f]{8,}")
"""Types of content in SharePoint, `0x010100…`: one in a thousand holds what would pass for a JMBG."""


def unread(data: bytes) -> Iterator[tuple[str, str, bool]]:
    """(what a person calls the part, a text of it, whether its words count); nothing where it is no such container.

    The container was let pass by `zipguard`: its sizes are known to be bounded and its XML to be whole.
    """
    if not data.startswith(b"PK"):
        return
    try:
        archive = zipfile.ZipFile(io.BytesIO(data))
    except BROKEN:
        return  # a text that begins so; what is broken has been told by its reader
    with archive:
        for name in archive.namelist():
            low = name.casefold()
            for begin, called, words in _PARTS:
                if low.startswith(begin) and low.endswith((".xml", ".rels")):
                    for text in _texts(archive.read(name)):
                        if not _PROGRAMS_OWN.fullmatch(text):
                            yield called, text, words


def _texts(part: bytes) -> list[str]:
    """Texts and values of attributes of one XML part."""
    found: list[str] = []
    pieces: list[str] = []

    def begin(_tag: str, attributes: dict[str, str]) -> None:
        found.extend(value for value in attributes.values() if len(value) > 4)

    def end(tag: str) -> None:
        if tag.rpartition(":")[2] not in _RUNS:
            if text := "".join(pieces).strip():
                found.append(text)
            pieces.clear()

    parser = expat.ParserCreate()
    parser.StartElementHandler, parser.EndElementHandler, parser.CharacterDataHandler = begin, end, pieces.append
    parser.Parse(part, True)
    return found
