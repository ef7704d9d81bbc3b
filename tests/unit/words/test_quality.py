"""Tests of the words for the quality of the data."""

from __future__ import annotations

from typing import Any

import pytest

from pipelines.words import quality
from pipelines.words.language import read_in


def make_share(value: float | None, reason: str = "") -> dict[str, Any]:
    return {"indicator": "COMPLETENESS_RATE", "unit": "fraction", "value": value, "reason": reason}


@pytest.mark.parametrize(
    ("value", "level", "text"),
    [(1.0, "all", "100"), (0.99999, "most", "99.9"), (0.8776, "most", "87.8"), (0.5, "most", "50"), (0.0, "less", "0")],
)
def test_judge_share_calls_only_a_whole_share_all(value: float, level: str, text: str) -> None:
    judged, share = quality.judge_share(make_share(value))
    assert judged == level and share is not None and quality.format_share(share) == text


def test_judge_share_tells_a_missing_share_from_a_quarter_that_was_not_due() -> None:
    missing = make_share(None, "no cell is required")
    assert quality.judge_share(None) == ("not_due", None)
    assert quality.judge_share(missing) == ("unavailable", None)
    assert quality.note_share(missing, "unavailable") == "No cell is requested."
    assert quality.note_share(None, "not_due") == ""


def test_format_share_has_the_decimal_sign_of_the_language() -> None:
    with read_in("hr"):
        assert quality.format_share(87.8) == "87,8"


@pytest.mark.parametrize(
    ("value", "freq", "text"),
    [(16.0, "Q", "16 quarters"), (4.0, "A", "4 years"), (1.0, "A", "1 year"), (0.0, "Q", "0 quarters")],
)
def test_length_without_gap_has_its_unit_in_the_field(value: float, freq: str, text: str) -> None:
    """Require it because territories that report once a year are in one column with the others."""
    row = {"indicator": "COMPAR_LENGTH", "unit": "periods", "value": value, "reason": "", "freq": freq}
    with read_in("en"):
        assert quality.format_measure(row) == (text, "")


def test_lengths_in_quarters_and_in_years_are_both_in_the_field() -> None:
    """Require it because the shorter of the two numbers would compare quarters with years."""
    rows = [
        {"territory": "RS", "indicator": "COMPAR_LENGTH", "unit": "periods", "value": n, "reason": "", "freq": freq}
        for n, freq in ((16.0, "Q"), (4.0, "A"))
    ]
    with read_in("en"):
        assert quality.format_measures(quality.group_measures(rows)["RS", "COMPAR_LENGTH"]) == (
            "16 quarters, 4 years", "",
        )  # fmt: skip
        assert quality.format_measures([]) == ("not available", "")
