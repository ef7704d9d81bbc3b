"""Random changes of good returns, each with the result that is allowed for it.

A mutation names the numbers that the changed file states, by the key of the cell it changed. The test therefore needs
no second reader: it checks that only the named numbers differ, or that the file is refused.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Any

from pipelines.declarations.registry import load
from pipelines.model.long_tables import OBSERVATION_KEY
from pipelines.submissions.checking.read_task import ReadResult, Task, take_with
from tests.faults.edits import change_workbook, set_cell
from tests.support.paths import SAMPLES

Key = tuple[Any, ...]
Values = Mapping[Key, tuple[float | None, str]]


@dataclass(frozen=True)
class Good:
    """A good return: its bytes, its numbers, and the key of each cell."""

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

    description: str
    data: bytes
    values: Values | None
    must_refuse: bool = False


@cache
def read_good_return(file: str) -> Good:
    """Read a sample and its numbers. It must be good, or the mutations would prove nothing."""
    data = (SAMPLES / file).read_bytes()
    result = read_result(data, Path(file).name)
    assert result.reading is not None and not list_errors(result)
    return Good(file, data, values_by_key(result), keys_by_place(result))


def read_result(data: bytes, name: str) -> ReadResult:
    """Read a file in this process. Raises ReadError."""
    registry = load()
    return take_with(Task(data, name, "S000000000000000", registry.digest), registry)


def list_errors(result: ReadResult) -> list[tuple[str, str]]:
    """Return (rule, place) of findings of severity error."""
    findings = [*result.findings, *(result.reading.findings if result.reading is not None else ())]
    return [(f.rule, str(f.where)) for f in findings if f.severity == "error"]


def values_by_key(result: ReadResult) -> dict[Key, tuple[float | None, str]]:
    """Return value and status of every number by its key."""
    assert result.reading is not None
    rows = result.reading.observations.select(*OBSERVATION_KEY, "value", "obs_status").iter_rows()
    return {tuple(row[:-2]): (row[-2], row[-1]) for row in rows}


def keys_by_place(result: ReadResult) -> dict[str, Key]:
    """Return the key of every number by its place."""
    assert result.reading is not None
    rows = result.reading.observations.select(*OBSERVATION_KEY, "place").iter_rows()
    return {row[-1]: tuple(row[:-1]) for row in rows}


# ----------------------------------------------------------------------------------------------------------- workbooks


def replace_number(good_return: Good, place: str, value: int) -> Mutation:
    """Put another number into a cell: it is read, or refused because sums no longer hold."""
    stated = {**good_return.values, good_return.places[place]: (float(value), "A")}
    return Mutation(f"{value} in {place}", set_cell(place, value)(good_return.data), stated)


def put_words(good_return: Good, place: str, text: str) -> Mutation:
    """Put words into a cell of numbers: they are never read as a number."""
    data = set_cell(place, text, data_type="s")(good_return.data)
    return Mutation(f"{text!r} in {place}", data, None, must_refuse=True)


def exchange_rows(good_return: Good, sheet: str, first: int, second: int) -> Mutation:
    """Exchange two whole rows, labels with their numbers: the return is the same."""

    def change_book(book: Any) -> None:
        area = book[sheet]
        for column in range(1, area.max_column + 1):
            a, b = area.cell(first, column), area.cell(second, column)
            a.value, b.value = b.value, a.value

    return Mutation(
        f"rows {first} and {second} of {sheet} changed",
        change_workbook(change_book)(good_return.data),
        good_return.values,
    )


def exchange_labels(good_return: Good, sheet: str, first: int, second: int, column: int = 1) -> Mutation:
    """Exchange two labels and leave their numbers: each number belongs to the other label."""

    def change_book(book: Any) -> None:
        area = book[sheet]
        a, b = area.cell(first, column), area.cell(second, column)
        a.value, b.value = b.value, a.value

    stated = dict(good_return.values)
    for place, key in good_return.places.items():
        name, _, cell = place.partition("!")
        row = int("".join(c for c in cell if c.isdigit()))
        if name == sheet and row in (first, second):
            letters = "".join(c for c in cell if c.isalpha())
            other_key = good_return.places[f"{sheet}!{letters}{second if row == first else first}"]
            stated[other_key] = good_return.values[key]
    return Mutation(
        f"labels of rows {first} and {second} of {sheet} changed",
        change_workbook(change_book)(good_return.data),
        stated,
    )


def insert_blank_row(good_return: Good, sheet: str, above: int) -> Mutation:
    """Insert an empty row above a row of the table: the numbers are the same, or the file is refused."""
    return Mutation(
        f"blank row above {above} of {sheet}",
        change_workbook(lambda book: book[sheet].insert_rows(above))(good_return.data),
        good_return.values,
    )


def delete_row(good_return: Good, sheet: str, row: int) -> Mutation:
    """Delete a row: its numbers are missing, and nothing else changes."""
    deleted_keys = {
        key
        for place, key in good_return.places.items()
        if place.startswith(f"{sheet}!") and "".join(c for c in place.partition("!")[2] if c.isdigit()) == str(row)
    }
    stated = {key: value for key, value in good_return.values.items() if key not in deleted_keys}
    return Mutation(
        f"row {row} of {sheet} gone",
        change_workbook(lambda book: book[sheet].delete_rows(row))(good_return.data),
        stated,
    )


# --------------------------------------------------------------------------------------------------------------- lines


def exchange_lines(good_return: Good, first: int, second: int, encoding: str) -> Mutation:
    """Exchange two lines of a list: the return is the same."""
    lines = good_return.data.decode(encoding).splitlines(keepends=True)
    lines[first - 1], lines[second - 1] = lines[second - 1], lines[first - 1]
    return Mutation(f"lines {first} and {second} changed", "".join(lines).encode(encoding), good_return.values)


def delete_line(good_return: Good, number_of_line: int, encoding: str) -> Mutation:
    """Delete a line of a list: its number is missing, or the file is refused."""
    lines = good_return.data.decode(encoding).splitlines(keepends=True)
    del lines[number_of_line - 1]
    deleted_keys = {
        key for place, key in good_return.places.items() if place.split(" column")[0] == f"line {number_of_line}"
    }
    stated = {key: value for key, value in good_return.values.items() if key not in deleted_keys}
    return Mutation(f"line {number_of_line} gone", "".join(lines).encode(encoding), stated)


def replace_field(
    good_return: Good, number_of_line: int, column: int, text: str, encoding: str, separator: str
) -> Mutation:
    """Put another text into a field of words: a declared word is read as such, anything else refused."""
    lines = good_return.data.decode(encoding).splitlines(keepends=True)
    fields = lines[number_of_line - 1].split(separator)
    fields[column - 1] = text
    lines[number_of_line - 1] = separator.join(fields)
    return Mutation(f"{text!r} in line {number_of_line} column {column}", "".join(lines).encode(encoding), None)
