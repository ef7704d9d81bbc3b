"""Map numbers and positions in a list to pixels, and choose the ticks of an axis."""

from __future__ import annotations

import math
from dataclasses import dataclass


@dataclass(frozen=True)
class LinearScale:
    """Map numbers from 0 to `top` to pixels from `start` to `end`."""

    top: float
    start: float
    end: float

    def __call__(self, value: float) -> float:
        return self.start + (self.end - self.start) * min(max(value / self.top, 0.0), 1.0)


@dataclass(frozen=True)
class BandScale:
    """Divide the pixels from `start` to `end` into equal bands."""

    count: int
    start: float
    end: float

    @property
    def step(self) -> float:
        return (self.end - self.start) / max(self.count, 1)

    def find_center(self, position: int) -> float:
        """Return the middle of a band; bands are counted from 0."""
        return self.start + self.step * (position + 0.5)

    def find_edge(self, position: float) -> float:
        """Return the start of a band, which is the end of the one before."""
        return self.start + self.step * position


def choose_ticks(top: float, most: int, *, digits: int = 0) -> list[float]:
    """Return the ticks from 0 to the first one at or above `top`: multiples of 1, 2 or 5, at most `most` steps.

    No tick has more decimals than the figures, which have `digits`.
    """
    least = 10.0**-digits
    if top <= least:
        return [0.0, least]
    sizes = (factor * 10.0**power for power in range(-6, 13) for factor in (1, 2, 5))
    step = next(size for size in sizes if size > least * 0.99 and math.ceil(round(top / size, 9)) <= most)
    return [round(step * number, 10) for number in range(math.ceil(round(top / step, 9)) + 1)]
