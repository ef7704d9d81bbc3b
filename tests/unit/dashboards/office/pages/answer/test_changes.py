"""Tests of the words for changes between two versions of a return."""

from __future__ import annotations

import pytest

from dashboards.office.pages.answer.changes import format_difference


@pytest.mark.parametrize(
    ("difference", "words"),
    [(80, "+80"), (-3.0, "\u22123"), (0, "0"), (1_234_567.0, "+1234567"), (-0.25, "\u22120.25")],
)
def test_format_difference_keeps_sign_and_every_digit(difference: float, words: str) -> None:
    assert format_difference(difference) == words
