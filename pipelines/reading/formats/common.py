"""Provide what several grid readers share: limits, the cell gate, cell names, and rules that any of them may raise."""

from __future__ import annotations

import math
from collections.abc import Iterable
from functools import lru_cache
from typing import NamedTuple

from pipelines.model.content import ReadError, Where
from pipelines.reading.formats.number_format import is_percent

MAX_BYTES = 50 * 1024 * 1024
MAX_CELLS = 300_000
"""Counts have 100 to 10,000 cells, a register of 2 MB up to 255,000 (seven fields in 55 bytes); more is an attack.

Registers of 225,000 and 240,000 cells took 0.3 of the 2 GB of memory of a reading child.
"""
MAX_FORMATTED_CELLS = 500_000
"""Cells that have only a format; openpyxl spends 25 microseconds on each."""
MAX_SPREAD = 200_000
"""Positions that merged areas may cover in one file: each becomes a cell of its own."""
MAX_ROW = 200_000
MAX_COLUMN = 2_000
MAX_TABLES = 2_000
MAX_SHEETS = 250
"""Sheets of a workbook. Offices send up to a few dozen; opening an empty one takes six milliseconds."""

RULES: dict[str, tuple[str, str]] = {
    "read.malformed": (
        "The file looks like {format} but is damaged or incomplete ({detail}).",
        "Open the file in the program that made it, save it again under a new name and send that.",
    ),
    "read.encrypted": (
        "The file is password protected.",
        "Remove the password (File, Info, Protect; or save without a password) and send the file again.",
    ),
    "read.macros": (
        "The workbook contains macros ({part}).",
        "Save it as a workbook without macros (.xlsx) and send that.",
    ),
    "read.too_many_cells": (
        "The file holds more than {limit} filled cells; a return has at most some ten thousand.",
        "Send the tables of the return only. If a value was copied over a whole sheet, delete it there; records of "
        "single persons do not belong in such a file.",
    ),
    "read.too_many_formatted": (
        "The file holds more than {limit} cells that are formatted but empty.",
        "Delete the empty formatted rows and columns next to and below the table, save, and send again.",
    ),
    "read.spread_too_large": (
        "Merged cells cover more than {limit} positions.",
        "Undo the merge at the place named (merge only the heading cells of the table) and send again.",
    ),
    "read.far_cell": (
        "There is a filled cell far outside any table (row {row}, column {column}).",
        "Delete the stray cell, keep the table near the top left of the sheet, and send again.",
    ),
    "read.too_many_tables": (
        "The file holds more than {limit} tables or sheets.",
        "Send only the tables of the return.",
    ),
    "read.too_many_sheets": (
        "The workbook holds more than {limit} sheets.",
        "Send only the sheets of the return: copy them into a new workbook, save that and send it.",
    ),
    "read.xml_doctype": (
        "The file contains an instruction that office programs never write and that can harm anyone who opens it "
        "({part}: DOCTYPE).",
        "Make a new file: copy the table into a new, empty workbook, save it and send it.",
    ),
    "read.hidden_sheet": ("The sheet {name} is hidden.", "Unhide it, or delete it if it is not part of the return."),
    "read.pictures_ignored": (
        "The file holds pictures; what they show cannot be read.",
        "If a table is a picture, type it as cells.",
    ),
    "read.external_links_ignored": (
        "The workbook links to other workbooks; the links were not followed.",
        "Replace the links by their values (Data, Edit links, Break link).",
    ),
    "read.chart_ignored": (
        "The sheet {name} is a chart and was not read.",
        "Nothing to do if the figures are in a table.",
    ),
}


class CellCounter:
    """Counter of the cells a reader yields; stops it at `MAX_CELLS` filled and `MAX_SPREAD` spread positions."""

    __slots__ = ("filled", "spread")

    def __init__(self) -> None:
        self.filled = 0
        self.spread = 0

    def count_filled(self, where: Where, count: int = 1) -> None:
        """Count filled cells; raise `read.too_many_cells` past the limit."""
        self.filled += count
        if self.filled > MAX_CELLS:
            raise ReadError("read.too_many_cells", where, limit=MAX_CELLS)

    def count_covered(self, where: Where, positions: int) -> None:
        """Count positions of a merged area; raise `read.spread_too_large` past the limit."""
        self.spread += positions
        if self.spread > MAX_SPREAD:
            raise ReadError("read.spread_too_large", where, limit=MAX_SPREAD)


@lru_cache(maxsize=4096)
def column_letters(number: int) -> str:
    """Return the letters of a spreadsheet column: 1 -> A, 27 -> AA."""
    letters = ""
    while number > 0:
        number, letter_index = divmod(number - 1, 26)
        letters = chr(65 + letter_index) + letters
    return letters


@lru_cache(maxsize=4096)
def column_number(letters: str) -> int:
    """Return the number of a spreadsheet column: A -> 1, AA -> 27; 0 for anything but the letters A to Z."""
    number = 0
    for letter in letters:
        if not "A" <= letter <= "Z":
            return 0
        number = number * 26 + ord(letter) - 64
    return number


def plain_number(value: float) -> str:
    """Format a number without exponent, grouping or locale: 12.0 -> `12`, 0.1 -> `0.1`.

    Files store numbers without the sender's locale, so what the owner saw (`1.234,5` or `1,234.5`) cannot be known.
    """
    if isinstance(value, int):
        return str(value)
    if not math.isfinite(value):
        return str(value)
    if value == int(value) and abs(value) < 1e15:
        return str(int(value))
    text = repr(value)
    if "e" not in text:
        return text
    return f"{value:.17f}".rstrip("0").rstrip(".") if abs(value) < 1 else f"{value:.0f}"


def number_text(value: float, number_format: str | None) -> str:
    """Format a number as the sheet shows it, as far as that does not depend on the sender's locale.

    0.253 with a percent format is shown as `25.3%`; a reader that returned `0.253` would hide that it is a share.
    """
    if number_format and "%" in number_format and is_percent(number_format):
        return plain_number(round(value * 100, 10)) + "%"
    return plain_number(value)


class SplitText(NamedTuple):
    """Text of a cell, its raised type as marks, and what is struck through, deleted or hidden in it."""

    text: str
    marks: str | None
    struck: str | None


def split_runs(runs: Iterable[tuple[str, bool, bool]]) -> SplitText:
    """Separate runs of type: (text, whether it is raised, whether it is struck through).

    Text that is struck through is never part of a number: a 1 struck through before a 3 was once read as 13. A cell of
    raised type alone keeps it as its text, and so does one that is struck through as a whole.
    """
    plain: list[str] = []
    raised: list[str] = []
    struck: list[str] = []
    for text, is_raised, is_struck in runs:
        (struck if is_struck else raised if is_raised else plain).append(text)
    struck_text = "".join(struck).strip() or None
    if "".join(plain).strip():
        return SplitText("".join(plain), "".join(raised).strip() or None, struck_text)
    if "".join(raised).strip():
        return SplitText("".join([*plain, *raised]), None, struck_text)
    return SplitText(struck_text or "".join(plain), None, struck_text)


def malformed_error(format_name: str, error: Exception, where: Where | None = None) -> ReadError:
    """Return `read.malformed` for a library's own error, with its kind and first line but no content of the file."""
    words = str(error).splitlines()[0][:160] if str(error).strip() else type(error).__name__
    return ReadError("read.malformed", where, format=format_name, detail=words.rstrip("."))
