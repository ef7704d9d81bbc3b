"""Contrasts of whole columns against SciPy's own tests."""

from __future__ import annotations

import numpy as np
import pytest
from scipy import stats

from pipelines.statistics.contrasts import compute_contrasts


def test_rates_equal_the_conditional_binomial_test() -> None:
    x, y, m, n = 60, 20, 2.0e6, 1.0e6
    contrasts = compute_contrasts(["rates"], [x], [m], [y], [n], level=0.99)
    share = m / (m + n)
    tails = stats.binom.sf(x - 1, x + y, share), stats.binom.cdf(x, x + y, share)
    assert contrasts.p[0] == pytest.approx(min(1.0, 2 * min(tails)))
    limits = [stats.beta.ppf(0.005, x, y + 1), stats.beta.ppf(0.995, x + 1, y)]
    low, high = (p / (1 - p) * n / m for p in limits)
    assert (contrasts.low[0], contrasts.high[0]) == (pytest.approx(low), pytest.approx(high))


def test_proportions_have_fishers_conditional_limits() -> None:
    contrasts = compute_contrasts(["proportions"], [30], [40], [25], [80], level=0.95)
    fisher = stats.contingency.odds_ratio(np.array([[30, 40], [25, 80]]), kind="conditional").confidence_interval(0.95)
    assert (contrasts.low[0], contrasts.high[0]) == (
        pytest.approx(fisher.low, rel=1e-6),
        pytest.approx(fisher.high, rel=1e-6),
    )


def test_each_row_is_computed_independently() -> None:
    contrasts = compute_contrasts(
        ["rates", "", "proportions", "rates"], [60, 60, np.nan, -1], [1, 1, 40, 1], [20, 20, 25, 20], [1, 1, 80, 1],
        [np.nan, 1, 1, 1],
    )  # fmt: skip
    assert np.isnan(contrasts.p).tolist() == [False, True, True, True]
    assert contrasts.low[0] == compute_contrasts(["rates"], [60], [1], [20], [1]).low[0]
    with pytest.raises(ValueError, match="no such contrast: guess"):
        compute_contrasts(["guess"], [1], [1], [1], [1])


def test_clusters_widen_the_limits() -> None:
    plain, wide = (compute_contrasts(["rates", "proportions"], 60, 50, 30, 50, phi, phi) for phi in (1.0, 2.5))
    assert (wide.low < plain.low).all() and (wide.high > plain.high).all() and (wide.p > plain.p).all()
