"""Random changes of good returns, each of which declares what may become of it.

A mutation names the numbers that the changed file states, by the key of the cell it changed: so the test needs no
second reader, only that nothing but the named numbers differs, or that the file is refused.
"""

from __future__ import annotations

import io
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Any

from pipelines.declarations.registry import load
from pipelines.model.long_tables import OBSERVATION_KEY
from pipelines.submissions.checking.read_task import ReadResult, Task, take_with
from tests.support.paths import SAMPLES

Key = tuple[Any, ...]
Values = Mapping[Key, tuple[float | None, str]]


@dataclass(frozen=True)
class Good:
    """A good return: its bytes, its numbers, and which cell holds which."""

    file: str
    data: bytes
    values: Values
    places: Mapping[str, Key]

    @property
    def name(self) -> str:
        return Path(self.file).name


@dataclass(frozen=True)
class Mutation:
    """A changed file. `values` is what it states if it is read; `must_refuse`: reading it at all would be wrong."""

    what: str
    data: bytes
    values: Values | None
    must_refuse: bool = False


@cache
def good(file: str) -> Good:
    """A sample and what it holds. It must be good, or the mutations would prove nothing."""
    data = (SAMPLES / file).read_bytes()
    taken = taken_of(data, Path(file).name)
    assert taken.reading is not None and not errors(taken)
    return Good(file, data, values_of(taken), places_of(taken))


def taken_of(data: bytes, name: str) -> ReadResult:
    """What is read of a file, in this process. Raises ReadError."""
    registry = load()
    return take_with(Task(data, name, "S000000000000000", registry.digest), registry)


def errors(taken: ReadResult) -> list[tuple[str, str]]:
    """(rule, place) of findings of severity error."""
    found = [*taken.findings, *(taken.reading.findings if taken.reading is not None else ())]
    return [(f.rule, str(f.where)) for f in found if f.severity == "error"]


def values_of(taken: ReadResult) -> dict[Key, tuple[float | None, str]]:
    """Key -> value and status of every number."""
    assert taken.reading is not None
    rows = taken.reading.observations.select(*OBSERVATION_KEY, "value", "obs_status").iter_rows()
    return {tuple(row[:-2]): (row[-2], row[-1]) for row in rows}


def places_of(taken: ReadResult) -> dict[str, Key]:
    """Place -> key of every number."""
    assert taken.reading is not None
    rows = taken.reading.observations.select(*OBSERVATION_KEY, "place").iter_rows()
    return {row[-1]: tuple(row[:-1]) for row in rows}


# ----------------------------------------------------------------------------------------------------------- workbooks


def edited(data: bytes, change: Callable[[Any], None]) -> bytes:
    """A workbook after a change by openpyxl."""
    import openpyxl

    book = openpyxl.load_workbook(io.BytesIO(data))
    change(book)
    out = io.BytesIO()
    book.save(out)
    return out.getvalue()


def number(one: Good, place: str, value: int) -> Mutation:
    """Another number in a cell: read as such, or refused because sums no longer hold."""
    sheet, _, cell = place.partition("!")

    def change(book: Any) -> None:
        book[sheet][cell].value = value

    stated = {**one.values, one.places[place]: (float(value), "A")}
    return Mutation(f"{value} in {place}", edited(one.data, change), stated)


def words(one: Good, place: str, text: str) -> Mutation:
    """Words where a number stood: never a number."""
    sheet, _, cell = place.partition("!")

    def change(book: Any) -> None:
        book[sheet][cell].value = text
        book[sheet][cell].data_type = "s"

    return Mutation(f"{text!r} in {place}", edited(one.data, change), None, must_refuse=True)


def moved_rows(one: Good, sheet: str, first: int, second: int) -> Mutation:
    """Two whole rows change places, labels with their numbers: the same return."""

    def change(book: Any) -> None:
        area = book[sheet]
        for column in range(1, area.max_column + 1):
            a, b = area.cell(first, column), area.cell(second, column)
            a.value, b.value = b.value, a.value

    return Mutation(f"rows {first} and {second} of {sheet} changed", edited(one.data, change), one.values)


def changed_labels(one: Good, sheet: str, first: int, second: int, column: int = 1) -> Mutation:
    """Two labels change places and their numbers stay: each number belongs to the other label."""

    def change(book: Any) -> None:
        area = book[sheet]
        a, b = area.cell(first, column), area.cell(second, column)
        a.value, b.value = b.value, a.value

    stated = dict(one.values)
    for place, key in one.places.items():
        name, _, cell = place.partition("!")
        row = int("".join(c for c in cell if c.isdigit()))
        if name == sheet and row in (first, second):
            letters = "".join(c for c in cell if c.isalpha())
            other = one.places[f"{sheet}!{letters}{second if row == first else first}"]
            stated[other] = one.values[key]
    return Mutation(f"labels of rows {first} and {second} of {sheet} changed", edited(one.data, change), stated)


def blank_row(one: Good, sheet: str, above: int) -> Mutation:
    """An empty row is put in above a row of the table: the same numbers, or refused."""
    return Mutation(
        f"blank row above {above} of {sheet}",
        edited(one.data, lambda book: book[sheet].insert_rows(above)),
        one.values,
    )


def row_gone(one: Good, sheet: str, row: int) -> Mutation:
    """A row is deleted: its numbers are gone, and nothing else changes."""
    gone = {
        key
        for place, key in one.places.items()
        if place.startswith(f"{sheet}!") and "".join(c for c in place.partition("!")[2] if c.isdigit()) == str(row)
    }
    stated = {key: value for key, value in one.values.items() if key not in gone}
    return Mutation(f"row {row} of {sheet} gone", edited(one.data, lambda book: book[sheet].delete_rows(row)), stated)


# --------------------------------------------------------------------------------------------------------------- lines


def lines_moved(one: Good, first: int, second: int, encoding: str) -> Mutation:
    """Two lines of a list change places: the same return."""
    lines = one.data.decode(encoding).splitlines(keepends=True)
    lines[first - 1], lines[second - 1] = lines[second - 1], lines[first - 1]
    return Mutation(f"lines {first} and {second} changed", "".join(lines).encode(encoding), one.values)


def line_gone(one: Good, number_of_line: int, encoding: str) -> Mutation:
    """A line of a list is deleted: its number is gone, or the file is refused."""
    lines = one.data.decode(encoding).splitlines(keepends=True)
    del lines[number_of_line - 1]
    gone = {key for place, key in one.places.items() if place.split(" column")[0] == f"line {number_of_line}"}
    stated = {key: value for key, value in one.values.items() if key not in gone}
    return Mutation(f"line {number_of_line} gone", "".join(lines).encode(encoding), stated)


def field(one: Good, number_of_line: int, column: int, text: str, encoding: str, separator: str) -> Mutation:
    """Another text in a field that is no number: a declared word is read as such, anything else refused."""
    lines = one.data.decode(encoding).splitlines(keepends=True)
    fields = lines[number_of_line - 1].split(separator)
    fields[column - 1] = text
    lines[number_of_line - 1] = separator.join(fields)
    return Mutation(f"{text!r} in line {number_of_line} column {column}", "".join(lines).encode(encoding), None)
