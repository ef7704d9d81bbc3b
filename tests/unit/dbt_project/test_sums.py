"""The data tests of years, pools and regional figures find each figure that is not the sum of its parts."""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any

import duckdb
import polars as pl
import pytest
from jinja2 import Environment

from tests.support.paths import ROOT

PROJECT = ROOT / "dbt_project"
TYPE = ("measure", "level")
"""Columns that say what is counted here; the project has more."""


def _render_query(name: str) -> str:
    """Return the SQL of a test, with the columns `TYPE` instead of those of the project."""
    macros = [(PROJECT / "macros" / f"{file}.sql").read_text(encoding="utf-8") for file in ("count_types", "periods")]
    test = (PROJECT / "tests" / f"{name}.sql").read_text(encoding="utf-8")
    # A macro returns a list only in dbt, so a function takes the place of this one.
    text = re.sub(r"{% macro count_type_columns\(\) %}.*?{% endmacro %}", "", "".join(macros))
    template = Environment(autoescape=False, extensions=["jinja2.ext.do"]).from_string(text + test)
    template.globals.update(config=lambda **_: "", count_type_columns=lambda: TYPE, var=str, ref=str)
    return template.render()


def _make_counts() -> pl.DataFrame:
    """Return two areas with quarters of eight years, the years as their sums, and pools of three and of five years."""
    rows: list[Mapping[str, Any]] = []

    def add_row(area: str, freq: str, period: str, value: int, basis: str) -> None:
        rows.append(
            {"area_kind": "territory", "area": area, "freq": freq, "period": period, "value": value, "basis": basis}
            | {"measure": "convicted", "level": "final", "obs_status": "A"}
        )  # fmt: skip

    for area, size in (("AL", 1), ("RS", 10)):
        by_year = {}
        for year in range(2018, 2026):
            quarters = [size * (year - 2017 + quarter) for quarter in range(1, 5)]
            for quarter, value in enumerate(quarters, start=1):
                add_row(area, "Q", f"{year}-Q{quarter}", value, "reported")
            by_year[year] = sum(quarters)
            add_row(area, "A", str(year), by_year[year], "derived_quarters")
        for freq, first, last in (("P3", 2019, 2021), ("P3", 2022, 2024), ("P5", 2021, 2025)):
            add_row(area, freq, f"{first}-{last}", sum(by_year[y] for y in range(first, last + 1)), "derived_years")
    return pl.DataFrame(rows)


def find_failed(counts: pl.DataFrame, name: str = "assert_years_and_pools_are_sums") -> list[tuple[str, ...]]:
    """Return the area (not for the region) and the period of each figure that fails a data test."""
    with duckdb.connect() as connection:
        connection.execute("create table measure as select 'convicted' as code, true as sums_over_time")
        connection.register("mart_count", counts)
        failed = connection.execute(_render_query(name)).pl()
    assert failed.filter((pl.col("measure") != "convicted") | (pl.col("level") != "final")).is_empty()
    return sorted(failed.select(column for column in ("area", "period") if column in failed.columns).iter_rows())


def test_sums_pass() -> None:
    assert find_failed(_make_counts()) == []


@pytest.mark.parametrize(
    ("period", "failed"),
    [
        ("2025", ["2021-2025", "2025"]),
        ("2018", ["2018"]),
        ("2022-2024", ["2022-2024"]),
        ("2023-Q2", ["2023"]),
    ],
)
def test_another_figure_fails_with_all_of_which_it_is_a_part(period: str, failed: list[str]) -> None:
    is_changed = (pl.col("area") == "RS") & (pl.col("period") == period)
    counts = _make_counts().with_columns(value=pl.col("value") + is_changed.cast(pl.Int64))
    assert find_failed(counts) == [("RS", name) for name in failed]


def test_year_without_a_quarter_fails() -> None:
    counts = _make_counts().filter(~((pl.col("area") == "AL") & (pl.col("period") == "2020-Q4")))
    assert find_failed(counts) == [("AL", "2020")]


def test_pool_without_all_years_fails() -> None:
    counts = _make_counts().filter(~((pl.col("area") == "AL") & (pl.col("period") == "2019")))
    assert find_failed(counts) == [("AL", "2019-2021")]


def _make_regional_counts(*, reporters: str = "AL,RS", n_reported: int = 2, value: int = 11) -> pl.DataFrame:
    """Return a regional figure, its two parts, and figures of another territory, level and kind of area."""
    rows = [
        ("territory", "AL", 1, "AL", 1, "final"),
        ("territory", "RS", 10, "RS", 1, "final"),
        ("territory", "XK", 100, "XK", 1, "final"),
        ("territory", "AL", 1_000, "AL", 1, "first"),
        ("jurisdiction", "RS", 10_000, "RS", 1, "final"),
        ("region", "WB", value, reporters, n_reported, "final"),
    ]
    columns = ["area_kind", "area", "value", "reporters", "n_reported", "level"]
    return pl.DataFrame(rows, columns, orient="row").with_columns(
        freq=pl.lit("A"), period=pl.lit("2025"), measure=pl.lit("convicted")
    )


def test_region_of_its_reporters_passes() -> None:
    assert find_failed(_make_regional_counts(), "assert_region_is_sum_of_its_reporters") == []


@pytest.mark.parametrize(
    "stated",
    [
        {"value": 12},
        {"n_reported": 3},
        {"reporters": "AL"},
        {"reporters": "AL,RS,XK"},
        {"reporters": "", "n_reported": 0},
        {"reporters": "", "n_reported": 0, "value": 0},
        {"reporters": "XB", "n_reported": 0},
    ],
)
def test_region_that_is_not_the_sum_of_its_reporters_fails(stated: dict[str, Any]) -> None:
    counts = _make_regional_counts(**stated)
    assert find_failed(counts, "assert_region_is_sum_of_its_reporters") == [("2025",)]
