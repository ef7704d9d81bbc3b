"""Rates: events in a population or a time, with exact intervals."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
from numpy.typing import ArrayLike

from pipelines.statistics import intervals
from pipelines.statistics.intervals import LEVEL, Array

PER = 100_000.0


class Rate(NamedTuple):
    """Events per `per` of the exposure and its limits; NaN where undefined."""

    value: Array
    low: Array
    high: Array


def compute_rate(
    count: ArrayLike, exposure: ArrayLike, dispersion: ArrayLike = 1.0, per: float = PER, level: ArrayLike = LEVEL
) -> Rate:
    """Return `count` x `per` / `exposure` with Garwood's limits, the exposure (population) taken as known.

    Per period as counted, never annualised.  NaN where the count is missing or the exposure is missing or 0.
    """
    people = np.asarray(exposure, dtype=float)
    if bool(np.any(people < 0)):
        raise ValueError("an exposure is a number of persons, not below zero")
    factor = np.divide(per, people, out=np.full(people.shape, np.nan), where=people > 0)
    low, high = intervals.poisson_interval(count, dispersion, level)
    return Rate(np.asarray(count, dtype=float) * factor, low * factor, high * factor)
