"""The rule on differences below zero is in SQL for offices and in Python for releases: both do the same."""

from __future__ import annotations

import re

import duckdb
import polars as pl
from hypothesis import given, settings
from hypothesis import strategies as st
from jinja2 import Environment

from pipelines.publication.disclosure.programme import blank_negative_differences
from tests.support.paths import ROOT

PROJECT = ROOT / "dbt_project"
FLAGS = ("negative_difference", "negative_differences", "not_negative_difference", "provisional", "partial")
"""The flag, two that contain its name, and others."""


def render_rule() -> str:
    """Return the statement of `cell.sql` that blanks counts, which reads the table `counts`."""
    model = (PROJECT / "models" / "indicators" / "cell.sql").read_text(encoding="utf-8")
    (statement,) = re.findall(r"\ncounts as \((.*?)\n\),", model, re.DOTALL)
    macros = (PROJECT / "macros" / "text_lists.sql").read_text(encoding="utf-8")
    (listed,) = re.findall(r"{% macro listed.*?endmacro %}", macros, re.DOTALL)
    return (
        Environment(autoescape=False)
        .from_string(listed + statement)
        .render(ref=lambda _: "counts", in_batch=lambda _: "true")
    )


RULE = render_rule()
flag_lists = st.one_of(st.none(), st.lists(st.sampled_from(FLAGS), unique=True).map(",".join))
rows = st.tuples(st.one_of(st.none(), st.integers(-30, 300).map(float)), st.sampled_from("ADLOQ"), flag_lists)


@settings(deadline=None, max_examples=60)
@given(st.lists(rows, min_size=1, max_size=20))
def test_rule_on_differences_below_zero_is_the_same_in_sql_and_in_python(cells: list[tuple[object, ...]]) -> None:
    schema = {"value": pl.Float64(), "obs_status": pl.String(), "flags": pl.String()}
    counts = pl.DataFrame(cells, schema=schema, orient="row").with_row_index("place")
    in_sql = duckdb.sql(f"select known_value, known_status from ({RULE}) order by place").fetchall()
    in_python = blank_negative_differences(counts).select("value", "obs_status").rows()
    assert in_sql == in_python


def test_rule_takes_the_flagged_difference_away_and_leaves_others() -> None:
    counts = pl.DataFrame({"value": [-3.0, 4.0], "obs_status": ["A", "A"], "flags": ["x,negative_difference", "x"]})
    assert blank_negative_differences(counts)["value"].to_list() == [None, 4.0]
    values = duckdb.sql(f"select known_value, known_status from ({RULE})").fetchall()
    assert sorted(values, key=str) == [(4.0, "A"), (None, "O")]
