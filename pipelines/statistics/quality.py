"""Timeliness, punctuality and completeness as defined by the European Statistical System.

These indicators do not rank territories.

Source: ESS Guidelines for the implementation of the ESS quality and performance indicators (2014), indicators TP1, TP2
(time lag of first and final results), TP3 (punctuality), R1 (data completeness) and CC2 (length of comparable series).
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from numpy.typing import ArrayLike

from pipelines.statistics.intervals import Array


def time_lag(period_end: ArrayLike, published: ArrayLike) -> Array:
    """Return TP1 (first results) or TP2 (final results): days from the end of the reference period to publication.

    Takes dates; NaT (not published) gives NaN.  Raises ValueError for a publication before the end of its period.
    """
    lag = _days(period_end, published)
    if bool(np.any(lag < 0)):
        raise ValueError("a figure cannot be published before its period has ended")
    return lag


def compute_delays(due: ArrayLike, arrived: ArrayLike) -> Array:
    """Return TP3: days from the announced to the actual date; negative if early, NaN if it did not arrive."""
    return _days(due, arrived)


def compute_punctuality(due: ArrayLike, arrived: ArrayLike, today: ArrayLike) -> float:
    """Return TP3 as a rate: the fraction of returns due by `today` that arrived in time; NaN if none was due.

    A due return that did not arrive is not punctual.
    """
    deadline, now = np.asarray(due, dtype="datetime64[D]"), np.asarray(today, dtype="datetime64[D]")
    arrival = np.broadcast_to(np.asarray(arrived, dtype="datetime64[D]"), deadline.shape)
    is_due = deadline <= now
    if not bool(is_due.any()):
        return float("nan")
    return float((arrival[is_due] <= deadline[is_due]).mean())


def compute_completeness(provided: ArrayLike, required: ArrayLike) -> Array:
    """Return R1: cells provided over cells required, as a fraction; NaN if none is required.

    A confirmed nil return and a zero count as provided, missing and not collected do not; cells that cannot exist are
    not required. Raises ValueError if more is provided than required.
    """
    n_provided, n_required = np.broadcast_arrays(np.asarray(provided, dtype=float), np.asarray(required, dtype=float))
    if bool(np.any(n_provided > n_required)) or bool(np.any(n_provided < 0)):
        raise ValueError("the cells provided are among those required")
    rate: Array = np.divide(n_provided, n_required, out=np.full(n_required.shape, np.nan), where=n_required > 0)
    return rate


def list_comparable_lengths(known: Sequence[bool], breaks: Sequence[bool]) -> list[int]:
    """Return CC2 up to each reference period: the number of periods with a figure and without a break that end there.

    Both sequences are oldest first.  `breaks` is True for the first period after a break.  A gap ends the series as a
    break does.
    """
    if len(known) != len(breaks):
        raise ValueError("one answer a period on both sides")
    lengths = [0]
    for has_figure, is_break in zip(known, breaks, strict=True):
        before = 0 if is_break else lengths[-1]
        lengths.append(before + 1 if has_figure else 0)
    return lengths[1:]


def _days(since: ArrayLike, until: ArrayLike) -> Array:
    first, last = np.asarray(since, dtype="datetime64[D]"), np.asarray(until, dtype="datetime64[D]")
    gap = last - first
    days: Array = np.where(np.isnat(gap), np.nan, gap.astype(float))
    return days
