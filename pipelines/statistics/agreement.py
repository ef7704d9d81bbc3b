"""Test whether two tables of counts agree in more figures than two periods do by chance; finds copied tables.

Small counts agree by chance, and figures that add up agree together.  Both are measured on earlier pairs of periods of
the same table: their mean share of equal figures, and how much more it varies than if each figure agreed by itself.
"""

from __future__ import annotations

from typing import Any

import numpy as np

from pipelines.statistics.jumps import MINIMUM_DISPERSION

Array = np.ndarray[Any, np.dtype[Any]]

ASSUMED = (2.0, 10.0)
"""Figures that agree, and figures compared, before any pair is known: counts this small agree in about one of five."""


def compute_chance(same: float, compared: float, past_same: Array, past_compared: Array) -> float:
    """Return the probability that at least `same` of `compared` figures agree by chance.

    `past_same` of `past_compared` figures agree in each earlier pair of periods.  With their overall share q (after
    adding `ASSUMED`) and their Pearson dispersion phi (never below 1.5, as in `jumps.py`), the figures are taken as
    compared / phi independent ones: P(X >= same / phi) of the binomial distribution of that size and q, continued to
    fractions by the regularised incomplete beta function.

    Source of the form: effective sample size n / phi of overdispersed proportions as in Williams (1982), Extra-binomial
    variation in logistic linear models, Applied Statistics 31(2), 144-148.
    """
    from scipy.special import betainc

    used = past_compared > 0
    past_same, past_compared = past_same[used], past_compared[used]
    share = (past_same.sum() + ASSUMED[0]) / (past_compared.sum() + ASSUMED[1])
    deviation = ((past_same - past_compared * share) ** 2 / (past_compared * share * (1 - share))).sum()
    dispersion = max(deviation / max(len(past_same) - 1, 1), MINIMUM_DISPERSION)
    return float(betainc(same / dispersion, (compared - same) / dispersion + 1, share))
