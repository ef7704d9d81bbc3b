"""Find the expectations that a row of a table may fail, in one polars query for a whole contract.

Great Expectations takes 5 to 9 ms for an expectation however few the rows are, and hardly any table of a return has a
row that fails.  What may fail is more than what fails: a missing value counts as failing a comparison.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from typing import Any

import polars as pl

_ALWAYS = pl.lit(value=True)


def list_suspects(expectations: Sequence[Any], table: pl.DataFrame) -> tuple[int, ...]:
    """Return the positions of the expectations that a row of the table may fail; no other expectation fails."""
    floats = frozenset(name for name, dtype in table.schema.items() if dtype.is_float())
    columns = set(table.columns)
    queries = [_build_query(expectation, floats) for expectation in expectations]
    # An expectation about a missing column is left to Great Expectations, which says what is wrong with it.
    answers = table.select(
        (query if columns.issuperset(query.meta.root_names()) else _ALWAYS).alias(str(position))
        for position, query in enumerate(queries)
    )
    return tuple(position for position, may_fail in enumerate(answers.row(0)) if may_fail)


def _build_query(expectation: Any, floats: Iterable[str]) -> pl.Expr:
    """Return an expression that is true if a row may fail. An expectation of an unknown kind may always fail."""
    build = _QUERIES.get(type(expectation).__name__)
    condition = getattr(expectation, "row_condition", None)
    if build is None or (condition is not None and condition.operator != "=="):
        return _ALWAYS
    failing = build(expectation)
    # Great Expectations, through pandas, takes NaN for a missing value; polars takes it for the largest number.
    pair = {getattr(expectation, name, None) for name in ("column_A", "column_B")}
    failing = pl.any_horizontal(failing, *(pl.col(name).is_nan() for name in floats if name in pair))
    if condition is not None:
        failing = failing & (pl.col(condition.column.name) == condition.parameter)
    return failing.any()


def _query_range(expectation: Any) -> pl.Expr:
    value, low, high = pl.col(expectation.column), expectation.min_value, expectation.max_value
    outside = []
    if low is not None:
        outside.append(value <= low if expectation.strict_min else value < low)
    if high is not None:
        outside.append(value >= high if expectation.strict_max else value > high)
    return pl.any_horizontal(outside)


def _query_pair(expectation: Any, *, is_equal: bool) -> pl.Expr:
    a, b = pl.col(expectation.column_A), pl.col(expectation.column_B)
    holds = a == b if is_equal else a >= b if expectation.or_equal else a > b
    if expectation.ignore_row_if == "either_value_is_missing":
        return ~holds
    fails = ~holds.fill_null(value=False)
    return fails if expectation.ignore_row_if == "neither" else fails & ~(a.is_null() & b.is_null())


_QUERIES: dict[str, Callable[[Any], pl.Expr]] = {
    "ExpectColumnValuesToNotBeNull": lambda e: pl.col(e.column).is_null(),
    "ExpectColumnValuesToBeNull": lambda e: pl.col(e.column).is_not_null(),
    "ExpectColumnValuesToBeInSet": lambda e: ~pl.col(e.column).is_in(e.value_set),
    "ExpectColumnValuesToBeBetween": _query_range,
    "ExpectColumnPairValuesToBeEqual": lambda e: _query_pair(e, is_equal=True),
    "ExpectColumnPairValuesAToBeGreaterThanB": lambda e: _query_pair(e, is_equal=False),
    "ExpectCompoundColumnsToBeUnique": lambda e: pl.struct(e.column_list).is_duplicated(),
}
"""Expressions for the rows that may fail, by the name of the expectation."""
