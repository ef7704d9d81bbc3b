"""Timeliness, punctuality and completeness in the terms of the European Statistical System.

None of these ranks territories.

Source: ESS Guidelines for the implementation of the ESS quality and performance indicators (2014), indicators TP1, TP2
(time lag of first and final results), TP3 (punctuality), R1 (data completeness) and CC2 (length of comparable series).
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from numpy.typing import ArrayLike

from pipelines.statistics.intervals import Array


def time_lag(period_end: ArrayLike, published: ArrayLike) -> Array:
    """TP1 (first results) or TP2 (final results): days from the last day of the reference period to publication.

    Dates; NaT where not published, which gives NaN.  Raises ValueError for a publication before the period's end.
    """
    lag = _days(period_end, published)
    if bool(np.any(lag < 0)):
        raise ValueError("a figure cannot be published before its period has ended")
    return lag


def delay(due: ArrayLike, arrived: ArrayLike) -> Array:
    """TP3: days from the announced date to the actual one; below zero is early, NaN where it did not arrive."""
    return _days(due, arrived)


def punctual(due: ArrayLike, arrived: ArrayLike, today: ArrayLike) -> float:
    """TP3 as a rate: of what was due by `today`, the fraction that arrived by its day; NaN where nothing was due.

    What is due and did not arrive is not punctual.
    """
    deadline, now = np.asarray(due, dtype="datetime64[D]"), np.asarray(today, dtype="datetime64[D]")
    came = np.broadcast_to(np.asarray(arrived, dtype="datetime64[D]"), deadline.shape)
    asked = deadline <= now
    if not bool(asked.any()):
        return float("nan")
    return float((came[asked] <= deadline[asked]).mean())


def completeness(provided: ArrayLike, required: ArrayLike) -> Array:
    """R1: cells provided over cells required, as a fraction; NaN where none is required.

    A confirmed nil return and a zero are provided; missing and not collected are not; what cannot exist is not
    required. Raises ValueError where more is provided than required.
    """
    have, need = np.broadcast_arrays(np.asarray(provided, dtype=float), np.asarray(required, dtype=float))
    if bool(np.any(have > need)) or bool(np.any(have < 0)):
        raise ValueError("the cells provided are among those required")
    rate: Array = np.divide(have, need, out=np.full(need.shape, np.nan), where=need > 0)
    return rate


def comparable_length(known: Sequence[bool], breaks: Sequence[bool]) -> int:
    """CC2: number of reference periods, to the newest, with a figure and without a break; both oldest first.

    `breaks` is True for the first period after a break.  A gap ends the series as a break does.
    """
    if len(known) != len(breaks):
        raise ValueError("one answer a period on both sides")
    length = 0
    for there, broken in zip(reversed(known), reversed(breaks), strict=True):
        if not there:
            break
        length += 1
        if broken:
            break
    return length


def _days(since: ArrayLike, until: ArrayLike) -> Array:
    first, last = np.asarray(since, dtype="datetime64[D]"), np.asarray(until, dtype="datetime64[D]")
    gap = last - first
    days: Array = np.where(np.isnat(gap), np.nan, gap.astype(float))
    return days
