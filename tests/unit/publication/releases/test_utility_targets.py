"""Tests of the targets on what a release withholds."""

from __future__ import annotations

import json

import polars as pl

from pipelines.publication.releases.utility_targets import ReleaseUtility


def make_losses(hidden_in_2025: int, hidden: int) -> pl.DataFrame:
    """Return losses of 40 cells above zero: annual totals of territories in two years, and other cells."""
    rows = [
        ("territory", "A", True, "count", "2024", 10, 2, 3, 8, 1),
        ("territory", "A", True, "count", "2025", 10, 2, 2 + hidden_in_2025, 8, hidden_in_2025),
        ("territory", "A", True, "end", "2025", 5, 0, 5, 5, 5),
        ("region", "A", True, "count", "2025", 5, 0, 5, 5, 5),
        ("territory", "Q", True, "count", "2025-Q1", 5, 4, hidden, 1, 0),
        ("territory", "A", False, "count", "2025", 5, 2, 2, 3, 0),
    ]
    columns = [
        "area_kind", "freq", "is_total", "statistic", "period", "not_zero", "small", "hidden_not_zero", "large",
        "hidden_large",
    ]  # fmt: skip
    return pl.DataFrame(rows, schema=columns, orient="row")


def test_annual_totals_of_territories_are_counted_by_year() -> None:
    utility = ReleaseUtility.read_losses(make_losses(5, 4))
    assert (utility.large_totals, utility.hidden_totals) == ({"2024": 8, "2025": 8}, {"2024": 1, "2025": 5})
    assert utility.list_years_above() == []
    above = ReleaseUtility.read_losses(make_losses(6, 4))
    assert above.list_years_above() == ["2025"]
    assert above.describe_targets()[0].endswith("1 of 8 in 2024, 6 of 8 in 2025; at most 5 a year: not met in 2025")
    assert (above.large_stocks, above.hidden_stocks) == (5, 5), "pending cases are not among the totals"
    assert above.describe_targets()[2].endswith("which the first target leaves out: 5 of 5 are hidden")


def test_share_of_cells_is_compared_with_that_of_small_ones() -> None:
    utility = ReleaseUtility(dict[str, int](), dict[str, int](), not_zero=1000, small=300, hidden=450)
    assert utility.has_few_points and utility.points == 15
    assert utility.describe_targets()[1].endswith("45.0%, small ones 30.0%; at most 15 points more: met")
    above = ReleaseUtility({}, {}, not_zero=1000, small=300, hidden=451)
    assert not above.has_few_points
    assert above.describe_targets()[1].endswith("not met")


def test_release_without_cells_meets_both_targets() -> None:
    utility = ReleaseUtility.read_losses(make_losses(0, 0).clear())
    assert utility.has_few_points and not utility.list_years_above()


def test_numbers_are_the_same_after_they_were_stored() -> None:
    utility = ReleaseUtility.read_losses(make_losses(3, 4))
    assert ReleaseUtility.from_json(json.loads(json.dumps(utility.as_json()))) == utility
