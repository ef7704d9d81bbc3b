"""Answer the statements of the explorer from one reading of each, since a walk reads the same tables many times.

A statement that selects rows by `column = ?` or `column in (select unnest(?))` is run once without these conditions,
and its rows are selected in Python. The first answer of each statement is compared with that of the statement itself.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any

import pytest

from dashboards.public import queries
from dashboards.public.queries import opening

Rows = tuple[Mapping[str, Any], ...]
STATEMENTS = (
    "stages", "series", "share_pairs", "pairs", "ratios", "victims", "crossed", "movements", "jurisdictions", "exits",
    "clearance", "region_range", "operands", "splits", "ratios_of_area", "pending_of_area", "compared_ratios",
    "compared_clearance", "compared_shares", "windows", "own_ratios", "own_clearance",
)  # fmt: skip
NAMED = {"breakdown": "dimension", "compared_cells": "metric"}
"""Statements with named parameters, with the one that is more than a condition."""
UNORDERED = ("pairs", "windows")
"""Statements that have several rows at one place of their order, of different measures; pages show one measure."""
_CONDITION = re.compile(
    r"(?:\w+\.)?(?P<column>\w+) "
    r"(?:= (?P<one>\?|\$(?!dimension|metric)\w+)|in \(select unnest\((?P<several>\?|\$\w+)\)\))"
)
_READ = queries.read_rows


def _compare_answers(name: str, answer: Rows, expected: Rows) -> None:
    if name in UNORDERED:
        assert sorted(map(repr, answer)) == sorted(map(repr, expected)), name
    else:
        assert answer == expected, name


class ReadOnce:
    """Rows of statements by the columns that their conditions compare with one value."""

    def __init__(self) -> None:
        self._tables: dict[tuple[str, str], dict[tuple[Any, ...], list[Mapping[str, Any]]]] = {}
        self._answers: dict[tuple[Any, ...], Rows] = {}
        self._is_first_of_other_units = True

    def install_patches(self, patch: pytest.MonkeyPatch) -> None:
        patch.setattr(queries, "read_rows", self.read_rows)

    def read_rows(self, path: str, name: str, *parameters: Any, **named: Any) -> Rows:
        """Return the rows of a statement."""
        if name == "other_units":
            return self._read_other_units(path, *parameters)
        if name not in STATEMENTS and name not in NAMED:
            return _READ(path, name, *parameters, **named)
        key = (path, name, parameters, tuple(named.items()))
        if key not in self._answers:
            conditions = [match.groupdict() for match in _CONDITION.finditer(opening.SQL[name])]
            values = (
                [named[str(c["one"] or c["several"]).removeprefix("$")] for c in conditions] if named else parameters
            )
            way = str(named.get(NAMED.get(name, "")))
            is_first = (name, way) not in self._tables
            self._answers[key] = self._select(path, name, conditions, values, way)
            if is_first:
                _compare_answers(name, self._answers[key], _READ(path, name, *parameters, **named))
        return self._answers[key]

    def _read_other_units(
        self, path: str, freq: str, period: str, crime: str, unit: str, measures: tuple[str, ...]
    ) -> Rows:
        """Return in which other units territories have figures, from the rows of the statement `stages`."""
        key = (path, "other_units", freq, period, crime, unit, measures)
        if key not in self._answers:
            self.read_rows(path, "stages", freq, period, crime, unit, measures, ("territory",))
            keys = {
                (row["area"], row["measure"], row["count_unit"])
                for (*when, own_unit), rows in self._tables["stages", "None"].items()
                if own_unit != unit and when == [freq, period, crime]
                for row in rows
                if row["area_kind"] == "territory" and row["measure"] in measures
                and (row["value"] is not None or row["conf_status"] != "F")
            }  # fmt: skip
            names = ("area", "measure", "count_unit")
            self._answers[key] = tuple(dict(zip(names, row, strict=True)) for row in sorted(keys))
            if self._is_first_of_other_units:
                self._is_first_of_other_units = False
                assert self._answers[key] == _READ(path, "other_units", freq, period, crime, unit, measures)
        return self._answers[key]

    def _select(self, path: str, name: str, conditions: Any, values: Any, way: str) -> Rows:
        assert len(conditions) == len(values), name
        single = [c["column"] for c in conditions if c["one"]]
        table = self._tables.get((name, way))
        if table is None:
            statement = _CONDITION.sub("true", opening.SQL[name])
            arguments = {NAMED[name]: way} if name in NAMED else []
            table = self._tables[name, way] = {}
            for row in opening.run_statement(path, statement, arguments):
                table.setdefault(tuple(row[column] for column in single), []).append(row)
        single_values = tuple(value for c, value in zip(conditions, values, strict=True) if c["one"])
        several = [(c["column"], set(value)) for c, value in zip(conditions, values, strict=True) if c["several"]]
        return tuple(
            row for row in table.get(single_values, ()) if all(row[column] in allowed for column, allowed in several)
        )
