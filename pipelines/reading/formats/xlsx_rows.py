"""Rows of usual cells taken out of the XML of a sheet by their text, before it is parsed.

To parse 220,000 cells takes most of the time of reading a register. A row is taken if every one of its cells is
written in the way of the office programs (its address, a number, a text or an ordinary formula); rows with anything
else stay where they are, for openpyxl, as does all that is no row. A sheet in which a text that looks like a cell may
be none (a comment, CDATA, another encoding, other namespaces) is left whole. Runs behind `zipguard.inspect`: the XML
is well formed, and its cells are counted.
"""

from __future__ import annotations

import re
from typing import NamedTuple

LARGEST = 64 * 1024 * 1024
"""Bytes of a sheet whose rows are taken from its text; a larger is streamed, so as not to be held several times."""
_HEAD = re.compile(
    rb"\A(?:\xef\xbb\xbf)?(?:<\?xml[^<>?]*\?>\s*)?"
    rb'<worksheet xmlns="http://schemas\.openxmlformats\.org/spreadsheetml/2006/main"[^<>]*>'
)
_ENCODING = re.compile(rb"""encoding=["'](?!utf-8["'])""", re.IGNORECASE)
_NAMESPACE = re.compile(rb"\bxmlns\s*=")
_TEXT = r"[^<&\r]"
"""Neither a reference to a character nor a line end that a parser would write over."""
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
"""A row of which nothing is wanted but its cells: it is shown, and of no style of its own."""
_WITHOUT_NUMBER = re.compile(r'<row(?:>|/|\s(?:(?![^<>]*\sr=")(?!r="))[^<>]*>)')


Held = tuple[str, str, str, str, str, str, str]
"""A cell as written: letters and digits of its address, style, type, value, formula, text in the cell; empty where
there is nothing."""


class Taken(NamedTuple):
    """The cells taken, in the order of the sheet, and the sheet without them."""

    cells: list[Held]
    rest: bytes


def whole(data: bytes) -> Taken:
    """A sheet of which nothing is taken."""
    return Taken([], data)


def take_rows(data: bytes, *, inline: bool = True) -> Taken:
    """Take the usual rows; without `inline`, none of a sheet that holds texts in its cells."""
    if not _is_plain(data) or (not inline and b"inlineStr" in data):
        return whole(data)
    try:
        text = data.decode("utf-8")
    except UnicodeDecodeError:
        return whole(data)
    if _WITHOUT_NUMBER.search(text):
        return whole(data)
    taken: list[str] = []

    def take(row: re.Match[str]) -> str:
        taken.append(row[2])
        return "" if _PLAIN_ROW.fullmatch(row[1]) else f"<row{row[1]}/>"

    rest = _ROWS.sub(take, text)
    return Taken(_CELLS.findall("".join(taken)), rest.encode("utf-8"))


def without_rows(data: bytes, count: int) -> bytes | None:
    """A sheet without the rows after so many; None where what looks like the end of a row may be none."""
    if (
        len(data) > LARGEST
        or not _is_plain(data)
        or data.count(b"<sheetData>") != 1
        or data.count(b"</sheetData>") != 1
    ):
        return None
    end = data.index(b"<sheetData>")
    for _ in range(count):
        found = data.find(b"</row>", end)
        if found < 0:
            return data
        end = found + len(b"</row>")
    rest = data.index(b"</sheetData>")
    return data[:end] + data[rest:] if end < rest else None


def _is_plain(data: bytes) -> bool:
    """Whether all that looks like an element of a sheet is one."""
    head = _HEAD.match(data)
    if head is None or _ENCODING.search(head[0]) or len(_NAMESPACE.findall(data)) != 1:
        return False
    return b"<!" not in data and data.count(b"<?") == head[0].count(b"<?")
