"""Dispersion, windows, comparisons of many pairs and comparability scores, worked by hand."""

from __future__ import annotations

import math
from dataclasses import fields, replace

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy import stats

from pipelines.core import codes
from pipelines.statistics.comparability import SCORES, CountingRules, score_comparability
from pipelines.statistics.dispersion import at_least, estimate_dispersion, of_ratio, of_records, of_sizes, of_sum
from pipelines.statistics.ratios import compute_ratio
from tests.oracles import comparison, few

NAN = float("nan")


# Dispersion.


def test_dispersion_by_hand() -> None:
    assert of_sizes([1, 1, 1]) == 1.0
    assert of_sizes([3, 3]) == 3.0
    assert of_sizes([1, 1, 4]) == 18 / 6  # not 2, the persons per case: a person's own case is the larger one
    assert of_sizes([0, 2]) == 2.0  # a case without a known person has no size
    assert math.isnan(of_sizes([0, 0]))
    with pytest.raises(ValueError, match="size"):
        of_sizes([-1])


def test_dispersion_of_records_is_a_cautious_estimate() -> None:
    assert of_records([1, 1, 4]) == 34 / 10  # the case of four counts twice
    assert of_records([2, 2]) == 2.0
    assert math.isnan(of_records([])) and math.isnan(of_records([0]))


@given(st.lists(st.integers(1, 30), min_size=1, max_size=60))
def test_persons_per_case_never_exceed_the_dispersion(sizes: list[int]) -> None:
    assert at_least(sum(sizes), len(sizes)) <= of_sizes(sizes) + 1e-9


@given(st.lists(st.integers(1, 8), min_size=1, max_size=12), st.floats(0.05, 1.0))
def test_bound_of_some_of_the_persons_never_exceeds_their_dispersion(sizes: list[int], chance: float) -> None:
    """Draw each person of a case with one chance: moments of the number drawn, from the binomial distribution."""
    drawn = [np.arange(size + 1) for size in sizes]
    weights = [stats.binom.pmf(number, size, chance) for number, size in zip(drawn, sizes, strict=True)]
    mean = sum(float((number * weight).sum()) for number, weight in zip(drawn, weights, strict=True))
    square = sum(float((number**2 * weight).sum()) for number, weight in zip(drawn, weights, strict=True))
    bound = float(at_least(chance * sum(sizes), len(sizes), sum(sizes)))
    assert 1.0 <= bound <= square / mean + 1e-9
    assert bound >= float(at_least(chance * sum(sizes), len(sizes))) - 1e-9
    # Cases that all have one size are the case in which persons per case are the dispersion.
    even = float(at_least(chance * 3 * len(sizes), len(sizes), 3 * len(sizes)))
    assert even == pytest.approx(1 + chance * 2)


def test_some_of_the_persons_by_hand() -> None:
    """Take 6 women of 12 persons in 3 cases: 1 + (6/12)(12/3 - 1) = 2.5. Without the 12, 6/3 = 2 is the bound."""
    assert (float(at_least(6, 3, 12)), float(at_least(6, 3)), float(at_least(12, 3, 12))) == (2.5, 2.0, 4.0)
    assert (float(at_least(2, 20, 12)), float(at_least(0, 3, 12)), float(at_least(NAN, 3, 12))) == (1.0, 1.0, 1.0)


@given(st.lists(st.tuples(st.integers(0, 60), st.floats(1, 5)), min_size=1, max_size=7))
def test_dispersion_of_a_sum_is_its_variance_over_its_mean(members: list[tuple[int, float]]) -> None:
    counts, phi = (np.array(values, dtype=float) for values in zip(*members, strict=True))
    mixed = of_sum(phi, counts)
    assert phi.min() - 1e-9 <= mixed <= phi.max() + 1e-9
    assert mixed * counts.sum() == pytest.approx(float((phi * counts).sum()))
    # A member of which nothing is known counts with 1, and that is never more than what it is.
    assert of_sum(np.append(phi[:-1], 1.0), counts) <= mixed + 1e-9


@given(st.integers(1, 90), st.floats(1, 5), st.integers(1, 90), st.floats(1, 5))
def test_dispersion_of_a_ratio_keeps_the_variance_of_its_logarithm(x: int, a: float, y: int, b: float) -> None:
    mixed = float(of_ratio(x, a, y, b))
    assert mixed / x + mixed / y == pytest.approx(a / x + b / y)
    assert float(of_ratio(x, a, y, a)) == pytest.approx(a) and float(of_ratio(0, a, 0, b)) == a


def test_estimate_dispersion_names_its_basis() -> None:
    assert estimate_dispersion("case", [5] * 100) == (1.0, "exact", 0)
    # sixty cases with 360/120, and an additional one of four: 376/124
    assert estimate_dispersion("person", [1, 1, 4] * 20) == (pytest.approx(376 / 124), "quasi_exact", 60)
    # thirty cases are too few to estimate from
    assert estimate_dispersion("person", [1, 1, 4] * 10, 60, 30) == (2.0, "lower_bound", 0)
    assert estimate_dispersion("person", persons=30, cases=12) == (2.5, "lower_bound", 0)
    # most cases without a known person
    assert estimate_dispersion("person", persons=8, cases=54) == (1.0, "lower_bound", 0)
    assert estimate_dispersion("victim") == (1.0, "lower_bound", 0)
    assert estimate_dispersion("person", persons=3, cases=0).phi == 1.0


