"""Tests of the comparison of a territory with the others together."""

from __future__ import annotations

import pytest
from scipy.stats import contingency

from pipelines.statistics.others import Share, compare_with_others


def test_compare_with_others_finds_the_clearly_lower_share() -> None:
    contrasts = compare_with_others({"AA": (Share(60, 90, 1, 2), Share(140, 150, 1, 2))})
    assert contrasts["AA"].verdict == "too_few", "ten of the others are not in the part"
    contrasts = compare_with_others({"AA": (Share(60, 90, 1, 2), Share(280, 300, 1, 2))})
    assert contrasts["AA"] == ("lower", pytest.approx(280 / 3), 1)
    mirrored = compare_with_others({"AA": (Share(280, 300, 1, 2), Share(60, 90, 1, 2))})
    assert mirrored["AA"].verdict == "higher"


def test_verdict_must_hold_at_the_default_dispersion() -> None:
    counts, counts_of_others = (60.0, 40.0), (450.0, 180.0)
    table = [[int(count) for count in side] for side in (counts, counts_of_others)]
    assert contingency.odds_ratio(table).confidence_interval(0.95).high < 1, "clear of single persons"
    halved = [[int(count / 2) for count in side] for side in (counts, counts_of_others)]
    assert contingency.odds_ratio(halved).confidence_interval(0.95).high > 1, "and not of cases of two"
    sides = [Share(part, part + others, 1, 2) for part, others in (counts, counts_of_others)]
    assert compare_with_others({"AA": (sides[0], sides[1])})["AA"].verdict == "depends_on_persons_per_case"
    with_registers = [side._replace(default_dispersion=1) for side in sides]
    assert compare_with_others({"AA": (with_registers[0], with_registers[1])})["AA"].verdict == "lower"


def test_more_territories_at_once_are_tested_more_strictly() -> None:
    """Check a difference that is clear alone, and not among seven; those that are not tested do not count."""
    pair = (Share(60, 100), Share(450, 630))
    assert compare_with_others({"AA": pair})["AA"].verdict == "lower"
    untested = {"BB": (Share(5, 9), Share(500, 721)), "CC": (Share(60, 50), Share(40, 60))}
    contrasts = compare_with_others({"AA": pair, **untested})
    assert [contrasts[area].verdict for area in ("AA", "BB", "CC")] == ["lower", "too_few", "not_comparable"]
    assert contrasts["AA"].n_tested == 1
    level = 1 - 0.05 / 7
    assert contingency.odds_ratio([[60, 40], [450, 180]]).confidence_interval(level).high > 1
    seven = compare_with_others(dict.fromkeys("ABCDEFG", pair))
    assert {contrast.verdict for contrast in seven.values()} == {"no_difference"} and seven["A"].n_tested == 7
