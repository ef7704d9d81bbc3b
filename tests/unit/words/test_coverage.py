"""Coverage of the figures of the region, judged from the rows on returns."""

from __future__ import annotations

from datetime import date
from typing import Any

import pytest

from pipelines.words.coverage import STAGE_RETURNS, VICTIM_RETURNS, RegionCoverage, group_by_area, list_returns

NAMES = {"AA": "Alfa", "BB": "Beta", "B1": "Beta one", "B2": "Beta two", "justice": "Courts", "victims": "Victims"}
TERRITORIES = [("AA", "Alfa"), ("BB", "Beta")]


def _row(territory: str, jurisdiction: str, instrument: str = "justice", *, is_reported: bool) -> dict[str, Any]:
    return {
        "territory": territory,
        "jurisdiction": jurisdiction,
        "instrument": instrument,
        "freq": "A",
        "period": "2024",
        "deadline": date(2025, 2, 1),
        "is_due": True,
        "is_reported": is_reported,
        "is_on_time": is_reported or None,
    }


ROWS = [
    _row("AA", "AA", is_reported=True),
    _row("BB", "B1", is_reported=True),
    _row("BB", "B2", is_reported=False),
    _row("AA", "AA", "victims", is_reported=False),
]
"""As a release has them; each territory by its parts."""


@pytest.mark.parametrize(
    ("measure", "instruments"),
    [("convicted_first", STAGE_RETURNS), ("victims_detected", VICTIM_RETURNS), ("", STAGE_RETURNS)],
)
def test_returns_are_those_that_have_the_measure(measure: str, instruments: tuple[str, ...]) -> None:
    assert list_returns(measure) == instruments


def test_rows_belong_to_their_territory_and_to_its_part() -> None:
    by_area = group_by_area(ROWS)
    assert {code: len(rows) for code, rows in by_area.items()} == {"AA": 2, "BB": 2, "B1": 1, "B2": 1}


def test_area_is_judged_by_the_asked_instruments_and_once() -> None:
    coverage = RegionCoverage(group_by_area(ROWS), NAMES, TERRITORIES)
    by_stages = coverage.judge_area("AA", "2024", STAGE_RETURNS)
    assert coverage.judge_area("AA", "2024", STAGE_RETURNS) is by_stages
    assert coverage.judge_area("AA", "2024", VICTIM_RETURNS) != by_stages


@pytest.mark.parametrize(
    ("own_figure", "reason"),
    [
        ({"obs_status": "O", "flags": "quarter_missing"}, "at least one quarter is missing"),
        ({"obs_status": "A", "age": "Y_GE18"}, "adults only"),
        ({"obs_status": "L", "ages": "Y_GE18/_T"}, "not collected"),
    ],
)
def test_absence_has_the_reason_that_the_own_figure_of_the_territory_has(
    own_figure: dict[str, Any], reason: str
) -> None:
    rows = [row for row in ROWS if row["territory"] == "AA"]
    coverage = RegionCoverage(group_by_area(rows), NAMES, TERRITORIES)
    row = {"period": "2024", "reporters": "AA", "age": "_T"}
    assert coverage.describe_absences(row, STAGE_RETURNS, {"BB": own_figure}) == f"Not included: Beta ({reason})."


def test_absences_name_the_territories_or_the_parts_that_are_asked_for() -> None:
    coverage = RegionCoverage(group_by_area(ROWS), NAMES, TERRITORIES)
    row = {"period": "2024", "reporters": "AA"}
    of_region = coverage.describe_absences(row, STAGE_RETURNS, {})
    assert "Beta" in of_region and "Alfa" not in of_region
    parts = coverage.describe_absences(
        row | {"reporters": "B1"}, STAGE_RETURNS, {}, areas=[("B1", "one"), ("B2", "two")]
    )
    assert "two" in parts and "one" not in parts
    assert coverage.describe_absences(row | {"reporters": "AA,BB"}, STAGE_RETURNS, {}) == ""
    assert of_region in coverage.describe_cover(row, of_region)
