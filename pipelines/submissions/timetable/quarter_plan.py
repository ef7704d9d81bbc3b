"""Compute the days of a quarter's round from the timetable of its returns: opening, deadline, questions, release.

A return belongs to the round of the first release on or after its own release day. An annual return, due later than
those of the fourth quarter, is thus released with the first quarter of the next year.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, timedelta
from typing import TYPE_CHECKING

from pipelines.core import clock
from pipelines.model.periods import Period, last_ended
from pipelines.submissions.timetable.deadlines import Deadline, list_deadlines

if TYPE_CHECKING:
    from pipelines.declarations.registry import Registry


@dataclass(frozen=True, slots=True)
class QuarterPlan:
    """The round of one quarter. `opening` are returns of periods that end with it, `expected` those released with it.

    `collection`, `queries` and `release` are the last such days of all expected returns.
    """

    quarter: Period
    opening: tuple[Deadline, ...]
    expected: tuple[Deadline, ...]
    opens: date
    collection: date
    queries: date
    release: date


def plan_quarter(registry: Registry, quarter: Period) -> QuarterPlan | None:
    """Return the plan of a quarter's round, or None if no quarterly return is declared for it."""
    return _make_plan(_list_known(registry, quarter), quarter)


def plan_current_quarters(registry: Registry, today: date | None = None) -> list[QuarterPlan]:
    """Return the plans of the two quarters that ended last before a day (default: the clock's), oldest first.

    Two rounds may be under way at once: that of the newest quarter, and the one before if its release is late.
    """
    newest = last_ended(today or clock.now().date(), "Q")
    deadlines = _list_known(registry, newest)
    plans = [_make_plan(deadlines, quarter) for quarter in (_quarter_before(newest), newest)]
    return [plan for plan in plans if plan is not None]


def _list_known(registry: Registry, quarter: Period) -> list[Deadline]:
    return list_deadlines(registry, today=quarter.end + timedelta(days=1))


def _make_plan(deadlines: list[Deadline], quarter: Period) -> QuarterPlan | None:
    release = _release_day(deadlines, quarter)
    if release is None:
        return None
    before = _release_day(deadlines, _quarter_before(quarter))
    expected = tuple(
        deadline
        for deadline in deadlines
        if Period.from_code(deadline.period).end <= quarter.end
        and deadline.release <= release
        and (before is None or deadline.release > before)
    )
    return QuarterPlan(
        quarter,
        tuple(deadline for deadline in deadlines if Period.from_code(deadline.period).last_quarter == quarter),
        expected,
        quarter.end + timedelta(days=1),
        max(deadline.collection for deadline in expected),
        max(deadline.queries for deadline in expected),
        release,
    )


def _release_day(deadlines: list[Deadline], quarter: Period) -> date | None:
    return max((deadline.release for deadline in deadlines if deadline.period == quarter.code), default=None)


def _quarter_before(quarter: Period) -> Period:
    return last_ended(quarter.start, "Q")
