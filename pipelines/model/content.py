"""The output of a reader: a grid of addressed cells, or a labelled cube.

A `Grid` holds tables of cells as printed, each cell with a place that a person can find again.  A `Cube` holds the
content of a statistical exchange format: dimensions with codes and labels, and one observation per combination.
All classes can be pickled and converted to JSON.  Classes with one instance per cell are named tuples: a frozen
dataclass takes four times as long to create, and a file has up to 20,000 cells.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Literal, NamedTuple

CellKind = Literal["blank", "text", "number", "date", "bool", "error", "formula"]
"""`formula`: a formula without a stored result; one with a stored result has the kind of that result."""

Scalar = str | int | float | bool | None


_CELL = re.compile(r"[A-Z]{1,3}\d+")
_PLACE = re.compile(
    r"(?:page (?P<page>\d+)(?: |$))?(?:box \((?P<box>[-\d,]+)\)(?: |$))?"
    r"(?:table (?P<table>\d+)(?: |$))?(?P<cell>(?:[A-Z]{1,3}\d+|R\d+C\d+|row \d+ column \d+)(?= |$))? ?"
    r"(?:(?P<keyword>[A-Z][^ ]*(?: [^ ]+)*?)(?: |$))??(?:line (?P<line>\d+)(?: |$))?(?:column (?P<column>\d+))?"
)


class Where(NamedTuple):
    """A place in a file, in terms that its sender would use.

    Only the parts that suit the format are set: sheet and cell for workbooks, page and box (points from the
    top left: x0, top, x1, bottom) for PDF, table and cell for DOCX and HTML, line and column for text.
    """

    sheet: str | None = None
    cell: str | None = None
    page: int | None = None
    box: tuple[float, float, float, float] | None = None
    table: int | None = None
    line: int | None = None
    column: int | None = None
    keyword: str | None = None

    def __str__(self) -> str:
        """Format as `Т-03!B5`, `page 2 box (344,121,388,137)`, `table 1 R3C2` or `line 84 column 3`."""
        if self.sheet is not None and self.cell is not None:
            return f"{self.sheet}!{self.cell}"
        parts: list[str] = []
        if self.sheet is not None:
            parts.append(f"sheet {self.sheet}")
        if self.page is not None:
            parts.append(f"page {self.page}")
        if self.box is not None:
            parts.append("box ({:.0f},{:.0f},{:.0f},{:.0f})".format(*self.box))
        if self.table is not None:
            parts.append(f"table {self.table}")
        if self.cell is not None:
            parts.append(self.cell)
        if self.keyword is not None:
            parts.append(self.keyword)
        if self.line is not None:
            parts.append(f"line {self.line}")
        if self.column is not None:
            parts.append(f"column {self.column}")
        return " ".join(parts)

    @classmethod
    def from_text(cls, text: str) -> Where:
        """Parse the output of `str()`, so that a stored figure can be traced back to its cell."""
        sheet, mark, cell = text.rpartition("!")
        if mark and _CELL.fullmatch(cell):
            return cls(sheet=sheet, cell=cell)
        if text.startswith("sheet "):
            return cls(sheet=text.removeprefix("sheet "))
        match = _PLACE.fullmatch(text)
        if match is None:
            return cls(keyword=text or None)
        box = match["box"]
        return cls(
            cell=match["cell"],
            page=int(match["page"]) if match["page"] else None,
            box=tuple(float(part) for part in box.split(",")) if box else None,  # type: ignore[arg-type]
            table=int(match["table"]) if match["table"] else None,
            line=int(match["line"]) if match["line"] else None,
            column=int(match["column"]) if match["column"] else None,
            keyword=match["keyword"],
        )

    def as_dict(self) -> dict[str, object]:
        """Return the parts that are set, for JSON."""
        parts: dict[str, object] = {}
        for name in ("sheet", "cell", "page", "box", "table", "line", "column", "keyword"):
            value = getattr(self, name)
            if value is not None:
                parts[name] = list(value) if name == "box" else value
        return parts


class SourceCell(NamedTuple):
    """One cell of a table. `row` and `column` count from 1 within the table.

    `text` is the displayed text, unchanged; `value` is the stored value (a number, a text, a bool; a date as ISO text
    with kind `date`).  A merged area has one cell for each of its positions, all with the same content; `anchor` is
    the position of its first cell, equal to (row, column) for an unmerged cell, and `spread` is true for all other
    positions.  `marks` holds note marks that the format itself separates from the value (superscript in PDF, DOCX and
    HTML).  `struck` holds text that is struck through, deleted or hidden: it is not in `text`, unless the cell has no
    other text, and then `text` is the same.
    """

    row: int
    column: int
    text: str
    value: Scalar
    where: Where
    kind: CellKind = "text"
    anchor: tuple[int, int] = (0, 0)
    spread: bool = False
    hidden: bool = False
    formula: str | None = None
    number_format: str | None = None
    note: str | None = None
    marks: str | None = None
    struck: str | None = None


@dataclass(frozen=True, slots=True)
class SourceTable:
    """A rectangle of cells: a sheet, a table on a page, a table of a document, a whole text file.

    `cells` are in reading order; blank cells may be omitted, except blank positions of a merged area.
    `title` is text directly above a table if the format keeps it outside the cells (DOCX paragraph, HTML
    caption, PDF line); `hidden` is a hidden sheet.
    """

    name: str
    cells: tuple[SourceCell, ...]
    title: str | None = None
    hidden: bool = False
    page: int | None = None


@dataclass(frozen=True, slots=True)
class Remark:
    """An observation of a reader that does not stop it: a hidden sheet, an ignored script, a rejected guess."""

    rule: str
    where: Where
    params: dict[str, Scalar] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Grid:
    """A file as tables of cells. `outside` holds the text of a document outside its tables, each with its place.

    The first `above` of these texts come before the first table.
    """

    format: str
    tables: tuple[SourceTable, ...]
    properties: dict[str, Scalar] = field(default_factory=dict)
    remarks: tuple[Remark, ...] = ()
    outside: tuple[tuple[Where, str], ...] = ()
    above: int = 0


@dataclass(frozen=True, slots=True)
class Member:
    """One member of a dimension: its code (its label if the file has no codes) and labels by language.

    `time` is the period that the format states for the member in a further place (TIMEVAL of PX).
    """

    code: str
    labels: dict[str, str] = field(default_factory=dict)
    time: str | None = None


@dataclass(frozen=True, slots=True)
class SourceDimension:
    """One dimension of a cube. `id` is the code in the file or, if there is none, the name in the default language."""

    id: str
    labels: dict[str, str]
    members: tuple[Member, ...]
    role: Literal["time", "geo", "metric"] | None = None


NO_ATTRIBUTES: dict[str, str] = {}
"""Attributes of observations that have none; shared, because a million empty dictionaries take 64 MB."""


class CubeObservation(NamedTuple):
    """One observation: `key` holds member codes in the order of the dimensions.

    `value` is None if the file has no number; `status` is then the sign as written (`..`, `-`, `c`), or None for an
    observation that is present but empty.  `attributes` are observation-level attributes of the file (OBS_STATUS …).
    """

    key: tuple[str, ...]
    value: float | int | None
    status: str | None
    where: Where
    notes: tuple[str, ...] = ()
    attributes: dict[str, str] = NO_ATTRIBUTES


@dataclass(frozen=True, slots=True)
class Cube:
    """A file as a labelled cube.

    `absent` is the meaning of an omitted key by the rules of the format: `zero` (PX with KEYS) or `missing` (sparse
    JSON-stat and SDMX).  `properties` are the metadata of the file (title, units, codepage …) by keyword; `symbols`
    are the meanings that the file declares for its signs, if any (DATASYMBOL1 …).
    """

    format: str
    dimensions: tuple[SourceDimension, ...]
    observations: Sequence[CubeObservation]
    default_language: str | None = None
    languages: tuple[str, ...] = ()
    absent: Literal["zero", "missing"] = "missing"
    properties: dict[str, Scalar] = field(default_factory=dict)
    symbols: dict[str, str] = field(default_factory=dict)
    remarks: tuple[Remark, ...] = ()


Content = Grid | Cube


class ReadError(Exception):
    """A file cannot be read; it becomes a finding that explains what the sender must correct.

    `rule` is the id of a finding rule (`read.encrypted`, `read.malformed` …), `params` are its parameters and `where`
    is the place.  `expected` and `remedy` may be empty if the message of the rule is enough.
    """

    def __init__(self, rule: str, where: Where | None = None, **params: Scalar) -> None:
        self.rule = rule
        self.where = where or Where()
        self.params = params
        detail = ", ".join(f"{k}={v!r}" for k, v in params.items())
        super().__init__(f"{rule}: {self.where} {detail}".strip())

    def __reduce__(self):  # type: ignore[no-untyped-def]
        return _rebuild, (self.rule, self.where, self.params)


def _rebuild(rule: str, where: Where, params: dict[str, Scalar]) -> ReadError:
    return ReadError(rule, where, **params)
