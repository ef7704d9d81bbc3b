"""The macro `is_new` selects the rows of new submissions, and DuckDB reads only the row groups of their range."""

from __future__ import annotations

import json
from collections.abc import Sequence
from pathlib import Path

import duckdb
from hypothesis import given, settings
from hypothesis import strategies as st
from jinja2 import Environment

from tests.support.paths import ROOT

MACROS = ROOT / "dbt_project" / "macros" / "insertions.sql"
ROW_GROUP = 122_880
"""Number of rows in a row group. DuckDB stores the smallest and largest value of each column for each group."""
SUBMISSIONS = st.lists(st.sampled_from([f"S{number}" for number in range(9)]), max_size=12)


def select_new(inserted_range: Sequence[str]) -> str:
    """Return the query of the rows of `source_rows` that `target_rows` lacks."""
    template = Environment(autoescape=False).from_string(
        MACROS.read_text(encoding="utf-8")
        + "select submission_id from source_rows where {{ is_new('source_rows.submission_id') }}"
    )
    return template.render(var=lambda name: {"inserted_range": inserted_range}[name], this="target_rows")


@settings(max_examples=60, deadline=None)
@given(SUBMISSIONS, SUBMISSIONS, st.lists(st.sampled_from(["S0", "S3", "S4", "S8"]), max_size=2).map(sorted))
def test_new_rows_are_those_of_the_range_that_the_table_lacks(
    rows: list[str], present: list[str], inserted: list[str]
) -> None:
    inserted_range = [inserted[0], inserted[-1]] if inserted else []
    with duckdb.connect() as connection:
        for table, values in (("source_rows", rows), ("target_rows", present)):
            connection.execute(f"create table {table} (submission_id varchar)")
            if values:
                connection.executemany(f"insert into {table} values (?)", [[value] for value in values])
        selected = sorted(row[0] for row in connection.execute(select_new(inserted_range)).fetchall())
    first, last = inserted_range or ["S0", "S8"]
    assert selected == sorted(row for row in rows if first <= row <= last and row not in present)


def test_row_groups_of_other_submissions_are_not_read(tmp_path: Path) -> None:
    """Insert one submission from one of twelve row groups into a table of twelve row groups."""
    with duckdb.connect() as connection:
        connection.execute(
            "create table source_rows as select printf('S%04d', number // 10_000) as submission_id"
            f" from range({12 * ROW_GROUP}) as numbers (number)"
        )
        connection.execute("create table target_rows as from source_rows where submission_id <> 'S0100'")
        connection.execute("pragma enable_profiling = 'json'")
        profile = tmp_path / "profile.json"
        connection.execute(f"pragma profiling_output = '{profile}'")
        n_read = {}
        for inserted_range in ((), ("S0100", "S0100")):
            assert connection.execute(select_new(inserted_range)).fetchall() == [("S0100",)] * 10_000
            n_read[inserted_range] = json.loads(profile.read_text(encoding="utf-8"))["cumulative_rows_scanned"]
    assert n_read[()] == 24 * ROW_GROUP - 10_000
    assert n_read["S0100", "S0100"] <= 2 * ROW_GROUP
