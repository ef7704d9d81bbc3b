"""Fisher's exact test against SciPy's and by hand, and Holm's adjustment against a table worked by hand."""

from __future__ import annotations

import numpy as np
import pytest

from pipelines.statistics.fisher import adjust_holm, compute_fisher_p


def test_compute_fisher_p_of_lady_tasting_tea() -> None:
    # 3 of 4 against 1 of 4: 17/35 by the hypergeometric distribution (16 + 1 on each side of 70 tables: 34/70).
    assert compute_fisher_p([3], [4], [1], [4])[0] == pytest.approx(34 / 70)


def test_compute_fisher_p_agrees_with_scipy() -> None:
    from scipy.stats import fisher_exact

    rng = np.random.default_rng(1)
    whole_a, whole_b = rng.integers(5, 80, 60), rng.integers(5, 80, 60)
    part_a, part_b = rng.integers(0, whole_a + 1), rng.integers(0, whole_b + 1)
    expected = [
        fisher_exact([[a, na - a], [b, nb - b]])[1]
        for a, na, b, nb in zip(part_a, whole_a, part_b, whole_b, strict=True)
    ]
    assert compute_fisher_p(part_a, whole_a, part_b, whole_b) == pytest.approx(expected)


def test_compute_fisher_p_of_missing_counts_is_missing() -> None:
    assert np.isnan(compute_fisher_p([np.nan, 1], [5, 0], [1, 1], [5, 5])).tolist() == [True, True]
    with pytest.raises(ValueError, match="a part is from 0 to its whole"):
        compute_fisher_p([6], [5], [1], [5])


def test_adjust_holm() -> None:
    adjusted = adjust_holm([0.01, 0.04, np.nan, 0.03, 0.005])
    assert adjusted[[0, 1, 3, 4]] == pytest.approx([0.03, 0.06, 0.06, 0.02])
    assert np.isnan(adjusted[2])
    assert adjust_holm([]).size == 0
