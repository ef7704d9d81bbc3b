"""Effects of volume and ratio on a change of convictions, rounded for display so that they still add up.

`mart_decomposition` computes the effects; sources and formulas are in `docs/methodology/ratios.md`.
"""

from __future__ import annotations

from typing import NamedTuple


class Effect(NamedTuple):
    """A change in convictions and its parts in persons: change = volume + ratio; both None where only the change is
    told."""

    change: float
    volume: float | None
    ratio: float | None


def rounded(effect: Effect, digits: int = 0) -> Effect:
    """The effect for show, to so many decimals, still additive: the ratio's part takes what rounding leaves over."""
    if effect.volume is None or effect.ratio is None:
        return Effect(round(effect.change, digits), None, None)
    change, volume = round(effect.change, digits), round(effect.volume, digits)
    return Effect(change, volume, round(change - volume, digits))
