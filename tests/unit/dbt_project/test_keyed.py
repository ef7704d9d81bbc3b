"""The test `keyed` of the dbt project finds the keys that occur twice, and those that are null."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Sequence

import duckdb
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from jinja2 import Environment

from tests.support.paths import ROOT

GENERIC = ROOT / "dbt_project" / "tests" / "generic" / "keyed.sql"
Row = tuple[str | None, int | None, str]


def find_failed(
    rows: Sequence[Row], *, where: str = "none", inserted: Sequence[str] | None = None
) -> list[tuple[str | None, int | None, int]]:
    """Return the failed keys of rows, and how many rows have each: of `submission_id` and `line`, with a `kind`."""
    macro = re.sub(r"{% test keyed\((.*?)\) %}", r"{% macro keyed(\1) %}", GENERIC.read_text(encoding="utf-8"))
    call = f"{{{{ keyed('rows_of_test', ['submission_id', 'line'], {where}, {str(inserted is not None).lower()}) }}}}"
    template = Environment(autoescape=False, extensions=["jinja2.ext.do"]).from_string(
        macro.replace("endtest", "endmacro") + call
    )
    query = template.render(var=lambda name, default: inserted if name == "inserted_submissions" else default)
    with duckdb.connect() as connection:
        connection.execute("create table rows_of_test (submission_id varchar, line integer, kind varchar)")
        if rows:
            connection.executemany("insert into rows_of_test values (?, ?, ?)", rows)
        return sorted(connection.execute(query).fetchall(), key=repr)


@pytest.mark.parametrize(
    ("rows", "failed"),
    [
        ([("a", 1, "x"), ("a", 2, "x"), ("b", 1, "x")], []),
        ([("a", 1, "x"), ("a", 1, "y"), ("b", 1, "x")], [("a", 1, 2)]),
        ([("a", None, "x"), (None, 1, "x")], [("a", None, 1), (None, 1, 1)]),
        ([("a", None, "x"), ("a", None, "x")], [("a", None, 2)]),
        ([], []),
    ],
)
def test_repeated_and_missing_keys_fail(rows: list[Row], failed: list[tuple[str | None, int | None, int]]) -> None:
    assert find_failed(rows) == failed


def test_only_rows_of_the_condition_and_new_submissions_are_tested() -> None:
    rows: list[Row] = [("a", 1, "x"), ("a", 1, "x"), ("b", 1, "x"), ("b", 1, "y"), (None, 1, "x")]
    assert find_failed(rows, where="\"kind = 'x' or kind = 'z'\"") == [("a", 1, 2), (None, 1, 1)]
    assert find_failed(rows, inserted=["b"]) == [("b", 1, 2), (None, 1, 1)]


@settings(max_examples=40, deadline=None)
@given(st.lists(st.tuples(st.sampled_from(["a", "b", None]), st.sampled_from([1, 2, 3, None]), st.just("x"))))
def test_failed_keys_are_those_of_a_count(rows: list[Row]) -> None:
    counts = Counter((submission, line) for submission, line, _ in rows)
    expected = [(*key, count) for key, count in counts.items() if count > 1 or None in key]
    assert find_failed(rows) == sorted(expected, key=repr)
