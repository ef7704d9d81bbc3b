"""Evidence of an exchange and of a change: against SciPy, and how often they occur without any."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy.stats import betabinom

from pipelines.statistics.structure import (
    PRIOR_WEIGHT,
    blend_dispersion,
    compute_change,
    compute_exchange_evidence,
    compute_likelihood_ratio,
    compute_pair_dispersion,
    count_freedom,
)
from tests.oracles.exchange import exchange_evidence, likelihood_ratio

COUNTS = st.integers(0, 60)
WEIGHTS = st.floats(0.5, 60)


@given(first=COUNTS, second=COUNTS, weight=WEIGHTS, other=WEIGHTS)
def test_evidence_equals_the_ratio_of_beta_binomial_probabilities(
    first: int, second: int, weight: float, other: float
) -> None:
    expected = exchange_evidence(first, second, weight, other)
    evidence = float(compute_exchange_evidence(first, second, weight, other))
    assert evidence == pytest.approx(expected, abs=1e-6, rel=1e-6)


@given(first=COUNTS, second=COUNTS, weight=WEIGHTS, other=WEIGHTS)
def test_evidence_changes_sign_when_the_counts_are_exchanged(
    first: int, second: int, weight: float, other: float
) -> None:
    as_reported = float(compute_exchange_evidence(first, second, weight, other))
    exchanged = float(compute_exchange_evidence(second, first, weight, other))
    assert as_reported == pytest.approx(-exchanged, abs=1e-9)


@given(persons=st.integers(1, 60), weight=WEIGHTS, other=WEIGHTS, dispersion=st.floats(1, 8))
def test_expected_likelihood_ratio_is_at_most_one_without_an_exchange(
    persons: int, weight: float, other: float, dispersion: float
) -> None:
    """Check the expectation; the error rate follows by Markov's inequality, and a dispersion only lowers it."""
    first = np.arange(persons + 1)
    ratios = np.exp(compute_exchange_evidence(first, persons - first, weight, other) / dispersion)
    expectation = float((betabinom.pmf(first, persons, weight, other) * ratios).sum())
    assert expectation <= 1 + 1e-9
    if dispersion == 1:
        assert expectation == pytest.approx(1)


def test_evidence_worked_by_hand() -> None:
    # a = 3, b = 1; 0 and 2 persons, usually 3 to 1: B(5, 1) / B(3, 3) = (1 / 5) / (1 / 30) = 6.
    assert float(compute_exchange_evidence(0, 2, 3.0, 1.0)) == pytest.approx(np.log(6))


def test_pair_dispersion_of_independent_persons_is_the_least() -> None:
    draw = np.random.default_rng(20261127)
    first = draw.binomial(30, 0.2, size=(5, 2000)).astype(float)
    assert compute_pair_dispersion(first, 30 - first, np.full(5, 0.2)) == 1.5


def test_pair_dispersion_of_lines_with_the_same_persons_is_their_number() -> None:
    draw = np.random.default_rng(20261127)
    first = np.tile(draw.binomial(30, 0.2, size=(1, 4000)).astype(float), (6, 1))
    assert compute_pair_dispersion(first, 30 - first, np.full(6, 0.2)) == pytest.approx(6, rel=0.1)


def test_pair_dispersion_without_earlier_persons_is_the_least() -> None:
    assert compute_pair_dispersion(np.zeros((2, 3)), np.zeros((2, 3)), np.array([0.5, 0.2])) == 1.5


def test_blend_dispersion_keeps_the_assumption_where_nobody_was_seen() -> None:
    assert blend_dispersion(1.5, 0, 7) == 7
    assert blend_dispersion(1.5, PRIOR_WEIGHT, 7) == pytest.approx(4.25)
    assert 1.5 < blend_dispersion(1.5, 1000, 7) < 2.5


TABLE = st.lists(st.lists(st.integers(0, 30), min_size=3, max_size=3), min_size=1, max_size=4)


@given(counts=TABLE, earlier=st.lists(st.integers(0, 200), min_size=12, max_size=12))
def test_likelihood_ratio_equals_that_of_scipy(counts: list[list[int]], earlier: list[int]) -> None:
    present = np.array(counts, dtype=float)
    past = np.array(earlier, dtype=float).reshape(4, 3)[: len(counts)]
    expected = sum(likelihood_ratio(x, h) for x, h in zip(present, past, strict=True))
    assert compute_likelihood_ratio(present, past) == pytest.approx(expected, abs=1e-8)


def test_count_freedom_counts_categories_seen_before() -> None:
    present, past = np.array([[1, 0, 2], [0, 0, 0], [3, 0, 0]]), np.array([[5, 5, 5], [5, 5, 5], [4, 0, 9]])
    assert count_freedom(present, past) == 2 + 0 + 1


@pytest.mark.parametrize("clusters", [1, 3])
def test_compute_change_holds_its_level(clusters: int) -> None:
    """Call few tables changed that are drawn from one distribution, with persons one by one or three by three."""
    draw = np.random.default_rng(20261127)
    shares = [0.5, 0.3, 0.15, 0.05]
    tables = clusters * draw.multinomial(8, shares, size=(400, 13, 3)).astype(float)
    p = np.array([compute_change(table[-1], table[:-1]) for table in tables])
    assert (p < 0.05).mean() <= 0.06
    assert (p < 0.005).mean() <= 0.01


def test_compute_change_sees_a_rotation_of_three_categories() -> None:
    draw = np.random.default_rng(20261127)
    tables = draw.multinomial(25, [0.6, 0.3, 0.1], size=(13, 3)).astype(float)
    assert compute_change(tables[-1], tables[:-1]) > 0.01
    assert compute_change(np.roll(tables[-1], 1, axis=1), tables[:-1]) < 1e-4


def test_compute_change_needs_four_periods() -> None:
    past = np.tile([[[9.0, 1.0]]], (4, 1, 1))
    assert compute_change(np.array([[0.0, 40.0]]), past) < 0.01
    assert compute_change(np.array([[0.0, 40.0]]), past[:3]) == 1
