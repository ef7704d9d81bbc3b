"""Round the effects of volume and ratio on a change in convictions so that they still add up.

`mart_decomposition` computes the effects; sources and formulas are in `docs/methodology/ratios.md`.
"""

from __future__ import annotations

from typing import NamedTuple

from pipelines.core.rounding import round_half_up


class Effect(NamedTuple):
    """A change in convictions and its two parts in persons: change = volume + ratio.

    Both parts are None if only the change is published.
    """

    change: float
    volume: float | None
    ratio: float | None


def round_effect(effect: Effect, digits: int = 0) -> Effect:
    """Round an effect for display to `digits` decimals; the ratio part absorbs the rounding error."""
    if effect.volume is None or effect.ratio is None:
        return Effect(round_half_up(effect.change, digits), None, None)
    change, volume = round_half_up(effect.change, digits), round_half_up(effect.volume, digits)
    return Effect(change, volume, round_half_up(change - volume, digits))
