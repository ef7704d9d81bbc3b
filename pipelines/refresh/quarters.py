"""The quarters that a run refreshes, and the returns that belong to them.

A return belongs to the quarters in which its periods end: an annual return to the fourth quarter of its year, a return
that covers three quarters to each of them.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

from pipelines.model.periods import Period, periods_between

if TYPE_CHECKING:
    import sqlalchemy as sa

    from pipelines.ledger.queries import Submission


@dataclass(frozen=True)
class QuarterRange:
    """A range of quarters that includes both ends; an end that is None is open."""

    first: Period | None = None
    last: Period | None = None

    @property
    def is_unlimited(self) -> bool:
        """Return True if the range contains every quarter."""
        return self.first is None and self.last is None

    def list_periods(self) -> list[str] | None:
        """Return the codes of the quarters and years that end in the range; None if an end of it is open."""
        if self.first is None or self.last is None:
            return None
        quarters = list(periods_between(self.first, self.last))
        return [quarter.code for quarter in quarters] + [str(q.year) for q in quarters if q.quarter == 4]

    def __contains__(self, quarter: Period) -> bool:
        return (self.first is None or self.first <= quarter) and (self.last is None or quarter <= self.last)

    def __str__(self) -> str:
        if self.first == self.last:
            return "all quarters" if self.first is None else str(self.first)
        if self.first is None:
            return f"up to {self.last}"
        return f"from {self.first}" if self.last is None else f"{self.first} to {self.last}"


EVERY_QUARTER = QuarterRange()


def find_quarters(engine: sa.Engine, ids: Sequence[str]) -> dict[str, set[Period]]:
    """Return the quarters of each submission; those that have not been read successfully yet are left out."""
    from pipelines.ledger import supersession
    from pipelines.ledger.database import open_read_transaction

    with open_read_transaction(engine) as connection:
        keys = supersession.block_keys(connection, ids)
    return {identity: _end_quarters(period for *_, period in own_keys) for identity, own_keys in keys.items()}


def select_returns(
    engine: sa.Engine, submissions: Sequence[Submission], quarters: QuarterRange, announced: Mapping[str, Sequence[str]]
) -> list[Submission]:
    """Return the submissions that belong to some quarters, in the given order.

    The periods of a submission are those in the ledger, or else those `announced` for it. A submission whose periods
    are not known is included, because only reading it shows them.
    """
    if quarters.is_unlimited:
        return list(submissions)
    known_quarters = find_quarters(engine, [submission.submission_id for submission in submissions])
    selected = []
    for submission in submissions:
        identity = submission.submission_id
        own_quarters = known_quarters.get(identity) or _end_quarters(announced.get(identity, ()))
        if not own_quarters or any(quarter in quarters for quarter in own_quarters):
            selected.append(submission)
    return selected


def _end_quarters(periods: Iterable[str]) -> set[Period]:
    return {Period.from_code(period).last_quarter for period in periods}