# Too few.


def test_states_of_figures() -> None:
    assert few.figure_states([19, 20, 0, NAN]).tolist() == ["too_few", "enough", "too_few", "missing"]
    assert few.figure_states([25, 25, 19, 25], [20, 19, 25, NAN]).tolist() == [
        "enough",
        "too_few",
        "too_few",
        "missing",
    ]


def test_share_and_its_complement_have_one_state() -> None:
    assert few.share_states([20, 19, 41, 60, 61, NAN, 80], [60, 60, 60, 60, 60, 60, 100]).tolist() == [
        "enough", "too_few", "too_few", "too_few", "enough", "missing", "enough",
    ]  # fmt: skip
    whole = np.arange(0, 90)
    for part in range(90):
        states = few.share_states(part, whole)[part:]
        assert states.tolist() == few.share_states(whole[part:] - part, whole[part:]).tolist()


def list_states(*windows: str) -> list[list[str]]:
    """Return windows as lists of states: E enough, f too few, h withheld, - missing."""
    codes_by_letter = {"E": "enough", "f": "too_few", "h": "withheld", "-": "missing"}
    return [[codes_by_letter[letter] for letter in window] for window in windows]


def test_default_windows_by_hand() -> None:
    assert few.default_window(list_states("ffEffff", "EfEfEfE", "EEEEEfE", "EEEEEfE")) == ("A", 4, 7, True)
    # With one figure fewer the year has only three of seven, so three years are needed.
    assert few.default_window(list_states("ffEffff", "EfEfffE", "EEEEEfE", "EEEEEfE")) == ("P3", 6, 7, True)
    # An annual reporter has no quarter; one of two is not a majority.
    assert few.default_window(list_states("-E", "EE", "EE", "--")) == ("A", 2, 2, True)
    # No window has most: the one with the most, and of these the shortest, not the longest.
    assert few.default_window(list_states("fff", "Eff", "Eff", "Eff")) == ("A", 1, 3, False)
    assert few.default_window(list_states("ff", "ff", "ff", "fE")) == ("P5", 1, 2, False)
    # Of windows with as many, the one with fewer withheld, and of these the one with more figures.
    assert few.default_window(list_states("hhh", "Ehf", "Eff", "Eff")).freq == "P3"
    assert few.default_window(list_states("-ff", "fff", "fff", "hhf")).freq == "A"
    # Where the most are withheld, a comparison never opens, not even if most reach 20; a window that is missing counts
    # for nothing.
    assert few.default_window(list_states("ffff", "EEEh", "fEff", "")).freq == "P3"
    assert few.default_window(list_states("hhhh", "", "", "")).freq == "Q"


def test_windows_are_period_codes() -> None:
    assert set(few.WINDOWS) <= set(codes.list_codes("freq"))


# Many pairs.


def test_two_territories_are_one_pair() -> None:
    (pair,) = comparison.compare_rates([60, 30])
    alone = compute_ratio(60, 30)
    assert (pair.ratio, pair.low, pair.high, pair.p) == tuple(float(value) for value in alone)
    assert pair.verdict == "higher"
    (turned,) = comparison.compare_rates([30, 60])
    assert turned.verdict == "lower" and turned.p == pytest.approx(pair.p)


def test_three_pairs_need_stronger_evidence_than_one() -> None:
    # 40 against 22: P(X >= 40 of 62) doubled is 0.030 for one pair, three times that for three pairs
    pairs = comparison.compare_rates([40, 22, 30])
    alone = float(compute_ratio(40, 22).p)
    assert 0.02 < alone < 0.04
    assert pairs[0].p == pytest.approx(3 * alone) and pairs[0].verdict == "no_difference"
    assert comparison.compare_rates([40, 22])[0].verdict == "higher"
    assert (pairs[0].low, pairs[0].high) == tuple(
        float(value) for value in compute_ratio(40, 22, level=1 - 0.05 / 3)[1:3]
    )


def test_correction_ignores_untested_pairs() -> None:
    pairs = {(p.first, p.second): p for p in comparison.compare_rates([60, 30, 19, NAN])}
    assert [p.verdict for p in pairs.values()] == [
        "higher", "too_few", "missing", "too_few", "missing", "missing"
    ]  # fmt: skip
    assert pairs[0, 1].p == pytest.approx(float(compute_ratio(60, 30).p))
    assert math.isnan(pairs[0, 2].p) and pairs[0, 2].ratio == pytest.approx(60 / 19)
    barred = comparison.compare_rates([60, 30, 50], comparable=lambda i, j: 1 not in (i, j))
    assert [p.verdict for p in barred] == ["not_comparable", "no_difference", "not_comparable"]


