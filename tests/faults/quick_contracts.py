"""Skip the validation of tables in which no row can fail: most of a clean history's time is Great Expectations' own.

A table is validated in full if polars finds one row that may fail.  What may fail is more than what fails: a missing
value fails every comparison.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any
from unittest import mock

import polars as pl

from expectations import engine


def find_failures_quickly(contract: engine.Contract, table: pl.DataFrame) -> list[engine.Failure]:
    """Return what `engine.find_failures` returns."""
    if not table.is_empty() and any(_may_fail(expectation, table) for expectation in contract.expectations):
        return _validate(contract, table)
    return []


_validate = engine.find_failures


@contextmanager
def skip_needless_validations() -> Iterator[None]:
    """Let the judgement validate only the tables in which a row may fail."""
    # A table that is validated has a failing row, so that a first validation without listing rows would be in vain.
    with mock.patch.object(engine, "find_failures", find_failures_quickly), mock.patch.object(engine, "FEW_ROWS", 0):
        yield


def _may_fail(expectation: Any, table: pl.DataFrame) -> bool:
    check = _CHECKS.get(type(expectation).__name__)
    condition = getattr(expectation, "row_condition", None)
    if condition is not None:
        if condition.operator != "==":
            return True
        table = table.filter(pl.col(condition.column.name) == condition.parameter)
    return check is None or bool(check(expectation, table))


def _may_fail_set(expectation: Any, table: pl.DataFrame) -> bool:
    return not set(table[expectation.column].drop_nulls().unique()) <= set(expectation.value_set)


def _may_fail_range(expectation: Any, table: pl.DataFrame) -> bool:
    values = table[expectation.column].drop_nulls()
    if values.is_empty():
        return False
    low, high = expectation.min_value, expectation.max_value
    is_strict = expectation.strict_min or expectation.strict_max
    if is_strict or (values.dtype.is_float() and values.is_nan().any()):
        return True
    return bool((low is not None and values.min() < low) or (high is not None and values.max() > high))


def _may_fail_pair(expectation: Any, table: pl.DataFrame, *, is_equal: bool) -> bool:
    a, b = pl.col(expectation.column_A), pl.col(expectation.column_B)
    comparison = "eq" if is_equal else "ge" if expectation.or_equal else "gt"
    holds = getattr(a, comparison)(b)
    ignored = a.is_null() & b.is_null()
    if expectation.ignore_row_if == "either_value_is_missing":
        ignored = a.is_null() | b.is_null()
    return bool(table.select((~(holds.fill_null(False) | ignored)).any()).item())


def _may_repeat(expectation: Any, table: pl.DataFrame) -> bool:
    return bool(table.select(pl.struct(expectation.column_list).is_duplicated().any()).item())


_CHECKS: dict[str, Callable[[Any, pl.DataFrame], bool]] = {
    "ExpectColumnValuesToNotBeNull": lambda e, table: table[e.column].null_count() > 0,
    "ExpectColumnValuesToBeNull": lambda e, table: table[e.column].null_count() < table.height,
    "ExpectColumnValuesToBeInSet": _may_fail_set,
    "ExpectColumnValuesToBeBetween": _may_fail_range,
    "ExpectColumnPairValuesToBeEqual": lambda e, table: _may_fail_pair(e, table, is_equal=True),
    "ExpectColumnPairValuesAToBeGreaterThanB": lambda e, table: _may_fail_pair(e, table, is_equal=False),
    "ExpectCompoundColumnsToBeUnique": _may_repeat,
}
"""By the name of the expectation; an expectation of another kind may always fail."""
