"""Withheld groups cannot be obtained by subtracting the published ones from the region."""

from __future__ import annotations

import random

import pytest

from pipelines.statistics.thresholds import FEWEST_RESPONDENTS
from pipelines.survey.suppression import choose_withheld


@pytest.mark.parametrize(
    ("parts", "exposed", "hidden", "expected"),
    [
        ({"AL": 9, "ME": 7, "RS": 5}, (), 0, set()),
        # One small group: the smallest published one follows.
        ({"AL": 9, "ME": 7, "RS": 4}, (), 0, {"RS", "ME"}),
        # Two small groups that are enough together.
        ({"AL": 9, "ME": 3, "RS": 4}, (), 0, {"ME", "RS"}),
        ({"AL": 9, "ME": 1, "RS": 2}, (), 0, {"ME", "RS", "AL"}),
        # Answers without a territory hide a small group.
        ({"AL": 9, "ME": 7, "RS": 4}, (), 6, {"RS"}),
        # Few answers without a territory would be obtained by themselves.
        ({"AL": 9, "ME": 7}, (), 2, {"ME"}),
        # A group of one institution is never the only one that is withheld.
        ({"AL": 9, "ME": 7, "RS": 8}, ("AL",), 0, {"AL", "ME"}),
        ({"AL": 0, "ME": 7, "RS": 8}, (), 0, {"AL"}),
    ],
)
def test_choose_withheld(parts: dict[str, int], exposed: tuple[str, ...], hidden: int, expected: set[str]) -> None:
    assert choose_withheld(parts, exposed, hidden) == expected


def test_choose_withheld_never_leaves_a_small_difference() -> None:
    rng = random.Random(2)
    for _ in range(2000):
        parts = {code: rng.choice((0, 1, 3, 4, 5, 8, 20)) for code in "ABCDEFG"}
        hidden = rng.choice((0, 0, 1, 3, 6))
        withheld = choose_withheld(parts, (), hidden)
        assert all(parts[code] >= FEWEST_RESPONDENTS for code in parts.keys() - withheld)
        difference = hidden + sum(parts[code] for code in withheld)
        assert difference == 0 or difference >= FEWEST_RESPONDENTS or len(withheld) == len(parts)