def test_rates_need_a_population() -> None:
    pairs = comparison.compare_rates([60, 60, 60], [1e6, 3e6, NAN])
    assert [p.verdict for p in pairs] == ["higher", "missing", "missing"]
    assert pairs[0].ratio == pytest.approx(3)


def test_clusters_make_fewer_differences_significant() -> None:
    assert comparison.compare_rates([60, 30], dispersions=[4, 4])[0].verdict == "no_difference"


def test_difference_must_hold_at_the_default_dispersion() -> None:
    """Test 60 against 30 at 2: 30 against 15 effective counts, p = 0.036; 60 against 36: 0.016 alone, 0.11 at 2."""
    assert comparison.compare_rates([60, 30], default_dispersions=[2, 2])[0].verdict == "higher"
    (pair,) = comparison.compare_rates([60, 36], default_dispersions=[2, 2])
    assert pair.verdict == "depends_on_persons_per_case" and pair.low > 1 and pair.p < 0.05
    assert comparison.compare_rates([60, 36], default_dispersions=[1, 1])[0].verdict == "higher"
    assert comparison.compare_rates([60, 50], default_dispersions=[2, 2])[0].verdict == "no_difference"
    (share,) = comparison.compare_proportions([20, 50], [170, 105], nested=True, default_dispersions=[9, 9])
    assert share.verdict == "depends_on_persons_per_case"


def test_proportions_by_hand() -> None:
    # 20 of 170 against 50 of 70, whose 20 others are just enough
    (pair,) = comparison.compare_proportions([20, 50], [170, 70], nested=True)
    assert pair.ratio == pytest.approx((20 / 150) / (50 / 20)) and pair.verdict == "lower"
    # not nested: 90 over 60 against 30 over 60
    (pair,) = comparison.compare_proportions([90, 30], [60, 60], nested=False)
    assert pair.ratio == pytest.approx(3) and pair.verdict == "higher"
    with pytest.raises(ValueError, match="above its whole"):
        comparison.compare_proportions([90, 30], [60, 60], nested=True)


@given(st.lists(st.integers(0, 300), min_size=2, max_size=7))
@settings(max_examples=25)
def test_verdict_interval_and_p_value_agree(counts: list[int]) -> None:
    for pair in comparison.compare_rates([float(count) for count in counts]):
        if pair.verdict in ("higher", "lower", "no_difference"):
            assert (pair.p < 0.05) == (pair.verdict != "no_difference")
            assert (pair.low > 1) == (pair.verdict == "higher")
            assert (pair.high < 1) == (pair.verdict == "lower")


def test_corrections_for_columns() -> None:
    np.testing.assert_allclose(comparison.adjust_p_values([0.01, 0.3], [21, 21]), [0.21, 1])
    np.testing.assert_allclose(comparison.level_of_each([1, 21, 0]), [0.95, 1 - 0.05 / 21, 0.95])
    verdicts = comparison.decide_verdicts([1.1, 0.2, 0.5, NAN], [2, 0.9, 1.5, 2])
    assert verdicts.tolist() == ["higher", "lower", "no_difference", "missing"]


# Comparability.

CONVICTED = CountingRules(
    count_unit="person",
    stage="convicted_final",
    level="final",
    moment="finality",
    counted_at="output",
    offence_scope="TIP",
    several_offences="principal",
    attempts="included",
    juveniles="included",
    legal_persons="excluded",
    unknown_perpetrators="not_applicable",
    period="2025",
)


def test_scores_by_hand() -> None:
    assert score_comparability(CONVICTED, CONVICTED) == (3, ())
    assert score_comparability(CONVICTED, replace(CONVICTED, period="2024")) == (2, ("period_differs",))
    first = replace(CONVICTED, stage="convicted_first", level="first", attempts="not_stated")
    assert score_comparability(CONVICTED, first) == (1, ("stage_differs", "level_differs", "attempts_not_stated"))
    assert score_comparability(CONVICTED, replace(first, count_unit="case"))[0] == 0


def test_break_on_one_side_lowers_the_score_and_a_shared_break_does_not() -> None:
    broken = replace(CONVICTED, breaks=frozenset({"law-2024-03"}))
    assert score_comparability(CONVICTED, broken) == (2, ("breaks_differs",))
    assert score_comparability(broken, broken) == (3, ())


def test_rules_unknown_on_both_sides_do_not_count_as_equal() -> None:
    silent = replace(CONVICTED, several_offences="not_stated")
    assert score_comparability(silent, silent) == (2, ("several_offences_not_stated",))


@pytest.mark.parametrize("aspect", [field.name for field in fields(CountingRules)])
def test_each_aspect_counts_alone_and_both_ways(aspect: str) -> None:
    altered = replace(CONVICTED, **{aspect: frozenset({"x"}) if aspect == "breaks" else "something else"})
    score = score_comparability(CONVICTED, altered)
    assert score == (SCORES[aspect], (f"{aspect}_differs",))
    assert score == score_comparability(altered, CONVICTED)
