"""State of a figure by its number of events, and the default window of a comparison.

The product computes both in SQL (`macros/statistics.sql`, `mart_window`).
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import ArrayLike

from pipelines.statistics.thresholds import ENOUGH_EVENTS

TOO_FEW = "too_few"
ENOUGH = "enough"
MISSING = "missing"
WITHHELD = "withheld"

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


def share_states(part: ArrayLike, whole: ArrayLike) -> np.ndarray[Any, np.dtype[np.str_]]:
    """Return the state of shares: `enough` if the part and the rest of the whole both reach 20.

    A part above its whole has no rest; both numbers must then reach 20.
    """
    x, n = np.asarray(part, dtype=float), np.asarray(whole, dtype=float)
    return figure_states(x, np.where(x > n, n, n - x))


def default_window(states: Sequence[Sequence[str]]) -> Window:
    """Return the window in which a comparison opens.

    `states`: those of the territories in each of the four windows (quarter, year, three, five years, each the newest
    complete one), empty for a missing window.  Windows with the most withheld figures are left out, unless all
    have as many.  The shortest in which more than half reach 20 is chosen.  If there is none, it is the window with the
    most territories that reach 20, then with the fewest withheld, then with the most figures, then the shortest.
    """
    of = len({place for window in states for place, state in enumerate(window) if state != MISSING})
    windows = [
        Window(freq, sum(state == ENOUGH for state in window), of, 2 * sum(state == ENOUGH for state in window) > of)
        for freq, window in zip(WINDOWS, states, strict=True)
    ]
    n_withheld = [sum(state == WITHHELD for state in window) for window in states]
    n_reported = [sum(state != MISSING for state in window) for window in states]
    complete = [place for place, window in enumerate(states) if window]
    most_withheld = max(n_withheld[place] for place in complete)
    open_enough = [place for place in complete if n_withheld[place] < most_withheld] or complete
    for place in open_enough:
        if windows[place].most:
            return windows[place]
    return windows[
        min(open_enough, key=lambda place: (-windows[place].reaching, n_withheld[place], -n_reported[place], place))
    ]
