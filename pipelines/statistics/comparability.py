"""Score how far the figures of two territories for an indicator and period can be compared, 0 to 3, with reasons.

    0  the unit differs: not comparable
    1  the stage or the level differs, or the version of a ratio: not the same event
    2  the scope of the offence, the persons counted, the period or a break differs: with care
    3  none of these differs

An aspect that one side does not state may differ, so it counts as a difference, with a separate code.
"""

from __future__ import annotations

from dataclasses import dataclass, field, fields
from typing import Final, NamedTuple

NOT_STATED: Final = "not_stated"


@dataclass(frozen=True)
class CountingRules:
    """The counting rules of a figure, in codes; `not_stated` if its office does not state them.

    `stage` is the measure, `moment` when the event is counted (order, filing, decision, finality: `date_basis`),
    `counted_at` whether at input or output of the stage.  `breaks` are breaks of law, counting or recording within the
    period; the same code on both sides is the same break.  `version` is the version of a ratio (same period, lagged,
    cohort), else empty.
    """

    count_unit: str
    stage: str
    level: str
    moment: str
    counted_at: str
    offence_scope: str
    several_offences: str
    attempts: str
    juveniles: str
    legal_persons: str
    unknown_perpetrators: str
    period: str
    breaks: frozenset[str] = field(default_factory=frozenset)
    version: str = ""


SCORES: Final[dict[str, int]] = {
    "count_unit": 0,
    "stage": 1,
    "level": 1,
    "moment": 1,
    "counted_at": 1,
    "version": 1,
    "offence_scope": 2,
    "several_offences": 2,
    "attempts": 2,
    "juveniles": 2,
    "legal_persons": 2,
    "unknown_perpetrators": 2,
    "period": 2,
    "breaks": 2,
}
"""The highest possible score of a pair that differs in this aspect."""

COMPARABLE: Final = 3


class Comparability(NamedTuple):
    """The score and its reasons, most serious first: `<aspect>_differs` or `<aspect>_not_stated`."""

    score: int
    reasons: tuple[str, ...]


def score_comparability(one: CountingRules, other: CountingRules) -> Comparability:
    """Score a pair of figures; the order does not matter."""
    reasons = []
    for aspect, score in SCORES.items():
        a, b = getattr(one, aspect), getattr(other, aspect)
        if NOT_STATED in (a, b):
            reasons.append((score, f"{aspect}_not_stated"))
        elif a != b:
            reasons.append((score, f"{aspect}_differs"))
    return Comparability(min((score for score, _ in reasons), default=COMPARABLE), tuple(code for _, code in reasons))


if {field_.name for field_ in fields(CountingRules)} != set(SCORES):
    raise AssertionError("every aspect of what is counted has a score")
