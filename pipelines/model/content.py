"""What a reader yields: addressed cells of a grid, or a labelled cube.

A `Grid` is what a person sees on paper: tables of cells, each with a place in words that a person can
find again.  A `Cube` is what a statistical exchange format says of itself: dimensions with codes and
labels, and one observation per combination.  Everything here can be pickled and turned into JSON.  What there is one of
for each cell is a named tuple: a frozen dataclass takes four times as long to make, and a file holds 20,000.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Literal, NamedTuple

CellKind = Literal["blank", "text", "number", "date", "bool", "error", "formula"]
"""`formula` is a formula whose result was never calculated and stored; a calculated one has the kind of its result."""

Scalar = str | int | float | bool | None


_CELL = re.compile(r"[A-Z]{1,3}\d+")
_PLACE = re.compile(
    r"(?:page (?P<page>\d+)(?: |$))?(?:box \((?P<box>[-\d,]+)\)(?: |$))?"
    r"(?:table (?P<table>\d+)(?: |$))?(?P<cell>(?:[A-Z]{1,3}\d+|R\d+C\d+|row \d+ column \d+)(?= |$))? ?"
    r"(?:(?P<keyword>[A-Z][^ ]*(?: [^ ]+)*?)(?: |$))??(?:line (?P<line>\d+)(?: |$))?(?:column (?P<column>\d+))?"
)


class Where(NamedTuple):
    """A place in a file, in the words its owner would use.

    Only the parts that fit the format are set: sheet and cell for workbooks, page and box (points from the
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
        """`Т-03!B5`, `page 2 box (344,121,388,137)`, `table 1 R3C2`, `line 84 column 3`."""
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
    def parse(cls, text: str) -> Where:
        """The place that `str()` wrote: what a stored figure keeps is enough to point at its cell again."""
        sheet, mark, cell = text.rpartition("!")
        if mark and _CELL.fullmatch(cell):
            return cls(sheet=sheet, cell=cell)
        if text.startswith("sheet "):
            return cls(sheet=text.removeprefix("sheet "))
        found = _PLACE.fullmatch(text)
        if found is None:
            return cls(keyword=text or None)
        box = found["box"]
        return cls(
            cell=found["cell"],
            page=int(found["page"]) if found["page"] else None,
            box=tuple(float(part) for part in box.split(",")) if box else None,  # type: ignore[arg-type]
            table=int(found["table"]) if found["table"] else None,
            line=int(found["line"]) if found["line"] else None,
            column=int(found["column"]) if found["column"] else None,
            keyword=found["keyword"],
        )

    def as_dict(self) -> dict[str, object]:
        """Only the parts that are set, for JSON."""
        out: dict[str, object] = {}
        for name in ("sheet", "cell", "page", "box", "table", "line", "column", "keyword"):
            value = getattr(self, name)
            if value is not None:
                out[name] = list(value) if name == "box" else value
        return out


class Cell(NamedTuple):
    """One cell of a table. `row` and `column` count from 1 within the table.

    `text` is what the owner sees, unchanged; `value` is what the file stores (a number, a text, a bool; a date as
    ISO text with kind `date`).  A merged area is given once for each of its positions, all with the same content;
    `anchor` is the position of its first cell, equal to (row, column) for a cell of its own, and `spread` is true
    for all positions but that one.  `marks` holds note marks that the format itself sets apart from the value
    (raised small type in a PDF, superscript runs in DOCX and HTML).
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


@dataclass(frozen=True, slots=True)
class Table:
    """A rectangle of cells: a sheet, a table on a page, a table of a document, a whole text file.

    `cells` are in reading order; blank cells may be left out, except blank positions of a merged area.
    `title` is text found just above a table where the format keeps it outside the cells (DOCX paragraph, HTML
    caption, PDF line); `hidden` is a hidden sheet.
    """

    name: str
    cells: tuple[Cell, ...]
    title: str | None = None
    hidden: bool = False
    page: int | None = None


@dataclass(frozen=True, slots=True)
class Remark:
    """Something a reader noticed that does not stop the reading: a hidden sheet, an ignored script, a guess refused."""

    rule: str
    where: Where
    params: dict[str, Scalar] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Grid:
    """A file as tables of cells. `outside` are words of a document that stand in no table, each with its place."""

    format: str
    tables: tuple[Table, ...]
    properties: dict[str, Scalar] = field(default_factory=dict)
    remarks: tuple[Remark, ...] = ()
    outside: tuple[tuple[Where, str], ...] = ()


@dataclass(frozen=True, slots=True)
class Member:
    """One member of a dimension: its code (or, where the file has none, its label) and labels by language."""

    code: str
    labels: dict[str, str] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Dimension:
    """One dimension of a cube. `id` is the file's own code or, lacking one, its name in the default language."""

    id: str
    labels: dict[str, str]
    members: tuple[Member, ...]
    role: Literal["time", "geo", "metric"] | None = None


@dataclass(frozen=True, slots=True)
class CubeObservation:
    """One observation: `key` holds member codes in the order of the dimensions.

    `value` is None where the file has no number; then `status` is the sign as written (`..`, `-`, `c`), or None for an
    observation that is present but empty.  `attributes` are observation-level attributes of the file (OBS_STATUS …).
    """

    key: tuple[str, ...]
    value: float | int | None
    status: str | None
    where: Where
    notes: tuple[str, ...] = ()
    attributes: dict[str, str] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Cube:
    """A file as a labelled cube.

    `absent` says what a key that the file leaves out means by the rules of its format: `zero` (PX with KEYS) or
    `missing` (sparse JSON-stat and SDMX).  `properties` are the file's metadata (title, units, codepage …), text by
    keyword; `symbols` the meaning the file itself declares for its signs, where it does (DATASYMBOL1 …).
    """

    format: str
    dimensions: tuple[Dimension, ...]
    observations: Sequence[CubeObservation]
    default_language: str | None = None
    languages: tuple[str, ...] = ()
    absent: Literal["zero", "missing"] = "missing"
    properties: dict[str, Scalar] = field(default_factory=dict)
    symbols: dict[str, str] = field(default_factory=dict)
    remarks: tuple[Remark, ...] = ()


Content = Grid | Cube


class ReadError(Exception):
    """A file that cannot be read, said so that its sender can mend it.

    `rule` is a finding rule id (`read.encrypted`, `read.malformed` …), `params` its parameters, `where` the place.
    `expected` and `remedy` may stay empty where the rule's own words say enough.
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
