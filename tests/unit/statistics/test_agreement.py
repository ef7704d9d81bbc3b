"""The chance that figures agree, against sums of binomial probabilities and against simulated tables."""

from __future__ import annotations

from math import comb

import numpy as np
import pytest

from pipelines.statistics.agreement import ASSUMED, compute_chance


def binomial_tail(same: int, size: int, share: float) -> float:
    return sum(comb(size, k) * share**k * (1 - share) ** (size - k) for k in range(same, size + 1))


@pytest.mark.parametrize(("same", "compared"), [(12, 12), (9, 12), (3, 12), (45, 60)])
def test_compute_chance_is_the_binomial_tail_of_fewer_figures(same: int, compared: int) -> None:
    """Pairs that all agree in one of five figures have the least dispersion, 1.5: two of three figures count."""
    past = np.full(10, 20.0)
    chance = compute_chance(same, compared, past / 5, past)
    assert chance == pytest.approx(binomial_tail(same * 2 // 3, compared * 2 // 3, 0.2), rel=1e-9)


def test_compute_chance_without_pairs_uses_the_assumed_share() -> None:
    nothing = np.array([])
    assert compute_chance(9, 9, nothing, nothing) == pytest.approx((ASSUMED[0] / ASSUMED[1]) ** 6)


def test_compute_chance_is_higher_where_pairs_vary() -> None:
    compared = np.full(20, 20.0)
    steady, varied = np.full(20, 4.0), np.tile([0.0, 8.0], 10)
    assert compute_chance(16, 20, varied, compared) > 10 * compute_chance(16, 20, steady, compared)


def test_compute_chance_is_rarely_low_for_independent_tables() -> None:
    random = np.random.default_rng(4)
    low = 0
    for _ in range(300):
        table = random.poisson(random.gamma(1.0, 3.0, 40)[:, None], (40, 13))
        now, past = table[:, 0], table[:, 1:]
        pairs = [(past[:, i], past[:, j]) for i in range(12) for j in range(i)]
        counts = [((a == b) & (a + b > 0), a + b > 0) for a, b in [*pairs, (now, past[:, 0])]]
        same, compared = (np.array([c[k].sum() for c in counts], dtype=float) for k in (0, 1))
        low += compute_chance(same[-1], compared[-1], same[:-1], compared[:-1]) < 0.01
    assert low <= 9
