"""Read one cell as a number: kinds, signs, marks, and doubts about it."""

from __future__ import annotations

import re
from typing import NamedTuple

from pipelines.model.content import SourceCell, Where
from pipelines.reading.formats.common import column_letters, plain_number
from pipelines.reading.formats.number_format import is_percent, shows_another_number
from pipelines.reading.standardise.addressing import Trouble
from pipelines.reading.standardise.collecting import Collector
from pipelines.reading.standardise.numbers import ParsedNumber
from pipelines.reading.standardise.plan import Plan
from pipelines.reading.standardise.sheets import is_blank

STORES_NUMBERS = frozenset({"xlsx", "xls", "ods"})
"""Formats that store numbers as numbers; in the others every number is text, and that is not a finding."""


class Value(NamedTuple):
    """Number or the reason why there is none. `bound` is false for a refused cell."""

    value: float | None
    status: str
    conf: str
    seen: str
    notes: tuple[str, ...] = ()


ZERO = Value(0.0, "A", "F", "")
_ABSENT = {"zero": ZERO, "missing": Value(None, "O", "F", "")}


def absent_value(plan: Plan, where: Where, collector: Collector) -> Value | None:
    """Return the value of an empty cell by the form's rule; add a finding if the form allows none."""
    value = _ABSENT.get(plan.form.absent_cell)
    if value is None:
        collector.add_finding("cell.empty", where)
    return value


def cell_value(cell: SourceCell | None, where: Where, plan: Plan, collector: Collector, format_: str) -> Value | None:
    """Return the value of a cell; None, with a finding, if it cannot be believed."""
    if cell is None or is_blank(cell):
        return absent_value(plan, where, collector)
    if cell.struck is not None:
        report_struck_text(cell, where, collector)
        return None
    if cell.spread:
        trouble = Trouble("cell.merged_value", "error", {}, cell.text)
        collector.add_trouble(trouble, _origin_of(cell, where), key=(where.sheet, where.page, where.table, cell.anchor))
        return None
    match cell.kind:
        case "number":
            if cell.number_format and is_percent(cell.number_format):
                collector.add_finding("cell.percent", where, seen=cell.text)
                return None
            assert isinstance(cell.value, (int, float))  # readers set a number for this kind
            if cell.number_format and shows_another_number(cell.number_format, cell.value):
                collector.add_finding("cell.shown_otherwise", where, seen=plain_number(cell.value))
                return None
            if cell.marks is None:
                return Value(float(cell.value), "A", "F", cell.text)
            return _apply_marks(ParsedNumber(float(cell.value), "A", "F"), cell, where, plan, collector)
        case "date":
            collector.add_finding("cell.date", where, seen=cell.text, expected="a number")
        case "error":
            collector.add_finding("cell.error", where, seen=cell.text)
        case "formula":
            collector.add_finding("cell.formula", where, seen=cell.formula)
        case "bool":
            collector.add_finding("cell.boolean", where, seen=cell.text)
        case _:
            return text_value(cell, where, plan, collector, format_)
    return None


def report_struck_text(cell: SourceCell, where: Where, collector: Collector) -> None:
    """Report text that is struck through, deleted or hidden; what is left of the cell is the expected text."""
    collector.add_trouble(
        Trouble("cell.struck", "error", {}, cell.struck, cell.text if cell.text != cell.struck else None),
        _origin_of(cell, where) if cell.spread else where,
        key=(where.sheet, where.page, where.table, cell.anchor),
    )


def _origin_of(cell: SourceCell, where: Where) -> Where:
    """Return the place of the merged cell that this one repeats, in a format that names cells; else its own place."""
    if where.cell is None:
        return where
    row, column = cell.anchor
    return where._replace(cell=f"{column_letters(column)}{row}" if where.sheet is not None else f"R{row}C{column}")


def _correct_decimal_sign(text: str, plan: Plan) -> str | None:
    """Return a number that was written with the other decimal sign as the form writes it, `3.00` -> `3,00`."""
    decimal = plan.form.numbers.decimal
    wrong_sign = "." if decimal == "," else ","
    match = re.fullmatch(rf"(\d+){re.escape(wrong_sign)}(\d{{1,2}})", text.strip())
    return f"{match[1]}{decimal}{match[2]}" if match is not None else None


def text_value(cell: SourceCell, where: Where, plan: Plan, collector: Collector, format_: str) -> Value | None:
    """Read a number or sign written as text."""
    read = plan.numbers.read_number(cell.text)
    if read is None:
        signs = ", ".join(f"'{s}'" for s in plan.numbers.signs)
        example = _correct_decimal_sign(cell.text, plan) or "1" + (plan.form.numbers.thousands[0] or "") + "234"
        expected = f"a number written as {example}" + (f" or a sign ({signs})" if signs else "")
        collector.add_finding("cell.not_a_number", where, seen=cell.text, expected=expected)
        return None
    if read.sign is None and format_ in STORES_NUMBERS and read.value is not None:
        collector.add_finding("cell.number_as_text", where, seen=cell.text, value=read.value)
    return _apply_marks(read, cell, where, plan, collector)


def _apply_marks(read: ParsedNumber, cell: SourceCell, where: Where, plan: Plan, collector: Collector) -> Value:
    """Return a value with the notes and the status of its marks; report undeclared marks."""
    marks = (*read.marks, *(cell.marks.split() if cell.marks else ()))
    status, notes = read.status, []
    for mark in marks:
        note_mark = plan.numbers.find_mark(mark)
        if note_mark is None:
            collector.add_finding("mark.undeclared", where, seen=mark)
            notes.append(mark)
            continue
        notes.append(f"{mark} {note_mark.text}" if note_mark.text else mark)
        if note_mark.status is not None and read.value is not None:
            status = note_mark.status
    if read.sign == "below_half_unit":
        notes.append("below half of the unit")
    return Value(read.value, status, read.conf, cell.text, tuple(notes))


def line_notes(marks: tuple[str, ...], plan: Plan) -> tuple[tuple[str, ...], str | None]:
    """Return the notes and the status that the marks at a heading or label give to all its numbers."""
    notes, status = [], None
    for mark in marks:
        note_mark = plan.numbers.find_mark(mark)
        notes.append(f"{mark} {note_mark.text}" if note_mark is not None and note_mark.text else mark)
        if note_mark is not None and note_mark.status is not None:
            status = note_mark.status
    return tuple(notes), status
