"""Describe where words are in an empty workbook before anything is written: sheets, texts, areas.

Independent of any spreadsheet library.
"""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from typing import Literal

Role = Literal["mark", "title", "corner", "heading", "label", "section", "end"]
_NO_SHEET_NAME = re.compile(r"[\[\]:*?/\\]")
LONGEST_NAME = 31
"""Maximum characters of a sheet's name in spreadsheets."""


@dataclass(frozen=True, slots=True)
class LayoutText:
    """A word in a cell, merged `down` and `across` if it heads several rows or columns. Counted from 1."""

    row: int
    column: int
    text: str
    role: Role
    down: int = 1
    across: int = 1


@dataclass(frozen=True, slots=True)
class TableArea:
    """A table on a sheet: heading rows `top` to `head`, first column of numbers, and last row and column; all
    inclusive."""

    top: int
    head: int
    first: int
    right: int
    bottom: int


@dataclass(slots=True)
class TemplateSheet:
    """One sheet of the form: its words in reading order, and its tables."""

    name: str
    texts: list[LayoutText] = field(default_factory=list)
    areas: list[TableArea] = field(default_factory=list)
    spare: int = 0
    """Lines below the last that may also be filled in (lists only)."""
    choices: dict[int, str] = field(default_factory=dict)
    """Column -> the code table that its words come from (lists only)."""
    dates: tuple[int, ...] = ()
    quantities: tuple[int, ...] = ()
    """Columns of dates, and of numbers that need not be whole (registers only)."""

    @property
    def is_list(self) -> bool:
        """Return True if lines may be added and deleted."""
        return self.spare > 0

    @property
    def last(self) -> int:
        """Return the last row with a word."""
        return max((text.row + text.down - 1 for text in self.texts), default=0)


def sheet_name(text: str, taken: set[str]) -> str:
    """Return a valid and unused sheet name made from a text, and add it to `taken`."""
    plain = " ".join(_NO_SHEET_NAME.sub(" ", text).split()).strip("'") or "1"
    name, number = plain[:LONGEST_NAME].rstrip(), 1
    while name.casefold() in taken:
        number += 1
        ending = f" {number}"
        name = plain[: LONGEST_NAME - len(ending)].rstrip() + ending
    taken.add(name.casefold())
    return name
