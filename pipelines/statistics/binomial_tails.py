"""Exact upper tails of the binomial distribution."""

from __future__ import annotations

from typing import Any

import numpy as np

Array = np.ndarray[Any, np.dtype[Any]]


def compute_upper_tail(successes: Array, trials: Array, share: float) -> Array:
    """Return P(X >= successes) for X binomial with `trials` and `share`."""
    # Imported late, as everywhere: scipy takes half a second.
    from scipy.special import bdtrc

    tail: Array = bdtrc(successes - 1, trials, share)
    return tail
