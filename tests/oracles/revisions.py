"""Revisions computed from a whole triangle of vintages (reference periods x vintages)."""

from __future__ import annotations

import numpy as np
from numpy.typing import ArrayLike

from pipelines.statistics.intervals import Array
from pipelines.statistics.revisions import Revision, measure_revision


def triangle(values: ArrayLike) -> tuple[Array, Array]:
    """First and newest known figure of each reference period.

    `values`: reference periods x vintages, oldest vintage first, NaN before a period was first published.  A later gap
    (a figure withdrawn) is no revision: the newest known figure stands.
    """
    known = np.asarray(values, dtype=float)
    if known.ndim != 2:
        raise ValueError(f"a triangle is reference periods x vintages, not of shape {known.shape}")
    there = ~np.isnan(known)
    none = ~there.any(axis=1)
    rows = np.arange(len(known))
    first = known[rows, there.argmax(axis=1)]
    last = known[rows, known.shape[1] - 1 - there[:, ::-1].argmax(axis=1)]
    return np.where(none, np.nan, first), np.where(none, np.nan, last)


def first_to_newest(values: ArrayLike) -> Revision:
    """Revision from each reference period's first figure to its newest, over those published at least twice."""
    known = np.asarray(values, dtype=float)
    first, last = triangle(known)
    twice = (~np.isnan(known)).sum(axis=1) >= 2
    return measure_revision(first[twice], last[twice])


def by_step(values: ArrayLike) -> list[Revision]:
    """Revision from the first figure to the second, the second to the third and so on, as each period was published."""
    known = np.asarray(values, dtype=float)
    triangle(known)
    published = [row[~np.isnan(row)] for row in known]
    steps = max((len(row) for row in published), default=0) - 1
    return [
        measure_revision(
            [row[k] for row in published if len(row) > k + 1], [row[k + 1] for row in published if len(row) > k + 1]
        )
        for k in range(max(steps, 0))
    ]
