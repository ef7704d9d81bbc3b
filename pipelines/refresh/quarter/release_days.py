"""Find the days of releases: those on which they were published or are announced for, else those of the timetable.

Every page, letter and calendar file takes its days from here, so that none of them names another day for a release than
the public calendar does.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import date, datetime
from typing import TYPE_CHECKING

from pipelines.core import clock
from pipelines.model.periods import Period
from pipelines.publication.releases import calendar
from pipelines.refresh.quarter import standing
from pipelines.submissions import timetable

if TYPE_CHECKING:
    from pipelines.core.home import Home
    from pipelines.declarations.registry import Registry
    from pipelines.submissions.timetable import Deadline, QuarterPlan


@dataclass(frozen=True, slots=True)
class NextRelease:
    """The release that comes next: its day, and its minute if it is announced."""

    day: date
    minute: datetime | None = None


def find_next_release(home: Home, registry: Registry) -> NextRelease | None:
    """Return the announced release that comes next; else the day of the first quarter's round that is not released."""
    announced = calendar.find_next_release(home)
    if announced is not None and announced.moment is not None:
        return NextRelease(announced.moment.date(), announced.moment)
    today = clock.now().date()
    unreleased = (plan for plan in _list_plans(registry, today) if standing.find_quarter_release(home, plan) is None)
    return min((NextRelease(plan.release) for plan in unreleased if plan.release >= today), key=_get_day, default=None)


def find_release_day(home: Home, plan: QuarterPlan, release: str = "") -> date:
    """Return the day for which a release of a quarter, by default its first, is announced; else that of the plan."""
    planned = calendar.find_planned(home, release or plan.quarter.code)
    return planned.moment.date() if planned is not None and planned.moment is not None else plan.release


def set_release_days(
    home: Home, registry: Registry, deadlines: Sequence[Deadline], today: date | None = None
) -> list[Deadline]:
    """Return deadlines with the days of the releases that will have, or have, their figures.

    An annual return is released with a quarter, after its own day. Rounds that ended before those under way on `today`
    (default: the clock's day) keep the days of the timetable.
    """
    days: dict[tuple[str, ...], date] = {}
    last_day = max((deadline.release for deadline in deadlines), default=date.min)
    for plan in _list_plans(registry, today or clock.now().date(), last_day):
        published = standing.find_quarter_release(home, plan)
        published_at = clock.parse_time(published.published_at) if published is not None else None
        day = published_at.date() if published_at is not None else find_release_day(home, plan)
        days.update((deadline.key, day) for deadline in plan.expected)
    return [replace(item, release=days.get(item.key, item.release)) for item in deadlines]


def _list_plans(registry: Registry, today: date, last_day: date = date.min) -> list[QuarterPlan]:
    """Return the rounds that may be under way, that of the quarter that has not ended, and further ones until one is
    released after `last_day`; oldest first."""
    plans = timetable.plan_current_quarters(registry, today)
    quarter = Period.from_day(today, "Q")
    while (plan := timetable.plan_quarter(registry, quarter)) is not None:
        plans.append(plan)
        if plan.release > last_day:
            break
        quarter = quarter.next_period()
    return plans


def _get_day(release: NextRelease) -> date:
    return release.day
