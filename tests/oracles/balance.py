"""Balances of a level: pending at the start, with what came in, less what went out, is pending at the end.

What a court decides is one decision: its acquittals, rejections and discontinuances are parts of the decisions and are
not taken off again.  A prosecutor's rejections and discontinuances are exits of their own.  Codes are those of the code
lists `measure` and `level`.
"""

from __future__ import annotations

from typing import Any, Final, NamedTuple

import numpy as np
from numpy.typing import ArrayLike

from pipelines.statistics.intervals import Array

TOLERANCE: Final = 1.0
"""One count unit: a case that two clerks place in two quarters."""

ENTRIES: Final = ("transferred_in", "requalified_in", "reopened", "remitted", "severed")
EXITS: Final = ("requalified_out", "transferred_out", "joined")

HOLDS: Final = "holds"
BROKEN: Final = "broken"
UNKNOWN: Final = "unknown"


class Level(NamedTuple):
    """Measures of one level's balance: the stock (by statistic `start` and `end`), what enters, what leaves."""

    stock: str
    entries: tuple[str, ...]
    exits: tuple[str, ...]


LEVELS: Final[dict[str, Level]] = {
    "prosecution": Level(
        "pending_prosecution", ("reported", *ENTRIES), ("indicted", "rejected", "discontinued", *EXITS)
    ),
    "first": Level("pending_first", ("indicted", *ENTRIES), ("adjudicated_first", *EXITS)),
    "appeal": Level("pending_appeal", ("appealed", *ENTRIES), ("decided_on_appeal", *EXITS)),
}
"""`reported`, `indicted` and `appealed` are counted at their own level wherever they enter; entries and exits at
this."""


class Balance(NamedTuple):
    """`gap` = opening + entries - exits - closing, in count units: above zero, the closing stock is too small.

    `state`: `holds` within one unit, `broken`, or `unknown` where a number is missing (then gap is NaN).
    """

    gap: Array
    state: np.ndarray[Any, np.dtype[np.str_]]


def compute_balance(
    opening: ArrayLike, entries: ArrayLike, exits: ArrayLike, closing: ArrayLike, tolerance: float = TOLERANCE
) -> Balance:
    """Compute the balance of each row; all numbers are in one count unit.

    `opening`, `closing`: rows; `entries`, `exits`: rows x kinds.  NaN is unknown and makes the row unknown.  A kind
    that the office's law or form does not have is 0, passed by the caller; missing is not 0.
    """
    start, end = np.asarray(opening, dtype=float), np.asarray(closing, dtype=float)
    came, went = np.asarray(entries, dtype=float), np.asarray(exits, dtype=float)
    if start.ndim != 1 or came.ndim != 2 or went.ndim != 2 or not len(start) == len(end) == len(came) == len(went):
        raise ValueError(
            "stocks are one number a row, entries and exits rows x kinds; got shapes "
            f"{start.shape}, {came.shape}, {went.shape}, {end.shape}"
        )
    gap = start + came.sum(axis=1) - went.sum(axis=1) - end
    state = np.where(np.abs(gap) <= tolerance, HOLDS, BROKEN)
    return Balance(gap, np.where(np.isnan(gap), UNKNOWN, state))
