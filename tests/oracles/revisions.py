"""Revisions computed from a whole triangle of vintages (reference periods x vintages)."""

from __future__ import annotations

import numpy as np
from numpy.typing import ArrayLike

from pipelines.statistics.intervals import Array
from pipelines.statistics.revisions import Revision, measure_revision


def split_triangle(values: ArrayLike) -> tuple[Array, Array]:
    """Return the first and newest known figure of each reference period.

    `values`: reference periods x vintages, oldest vintage first, NaN before a period was first published.  A later gap
    (a figure withdrawn) does not count as a revision: the newest known figure remains.
    """
    figures = np.asarray(values, dtype=float)
    if figures.ndim != 2:
        raise ValueError(f"a triangle is reference periods x vintages, not of shape {figures.shape}")
    is_known = ~np.isnan(figures)
    none = ~is_known.any(axis=1)
    rows = np.arange(len(figures))
    first = figures[rows, is_known.argmax(axis=1)]
    last = figures[rows, figures.shape[1] - 1 - is_known[:, ::-1].argmax(axis=1)]
    return np.where(none, np.nan, first), np.where(none, np.nan, last)


def first_to_newest(values: ArrayLike) -> Revision:
    """Return the revision from each period's first figure to its newest, over those published at least twice."""
    figures = np.asarray(values, dtype=float)
    first, last = split_triangle(figures)
    twice = (~np.isnan(figures)).sum(axis=1) >= 2
    return measure_revision(first[twice], last[twice])


def by_step(values: ArrayLike) -> list[Revision]:
    """Return the revision from the first figure to the second, the second to the third and so on, as published."""
    figures = np.asarray(values, dtype=float)
    split_triangle(figures)
    published = [row[~np.isnan(row)] for row in figures]
    steps = max((len(row) for row in published), default=0) - 1
    return [
        measure_revision(
            [row[k] for row in published if len(row) > k + 1], [row[k + 1] for row in published if len(row) > k + 1]
        )
        for k in range(max(steps, 0))
    ]
