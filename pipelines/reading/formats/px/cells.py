"""Parse the DATA part of a PX file: numbers and signs, with the line of each.

Cells may be separated by spaces, tabs, commas and semicolons, mixed at will (specification, section 3.2.2), so a comma
is never a decimal sign here. Signs are `-` and one to seven dots, in quotation marks or bare. With KEYS each row begins
with the codes or values of its stub variables, and rows of zeros are left out.
"""

from __future__ import annotations

import math
import re
from bisect import bisect_right
from dataclasses import dataclass
from math import prod

from pipelines.model.content import ReadError, Scalar, Where
from pipelines.reading.formats.px.structure import Layout
from pipelines.reading.formats.px.timeval import RULES as TIMEVAL_RULES

MAX_CUBE_CELLS = 1_000_000
"""A cell is a reference to a number that others share, and observations are built on demand. See decision 2."""

RULES: dict[str, tuple[str, str]] = {
    **TIMEVAL_RULES,
    "read.px.cell": (
        "{seen} in DATA is neither a number nor a sign of the PX format (-, ., .. to ......).",
        "Write numbers with a point as decimal sign, and signs in quotation marks.",
    ),
    "read.px.count": (
        "DATA holds {seen} cells, but the variables make {expected}.",
        "Check that no row or column is missing, that VALUES lists every one, and that no decimal comma is used "
        "(a comma divides cells).",
    ),
    "read.px.key": (
        "The row begins with {seen}, which is not among the {kind} of {variable}.",
        "Write it exactly as in {kind}.",
    ),
    "read.px.repeated_row": (
        "The row {seen} appears twice in DATA.",
        "Remove one of the two.",
    ),
    "read.px.row_count": (
        "The row {seen} has {found} cells; it must have {expected}.",
        "Complete the row, or correct VALUES of the heading variables.",
    ),
}

Stored = int | float | str
"""A number, or a sign as written without its quotation marks."""

_CELL = re.compile(
    r"([+-]?[0-9]{1,300})|\"(-|\.{1,7})\"|(-|\.{1,7})"
    r"|[+-]?(?:[0-9]{1,300}\.?[0-9]{0,300}|\.[0-9]{1,300})(?:[eE][+-]?[0-9]{1,3})?"
)
"""A whole number, a sign with or without quotation marks, or any other number."""
_TOKEN = re.compile(r"\"[^\"]*\"?|[^\s,;\"]+")
_DIVIDERS = str.maketrans(",;\t", "   ")


@dataclass(frozen=True, slots=True)
class Cells:
    """`values` in file order; cell i is on the line of the last entry of `starts` that is not above i.

    `rows` are the numbers of the stub rows in the file, or None if all are.
    """

    values: list[Stored]
    starts: list[int]
    lines: list[int]
    rows: list[int] | None = None
    has_signs: bool = True
    """False if all values are numbers."""

    def line_of(self, cell: int) -> int:
        return self.lines[bisect_right(self.starts, cell) - 1]


class _BadCellError(ValueError):
    """A token that is not a cell."""


class _Memo(dict[str, Stored]):
    """Cache of parsed tokens: small counts repeat, so a look-up is faster than parsing each again."""

    def __missing__(self, token: str) -> Stored:
        match = _CELL.fullmatch(token)
        if match is None:
            raise _BadCellError(token)
        value: Stored
        if (kind := match.lastindex) is None:
            value = float(token)
            if not math.isfinite(value):
                raise _BadCellError(token)
        else:
            value = int(token) if kind == 1 else match[kind]
        self[token] = value
        return value


def parse_cells(text: str, start: int, layout: Layout) -> Cells:
    """Parse all cells after `DATA=` at offset `start`. Raises ReadError with the line in DATA."""
    first_line = text.count("\n", 0, start) + 1
    if layout.keys is None and layout.cells > MAX_CUBE_CELLS:
        raise ReadError("read.too_many_cells", Where(line=first_line, keyword="DATA"), limit=MAX_CUBE_CELLS)
    body = text[start:].rstrip("; \t\n\x00\x1a")
    return _parse_keyed(body, first_line, layout) if layout.keys is not None else _parse_dense(body, first_line, layout)


