"""Evidence of an exchange: against SciPy, its expectation without an exchange, and the dispersion that tempers it."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy.stats import betabinom

from pipelines.statistics.structure import (
    PRIOR_WEIGHT,
    blend_dispersion,
    compute_exchange_evidence,
    compute_pair_dispersion,
)
from tests.oracles.exchange import exchange_evidence

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
    """The error rate follows from it by Markov's inequality; a dispersion only lowers it."""
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


def test_blend_dispersion_believes_what_is_assumed_where_nobody_was_seen() -> None:
    assert blend_dispersion(1.5, 0, 7) == 7
    assert blend_dispersion(1.5, PRIOR_WEIGHT, 7) == pytest.approx(4.25)
    assert 1.5 < blend_dispersion(1.5, 1000, 7) < 2.5
