"""Tests of the sentence that compares a territory with the others together."""

from __future__ import annotations

from typing import Any

import pytest

from pipelines.front.edition import CONVICTION_RATIO
from pipelines.front.pages.others import describe_difference, explain_family
from pipelines.front.reader import Reader
from tests.support.editions import MEMBERS, make_conviction_ratios, make_edition


def open_edition(pairs: list[dict[str, Any]] | None = None, **changes: dict[str, Any]) -> Reader:
    """Return a reader of a release with one ratio; `changes` are those of its rows by area."""
    return Reader(make_edition(stage_ratio=make_conviction_ratios(**changes), pair=pairs or []), "en")


def describe_area(reader: Reader, area: str) -> str:
    return describe_difference(reader, CONVICTION_RATIO, "TIP", "2025", area)


def make_pair(**changes: Any) -> dict[str, Any]:
    key = {"metric": CONVICTION_RATIO, "offence_group": "TIP", "period": "2025", "area_a": "AA", "area_b": "BB"}
    return {**key, "verdict": "no_difference", "is_with_care": False, **changes}


def test_territory_is_compared_with_the_region_without_it() -> None:
    """Check that the others of Cland have 260 of 390, and that all four territories are one family."""
    reader = open_edition()
    assert describe_area(reader, "CC") == "This is clearly lower than in the other territories together (67)."
    assert describe_area(reader, "AA") == "No clear difference from the other territories together (60)."
    beyond = describe_area(open_edition(AA={"low": 62.0, "high": 70.0}), "AA")
    assert beyond.endswith("The test allows for all territories compared at once, so it is stricter than the interval.")
    assert "at once (4)" in explain_family(reader, CONVICTION_RATIO, "TIP", "2025")
    higher = open_edition(CC={"numerator": 175.0}, WB={"numerator": 435.0})
    assert describe_area(higher, "CC") == "This is clearly higher than in the other territories together (67)."


def test_verdict_of_persons_in_cases_of_unknown_size_is_not_clear() -> None:
    changes: dict[str, dict[str, Any]] = {area: {"interval_basis": "lower_bound"} for area in MEMBERS}
    changes |= {"CC": {"interval_basis": "lower_bound", "numerator": 108.0}, "WB": {"numerator": 368.0}}
    sentence = describe_area(open_edition(**changes), "CC")
    assert sentence == (
        "No clear difference from the other territories together (67), because one case can involve several people."
    )


@pytest.mark.parametrize(
    ("changes", "reason"),
    [
        ({"CC": {"value": None, "numerator": None, "conf_status": "C"}}, "because a figure is missing or withheld."),
        ({"WB": {"value": None, "state": "too_few_territories"}}, "because a figure is missing or withheld."),
        ({"WB": {"reporters": "AA,BB,DD,EE"}}, "because the figure of the region does not include this territory."),
        ({"CC": {"version": "lagged"}}, "because the figures are calculated in different ways."),
        ({"CC": {"version": "cohort", "numerator": None}}, "because the figures are calculated in different ways."),
    ],
)
def test_reason_is_given_where_nothing_is_compared(changes: dict[str, dict[str, Any]], reason: str) -> None:
    assert describe_area(open_edition(**changes), "CC") == f"Not compared with the other territories, {reason}"


def test_few_and_other_rules_are_said() -> None:
    few = open_edition(AA={"numerator": 75.0})
    sentence = (
        "Too few to compare with the other territories together: 75 of 90, which leaves 15. A comparison needs 20 or "
        "more of both."
    )
    assert describe_area(few, "AA") == sentence
    marked = open_edition(AA={"numerator": 75.0, "state": "too_few"})
    assert describe_area(marked, "AA") == sentence, "its state is said once"
    others = open_edition(WB={"numerator": 75.0, "denominator": 400.0})
    assert describe_area(others, "AA").startswith(
        "Too few to compare: the other territories together have fewer than 20"
    )
    refused = open_edition([make_pair(verdict="not_comparable")])
    assert describe_area(refused, "BB") == "Not compared with the other territories, because the counting rules differ."
    assert describe_area(refused, "CC").startswith("This is clearly lower")
    assert "at once (2)" in explain_family(refused, CONVICTION_RATIO, "TIP", "2025")
    care = describe_area(open_edition([make_pair(is_with_care=True)]), "AA")
    assert care.endswith("together (60). Compare with care: the territories do not all count by the same rules.")
