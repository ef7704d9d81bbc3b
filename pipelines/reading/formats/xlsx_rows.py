"""Take rows of ordinary cells out of the XML of a sheet by their text, before it is parsed.

Parsing 220,000 cells takes most of the time of reading a register. A row is taken if every one of its cells is written
in the way of the office programs (its address, a number, a text or an ordinary formula); all other rows, and everything
that is not a row, are left to openpyxl. A sheet in which a text that looks like a cell may not be one (a comment,
CDATA, another encoding, other namespaces) is left whole. Runs behind `zipguard.inspect_container`: the XML is
well-formed, and its cells are counted.
"""

from __future__ import annotations

import re
from typing import NamedTuple

LARGEST = 64 * 1024 * 1024
"""Size in bytes up to which rows are taken from a sheet's text; a larger sheet is streamed, to avoid several copies."""
_HEAD = re.compile(
    rb"\A(?:\xef\xbb\xbf)?(?:<\?xml[^<>?]*\?>\s*)?"
    rb'<worksheet xmlns="http://schemas\.openxmlformats\.org/spreadsheetml/2006/main"[^<>]*>'
)
_ENCODING = re.compile(rb"""encoding=["'](?!utf-8["'])""", re.IGNORECASE)
_NAMESPACE = re.compile(rb"\bxmlns\s*=")
_TEXT = r"[^<&\r]"
"""Text without character references and without line ends that a parser would normalise."""
_CELL = (
    r'<c r="([A-Z]{1,3})([1-9][0-9]{0,8})"(?: s="([0-9]{1,6})")?(?:'
    rf'(?: t="(n|s)")?(?:/>|></c>|><v>({_TEXT}+)</v></c>)'
    rf'|(?: t="(?:n|str|b|e)")?><f>({_TEXT}+)</f>(?:<v/>|<v>[^<]*</v>)?</c>'
    rf'| t="inlineStr"><is><t(?: xml:space="preserve")?>({_TEXT}+)</t></is></c>)'
)
_CELLS = re.compile(_CELL)
_UNGROUPED = re.sub(r"\((?!\?)", "(?:", _CELL)
_ROWS = re.compile(rf"<row((?: [^<>]*[^<>/])?)>((?:{_UNGROUPED})*)</row>")
_ROW_ATTRIBUTE = (
    r'(?:r="[1-9][0-9]{0,8}"|spans="[0-9: ]*"|ht="(?:[1-9][0-9]*(?:\.[0-9]+)?|0?\.[0-9]*[1-9][0-9]*)"'
    r'|(?:customHeight|customFormat|collapsed|thickTop|thickBot|ph)="(?:0|1|true|false)"|hidden="(?:0|false)"'
    r'|outlineLevel="[0-7]"|[a-z0-9]+:dyDescent="[^"]*")'
)
_PLAIN_ROW = re.compile(rf"(?: {_ROW_ATTRIBUTE})*")
"""Row of which only the cells matter: it is shown, and has no style of its own."""
_WITHOUT_NUMBER = re.compile(r'<row(?:>|/|\s(?:(?![^<>]*\sr=")(?!r="))[^<>]*>)')


CellMatch = tuple[str, str, str, str, str, str, str]
"""Cell as written: letters and digits of its address, style, type, value, formula, inline text; empty if absent."""


class TakenRows(NamedTuple):
    """The cells taken, in the order of the sheet, and the sheet without them."""

    cells: list[CellMatch]
    remaining_xml: bytes


def leave_whole(data: bytes) -> TakenRows:
    """Return a sheet of which nothing is taken."""
    return TakenRows([], data)


def take_rows(data: bytes, *, inline: bool = True) -> TakenRows:
    """Take the usual rows; without `inline`, take none of a sheet that has texts in its cells."""
    if not _is_plain_sheet(data) or (not inline and b"inlineStr" in data):
        return leave_whole(data)
    try:
        text = data.decode("utf-8")
    except UnicodeDecodeError:
        return leave_whole(data)
    if _WITHOUT_NUMBER.search(text):
        return leave_whole(data)
    row_texts: list[str] = []

    def take_row(row: re.Match[str]) -> str:
        row_texts.append(row[2])
        return "" if _PLAIN_ROW.fullmatch(row[1]) else f"<row{row[1]}/>"

    remaining_text = _ROWS.sub(take_row, text)
    return TakenRows(_CELLS.findall("".join(row_texts)), remaining_text.encode("utf-8"))


def without_rows(data: bytes, count: int) -> bytes | None:
    """Return a sheet without the rows after so many; None if what looks like the end of a row may not be one."""
    if (
        len(data) > LARGEST
        or not _is_plain_sheet(data)
        or data.count(b"<sheetData>") != 1
        or data.count(b"</sheetData>") != 1
    ):
        return None
    end = data.index(b"<sheetData>")
    for _ in range(count):
        row_end = data.find(b"</row>", end)
        if row_end < 0:
            return data
        end = row_end + len(b"</row>")
    data_end = data.index(b"</sheetData>")
    return data[:end] + data[data_end:] if end < data_end else None


def _is_plain_sheet(data: bytes) -> bool:
    """Return True if everything that looks like an element of a sheet is one."""
    head = _HEAD.match(data)
    if head is None or _ENCODING.search(head[0]) or len(_NAMESPACE.findall(data)) != 1:
        return False
    return b"<!" not in data and data.count(b"<?") == head[0].count(b"<?")
