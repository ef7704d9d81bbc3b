"""Read the parts of a workbook or document that the readers ignore and that may carry copies of records.

A pivot table keeps the whole table it was made from, and a link keeps the cells of the other workbook: an office that
sends only totals may send its register along without noticing.
"""

from __future__ import annotations

import io
import re
import zipfile
from collections.abc import Iterator
from xml.parsers import expat

from pipelines.reading.formats.zipguard import BROKEN

_PARTS: tuple[tuple[str, str, bool], ...] = (
    # Start of the part's name, its everyday name, and whether words count too. Elsewhere only numbers count, since the
    # words of those parts are the words of the cells, some of which the form declares as the compiler's own.
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
"""Elements within one paragraph: a number that is partly bold is still one text."""
_SHAREPOINT_TYPE = re.compile(r"0x[0-9A-Fa-f]{8,}")
"""SharePoint content types, `0x010100…`: one in a thousand contains what would pass for a JMBG."""


def iter_unread_texts(data: bytes) -> Iterator[tuple[str, str, bool]]:
    """Yield (everyday name of the part, a text in it, whether its words count); nothing if the file is not a ZIP.

    `zipguard` has already accepted the container, so its sizes are bounded and its XML is well-formed.
    """
    if not data.startswith(b"PK"):
        return
    try:
        archive = zipfile.ZipFile(io.BytesIO(data))
    except BROKEN:
        return  # a text that happens to start with PK; the reader has already reported a damaged container
    with archive:
        for name in archive.namelist():
            low = name.casefold()
            for prefix, part_name, words_count in _PARTS:
                if low.startswith(prefix) and low.endswith((".xml", ".rels")):
                    for text in _extract_texts(archive.read(name)):
                        if not _SHAREPOINT_TYPE.fullmatch(text):
                            yield part_name, text, words_count


def _extract_texts(part: bytes) -> list[str]:
    """Return the texts and attribute values of one XML part."""
    texts: list[str] = []
    pieces: list[str] = []

    def handle_start(_tag: str, attributes: dict[str, str]) -> None:
        texts.extend(value for value in attributes.values() if len(value) > 4)

    def handle_end(tag: str) -> None:
        if tag.rpartition(":")[2] not in _RUNS:
            if text := "".join(pieces).strip():
                texts.append(text)
            pieces.clear()

    parser = expat.ParserCreate()
    parser.StartElementHandler, parser.EndElementHandler, parser.CharacterDataHandler = (
        handle_start,
        handle_end,
        pieces.append,
    )
    parser.Parse(part, True)
    return texts
