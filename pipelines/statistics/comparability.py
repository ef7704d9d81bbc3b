"""How far two territories' figures of one indicator and period may be compared: 0 to 3, with the reasons.

    0  the unit differs: not comparable
    1  the stage or the level differs, or the version of a ratio: not the same event
    2  the offence's scope, the persons counted, the period or a break differs: with care
    3  nothing of these differs

What is not stated on a side cannot be said to agree, so it counts as a difference, under a code of its own.
"""

from __future__ import annotations

from dataclasses import dataclass, field, fields
from typing import Final, NamedTuple

NOT_STATED: Final = "not_stated"


@dataclass(frozen=True)
class Counted:
    """What one side's figure counts, in codes; `not_stated` where its office does not say.

    `stage` is the measure, `moment` when the event is counted (order, filing, decision, finality: `date_basis`),
    `counted_at` whether at input or output of the stage.  `breaks` are breaks of law, counting or recording within the
    period; the same code on both sides is the same break.  `version` is that of a ratio (of one period, lagged, of a
    cohort), empty for what has none.
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
"""The best score that a pair can have where this differs."""

COMPARABLE: Final = 3


class Comparability(NamedTuple):
    """The score and its reasons, most serious first: `<aspect>_differs` or `<aspect>_not_stated`."""

    score: int
    reasons: tuple[str, ...]


def comparability(one: Counted, other: Counted) -> Comparability:
    """Score of the pair; the same both ways."""
    reasons = []
    for aspect, score in SCORES.items():
        a, b = getattr(one, aspect), getattr(other, aspect)
        if NOT_STATED in (a, b):
            reasons.append((score, f"{aspect}_not_stated"))
        elif a != b:
            reasons.append((score, f"{aspect}_differs"))
    return Comparability(min((score for score, _ in reasons), default=COMPARABLE), tuple(code for _, code in reasons))


if {one.name for one in fields(Counted)} != set(SCORES):
    raise AssertionError("every aspect of what is counted has a score")
