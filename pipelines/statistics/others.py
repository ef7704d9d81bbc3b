"""Compare each territory with the other ones together: what remains of the region without it."""

from __future__ import annotations

from collections.abc import Mapping
from functools import lru_cache
from typing import Final, Literal, NamedTuple

from pipelines.statistics.intervals import LEVEL
from pipelines.statistics.ratios import ratio_of_ratios
from pipelines.statistics.thresholds import ENOUGH_EVENTS

Verdict = Literal["higher", "lower", "depends_on_persons_per_case", "no_difference", "too_few", "not_comparable"]
APART: Final = ("higher", "lower")
TESTED: Final = (*APART, "depends_on_persons_per_case", "no_difference")


class Share(NamedTuple):
    """A part of a whole, both counts of persons, with their dispersion and the one at which a verdict must hold too."""

    part: float
    whole: float
    dispersion: float = 1.0
    default_dispersion: float = 1.0


class OthersContrast(NamedTuple):
    """The verdict on a territory, the share of the others in per cent, and how many territories were tested."""

    verdict: Verdict
    others: float
    n_tested: int = 0


def compare_with_others(sides: Mapping[str, tuple[Share, Share]]) -> dict[str, OthersContrast]:
    """Compare the share of each territory, the first of its two sides, with that of the others together.

    The two sides have no person in common, as the test requires; a territory and its region would. The test is that of
    pairs: the exact conditional one of the odds ratio. All tested territories are one family: with m of them, each
    interval has level 1 - 0.05/m (Bonferroni), since each is also among the others of the rest.
    """
    standings: dict[str, Verdict | None] = {area: _find_obstacle(*pair) for area, pair in sides.items()}
    n_tested = sum(obstacle is None for obstacle in standings.values())
    return {
        area: OthersContrast(
            standings[area] or _judge(side, others, 1 - (1 - LEVEL) / n_tested),
            100 * others.part / others.whole if others.whole > 0 else float("nan"),
            n_tested,
        )
        for area, (side, others) in sides.items()
    }


def _find_obstacle(own: Share, others: Share) -> Verdict | None:
    """Return why two shares are not compared; None if they are."""
    rests = [side.whole - side.part for side in (own, others)]
    if min(rests) < 0 or others.part < 0:
        return "not_comparable"
    return "too_few" if min(own.part, others.part, *rests) < ENOUGH_EVENTS else None


def _judge(own: Share, others: Share, level: float) -> Verdict:
    """Return the verdict on the first of two shares, by the rule of pairs."""
    low, high = _limit_odds(own, others, own.dispersion, others.dispersion, level)
    if low <= 1 <= high:
        return "no_difference"
    low_at_default, high_at_default = _limit_odds(own, others, own.default_dispersion, others.default_dispersion, level)
    if low_at_default <= 1 <= high_at_default:
        return "depends_on_persons_per_case"
    return "higher" if low > 1 else "lower"


@lru_cache(maxsize=1024)
def _limit_odds(own: Share, others: Share, phi: float, phi_of_others: float, level: float) -> tuple[float, float]:
    counts = (own.part, own.whole - own.part, others.part, others.whole - others.part)
    _, low, high, _ = ratio_of_ratios(*counts, phi, phi_of_others, level)
    return low, high
