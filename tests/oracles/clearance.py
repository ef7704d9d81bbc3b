"""CEPEJ's clearance rate, case turnover and disposition time of a period, with the days that the period has.

Source: CEPEJ, GOJUST guidelines (2008) and its evaluation reports: clearance rate = resolved / incoming x 100; case
turnover = resolved / pending at the end; disposition time = 365 / case turnover for a year.
"""

from __future__ import annotations

from typing import Any, Final

import numpy as np
from numpy.typing import ArrayLike

from pipelines.statistics.intervals import Array

DAYS: Final[dict[str, tuple[int, int]]] = {
    "Q": (90, 92),
    "A": (365, 366),
    "P3": (1095, 1096),
    "P5": (1826, 1827),
}
"""Fewest and most days of a period of each kind.  Two of five years can be leap years, one at least is, until 2100."""

NO_RESOLVED = "no_resolved"
NO_INCOMING = "no_incoming"
RESOLVED_MISSING = "resolved_missing"
INCOMING_MISSING = "incoming_missing"
STOCK_MISSING = "stock_missing"

Codes = np.ndarray[Any, np.dtype[np.str_]]


class DayFactorError(ValueError):
    """The days given are not those of a period of that kind, as 365 are not those of a quarter."""


def count_days(freq: str, start: ArrayLike, end: ArrayLike) -> Array:
    """Count the days from `start` to `end` (both included), checked to be a whole period of `freq` (`Q`, `A`, `P3`,
    `P5`)."""
    first, last = np.asarray(start, dtype="datetime64[D]"), np.asarray(end, dtype="datetime64[D]")
    between: Array = (last - first).astype(float) + 1.0
    check_days(freq, between)
    return between


def check_days(freq: str, factor: ArrayLike) -> None:
    """Raise DayFactorError unless all day factors are those of whole periods of `freq`."""
    if freq not in DAYS:
        raise DayFactorError(f"no day factor for periods of kind {freq}: known are {', '.join(DAYS)}")
    fewest, most = DAYS[freq]
    factors = np.asarray(factor, dtype=float)
    wrong = ~((factors >= fewest) & (factors <= most))
    if bool(np.any(wrong)):
        raise DayFactorError(
            f"a period of kind {freq} has {fewest} to {most} days, not {factors[wrong].ravel()[0]:g}: "
            "take the days of the period itself"
        )


def clearance_rate(resolved: ArrayLike, incoming: ArrayLike) -> Array:
    """Return resolved x 100 / incoming, per cent, both in the same unit in the same period; NaN where
    `clearance_undefined`."""
    resolved_counts, incoming_counts = _floats(resolved, incoming)
    return 100.0 * _divided(resolved_counts, incoming_counts)


def clearance_undefined(resolved: ArrayLike, incoming: ArrayLike) -> Codes:
    """Return the reason for a missing clearance rate; empty where the rate exists."""
    resolved_counts, incoming_counts = _floats(resolved, incoming)
    return np.select(
        [np.isnan(resolved_counts), np.isnan(incoming_counts), incoming_counts == 0],
        [RESOLVED_MISSING, INCOMING_MISSING, NO_INCOMING],
        default="",
    )


def case_turnover(resolved: ArrayLike, pending_end: ArrayLike) -> Array:
    """Return resolved / pending at the end, per period (no unit); NaN where one is missing or nothing is pending."""
    resolved_counts, stock = _floats(resolved, pending_end)
    return _divided(resolved_counts, stock)


def disposition_time(pending_end: ArrayLike, resolved: ArrayLike, freq: str, factor: ArrayLike) -> Array:
    """Return pending at the end x days of the period / resolved in it, in days; NaN where `disposition_undefined`.

    Nothing pending is 0 days.  Raises DayFactorError where the days are not those of a period of `freq`.
    """
    check_days(freq, factor)
    stock, resolved_counts = _floats(pending_end, resolved)
    return _divided(stock * np.asarray(factor, dtype=float), resolved_counts)


def disposition_undefined(pending_end: ArrayLike, resolved: ArrayLike) -> Codes:
    """Return the reason for a missing disposition time; empty where the time exists."""
    stock, resolved_counts = _floats(pending_end, resolved)
    return np.select(
        [np.isnan(stock), np.isnan(resolved_counts), resolved_counts == 0],
        [STOCK_MISSING, RESOLVED_MISSING, NO_RESOLVED],
        default="",
    )


def _divided(upper: Array, lower: Array) -> Array:
    ratio: Array = np.divide(upper, lower, out=np.full(np.broadcast(upper, lower).shape, np.nan), where=lower > 0)
    return ratio


def _floats(first: ArrayLike, second: ArrayLike) -> tuple[Array, Array]:
    a, b = np.broadcast_arrays(np.asarray(first, dtype=float), np.asarray(second, dtype=float))
    if bool(np.any(a < 0)) or bool(np.any(b < 0)):
        raise ValueError("counts and stocks are not below zero")
    return a, b
