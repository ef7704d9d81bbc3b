"""Tag the first cell of each row of a PDF as the heading of its row, which typst 0.15 does for header rows only."""

from __future__ import annotations

import re
from bisect import bisect_left
from itertools import accumulate

_CELL = re.compile(rb"<</Type/StructElem/S/T(D)/P \d+ 0 R/A\[<</O/Table(/)Headers\[\([^()]*x0y0\)\]>>")
"""Structure element of a cell that belongs to the heading of the first column."""
_TABLE = re.compile(rb"\nxref\n0 (\d+)\n((?:\d{10} \d{5} [fn][ \r]\n)+)trailer\n")
_START = re.compile(rb"startxref\n(\d+)\n%%EOF\s*\Z")
_ENTRY = 20
"""Bytes of an entry of the cross-reference table."""


def tag_row_headings(document: bytes) -> bytes:
    """Return a document of typst in which the first cells of rows are headings with the scope of their row.

    Raises ValueError if the document has no single cross-reference table, which lists where its objects are.
    """
    tables, start = list(_TABLE.finditer(document)), _START.search(document)
    if len(tables) != 1 or start is None:
        raise ValueError("typst wrote a cross-reference table of another kind: adapt row_headings.py")
    places: list[int] = []
    inserted: list[bytes] = []
    for cell in _CELL.finditer(document):
        places += [cell.start(1), cell.start(2)]
        inserted += [b"", b"/Scope/Row"]
    lengths = [0, *accumulate(map(len, inserted))]

    def move_offset(offset: int) -> int:
        return offset + lengths[bisect_left(places, offset)]

    parts, end = [], 0
    for place, text in zip(places, inserted, strict=True):
        parts.append(document[end:place] + text)
        if not text:
            parts.append(b"H")
        end = place + (0 if text else 1)
    table = tables[0]
    entries = [table[2][at : at + _ENTRY] for at in range(0, len(table[2]), _ENTRY)]
    moved = [
        b"%010d" % move_offset(int(entry[:10])) + entry[10:] if entry[17:18] == b"n" else entry for entry in entries
    ]
    parts += [document[end : table.start(2)], *moved, document[table.end(2) : start.start(1)]]
    return b"".join([*parts, b"%d" % move_offset(int(start[1])), document[start.end(1) :]])