def _parse_dense(body: str, first_line: int, layout: Layout) -> Cells:
    """Parse DATA without KEYS, line by line."""
    memo = _Memo()
    values: list[Stored] = []
    starts: list[int] = []
    lines: list[int] = []
    parse = memo.__getitem__
    for number, row in enumerate(body.translate(_DIVIDERS).split("\n"), first_line):
        tokens = row.split()
        if not tokens:
            continue
        starts.append(len(values))
        lines.append(number)
        try:
            values += map(parse, tokens)
        except _BadCellError:
            # signs written without a separator ('".."".."') still parse one by one
            del values[starts[-1] :]
            values += _parse_one_by_one(body.split("\n")[number - first_line], number, memo)
        if len(values) > MAX_CUBE_CELLS:
            _check_count(values, number)
    if len(values) != layout.cells:
        last = lines[-1] if lines else first_line
        raise ReadError("read.px.count", Where(line=last, keyword="DATA"), seen=len(values), expected=layout.cells)
    return Cells(values, starts, lines, has_signs=any(value.__class__ is str for value in memo.values()))


def _check_count(values: list[Stored], line: int) -> None:
    if len(values) > MAX_CUBE_CELLS:
        raise ReadError("read.too_many_cells", Where(line=line, keyword="DATA"), limit=MAX_CUBE_CELLS)


def _parse_one_by_one(row: str, line: int, memo: _Memo) -> list[Stored]:
    try:
        return [memo[token] for token in _TOKEN.findall(row)]
    except _BadCellError as bad:
        raise ReadError("read.px.cell", Where(line=line, keyword="DATA"), seen=str(bad)[:40]) from bad


def _parse_keyed(body: str, first_line: int, layout: Layout) -> Cells:
    """Parse rows with keys. A row may run over several lines; it ends when its cells are complete."""
    assert layout.keys is not None
    stub, width = layout.stub, layout.row_width
    strides = [prod(layout.sizes[i + 1 : stub]) for i in range(stub)]
    memo = _Memo()
    values: list[Stored] = []
    starts: list[int] = []
    lines: list[int] = []
    rows: dict[int, None] = {}
    tokens = [
        (token, number) for number, row in enumerate(body.split("\n"), first_line) for token in _TOKEN.findall(row)
    ]
    at = 0
    while at < len(tokens):
        line = tokens[at][1]
        keys = [token.strip('"') for token, _ in tokens[at : at + stub]]
        row = 0
        for i, key in enumerate(keys):
            variable = layout.variables[i]
            place = variable.value_index(key, code_first=layout.keys[i] == "CODES")
            if place is None:
                params = {"seen": key[:80], "kind": layout.keys[i], "variable": variable.name}
                raise ReadError("read.px.key", Where(line=line, keyword="DATA"), **params)
            row += place * strides[i]
        row_keys = ", ".join(keys)[:80]
        if row in rows:
            raise ReadError("read.px.repeated_row", Where(line=line, keyword="DATA"), seen=row_keys)
        rows[row] = None
        at += stub
        row_tokens = tokens[at : at + width]
        before = 0
        try:
            for token, number in row_tokens:
                if number != before:
                    starts.append(len(values))
                    lines.append(number)
                    before = number
                values.append(memo[token])
        except _BadCellError as bad:
            cell_count = len(values) - (len(rows) - 1) * width
            if str(bad).startswith('"'):  # the next row's key, so this row is short
                params_: dict[str, Scalar] = {"seen": row_keys, "found": cell_count, "expected": width}
                raise ReadError("read.px.row_count", Where(line=line, keyword="DATA"), **params_) from bad
            raise ReadError("read.px.cell", Where(line=before, keyword="DATA"), seen=str(bad)[:40]) from bad
        if len(row_tokens) < width:
            params_ = {"seen": row_keys, "found": len(row_tokens), "expected": width}
            raise ReadError("read.px.row_count", Where(line=line, keyword="DATA"), **params_)
        at += width
        _check_count(values, line)
    return Cells(values, starts, lines, list(rows))
