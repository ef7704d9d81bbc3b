"""State of a figure by its number of events, and the default window of a comparison.

The product computes both in SQL (`macros/statistics.sql`, `mart_window`).
"""

from __future__ import annotations

from typing import Any, NamedTuple

import numpy as np
from numpy.typing import ArrayLike

from pipelines.statistics.thresholds import ENOUGH_EVENTS

TOO_FEW = "too_few"
ENOUGH = "enough"
MISSING = "missing"

WINDOWS = ("Q", "A", "P3", "P5")
"""Shortest first: quarter, year, three years, five years (codes of the code list `freq`)."""


class Window(NamedTuple):
    """The window chosen, how many of how many territories reach 20 in it, and whether those are the majority."""

    freq: str
    reaching: int
    of: int
    most: bool


def are_enough(numerator: ArrayLike, denominator: ArrayLike | None = None) -> np.ndarray[Any, np.dtype[np.bool_]]:
    """Return True where numerator and denominator (events, not population) both reach 20; False where one is missing.

    A rate has no denominator here: its population does not count events.
    """
    x = np.asarray(numerator, dtype=float)
    y = x if denominator is None else np.asarray(denominator, dtype=float)
    with np.errstate(invalid="ignore"):
        reached: np.ndarray[Any, np.dtype[np.bool_]] = (x >= ENOUGH_EVENTS) & (y >= ENOUGH_EVENTS)
    return reached


def figure_states(numerator: ArrayLike, denominator: ArrayLike | None = None) -> np.ndarray[Any, np.dtype[np.str_]]:
    """Return `enough`, `too_few`, or `missing` where numerator or denominator is."""
    x = np.asarray(numerator, dtype=float)
    y = x if denominator is None else np.asarray(denominator, dtype=float)
    unknown = np.isnan(x) | np.isnan(y)
    return np.where(unknown, MISSING, np.where(are_enough(x, y), ENOUGH, TOO_FEW))


def default_window(numerators: ArrayLike, denominators: ArrayLike | None = None) -> Window:
    """Return the shortest window in which more than half of the territories reach 20; else the longest, `most` False.

    Both: four windows (quarter, year, three, five years, each the newest complete one) x territories, in events; NaN
    where a territory has no figure for that kind of window, which is not reaching it: an annual reporter has no
    quarter. Leave out a territory that reports nothing at all, or it counts among those that must reach.
    """
    reached = are_enough(numerators, denominators)
    if reached.ndim != 2 or reached.shape[0] != len(WINDOWS) or reached.shape[1] == 0:
        raise ValueError(f"counts are {len(WINDOWS)} windows x territories, not of shape {reached.shape}")
    of = reached.shape[1]
    for freq, reaching in zip(WINDOWS, reached.sum(axis=1).tolist(), strict=True):
        if 2 * reaching > of:
            return Window(freq, reaching, of, True)
    return Window(WINDOWS[-1], int(reached[-1].sum()), of, False)
