"""Export the timetable as a calendar file (iCalendar, RFC 5545).

An event has the same UID in every download, so that a calendar that already contains it updates it in place.
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterable
from datetime import date, timedelta
from typing import TYPE_CHECKING

from pipelines.core import clock
from pipelines.core.i18n import mark, tell

if TYPE_CHECKING:
    from icalendar import Alarm, Event

    from pipelines.declarations.registry import Registry
    from pipelines.submissions.timetable.deadlines import Deadline

PRODID = "-//Regional trafficking indicators//Timetable//EN"
ALARM_DAYS = (14, 3)
_DOMAIN = "timetable.rti"
_TITLES = {
    "collection": mark("Return due: {office}, {instrument}, {period}"),
    "queries": mark("Questions answered by: {office}, {instrument}, {period}"),
    "release": mark("Release: {office}, {instrument}, {period}"),
}


def export_calendar(
    deadlines: Iterable[Deadline], language: str, *, demonstration: bool, registry: Registry | None = None
) -> bytes:
    """Return a calendar of deadlines in a language, with three all-day events per deadline.

    The event of the collection has alarms 14 and 3 days before. `demonstration` marks the calendar's name and every
    title. Names come from `registry` (default: the loaded one).
    """
    from icalendar import Calendar

    from pipelines.declarations.registry import load

    chosen = list(deadlines)
    declarations = registry or load()
    name = tell("Timetable of returns", language)
    if demonstration:
        name = tell("Demonstration: {title}", language, title=name)
    digest = hashlib.sha256("\n".join(sorted(event_uid(item, "") for item in chosen)).encode()).hexdigest()[:32]
    calendar = Calendar.new(prodid=PRODID, name=name, calscale="GREGORIAN", method="PUBLISH", uid=f"{digest}@{_DOMAIN}")
    for deadline in chosen:
        for kind in _TITLES:
            calendar.add_component(_event(deadline, kind, language, demonstration, declarations))
    return bytes(calendar.to_ical())


def event_uid(deadline: Deadline, kind: str) -> str:
    """Return a UID that is always the same for one kind of deadline of one expected return."""
    text = "\n".join((*deadline.key, kind))
    return f"{hashlib.sha256(text.encode()).hexdigest()[:32]}@{_DOMAIN}"


def _event(deadline: Deadline, kind: str, language: str, demonstration: bool, registry: Registry) -> Event:
    from icalendar import TRANSP, Event

    from pipelines.submissions.timetable.names import instrument_name, note_of, office_name

    day: date = getattr(deadline, kind)
    summary = tell(
        _TITLES[kind],
        language,
        office=office_name(registry, deadline.source, language),
        instrument=instrument_name(deadline.instrument, language),
        period=deadline.period,
    )
    if demonstration:
        summary = tell("Demonstration: {title}", language, title=summary)
    event = Event.new(
        uid=event_uid(deadline, kind),
        stamp=clock.now(),
        start=day,
        end=day + timedelta(days=1),
        summary=summary,
        description=note_of(registry, deadline.territory, language),
        transparency=TRANSP.TRANSPARENT,
    )
    if kind == "collection":
        for days in ALARM_DAYS:
            event.add_component(_alarm(days, summary))
    return event


def _alarm(days: int, summary: str) -> Alarm:
    """Return an alarm that is shown a number of days before the day begins."""
    from icalendar import Alarm

    alarm = Alarm.new(description=summary)
    alarm.add("action", "DISPLAY")
    alarm.add("trigger", timedelta(days=-days))
    return alarm
