"""Mirror statistics: requests that one territory sent, next to those that the other received.

Two figures of the same requests agree if they differ by at most one request, or by at most a tenth of the larger. What
differs has likely reasons, which are derived from facts about the two returns and not from the size of the difference.
"""

from __future__ import annotations

from typing import Final, NamedTuple

REQUESTS: Final = 1.0
SHARE: Final = 0.1

MISSING: Final = "missing"
EQUAL: Final = "equal"
AGREES: Final = "agrees"
DIFFERS: Final = "differs"


class Side(NamedTuple):
    """The figure of one of the two, whether its definition differs, its date, and its requests by direct contact.

    `direct` are those with all partners together: sent so by the sender, or counted so by the receiver.
    """

    value: float | None
    is_other_definition: bool = False
    date_basis: str = "registration"
    direct: float = 0.0


def is_agreement(sent: float, received: float) -> bool:
    """Return True if two figures of the same requests agree."""
    return abs(received - sent) <= max(REQUESTS, SHARE * max(sent, received))


def compare_sides(sent: Side, received: Side, other_years: list[tuple[float, float]]) -> tuple[str, list[str]]:
    """Return the state of a pair and the likely reasons; `other_years` has both figures of the years next to it."""
    if sent.value is None or received.value is None:
        return MISSING, ["missing_return"]
    if sent.value == received.value:
        return EQUAL, []
    if is_agreement(sent.value, received.value):
        return AGREES, []
    reasons = []
    if sent.is_other_definition or received.is_other_definition:
        reasons.append("definition")
    if sent.direct > 0 and received.direct == 0 and received.value < sent.value:
        reasons.append("channel")
    over_two_years = [(sent.value + before, received.value + after) for before, after in other_years]
    if sent.date_basis != received.date_basis or any(is_agreement(*sums) for sums in over_two_years):
        reasons.append("timing")
    return DIFFERS, reasons or ["unexplained"]
