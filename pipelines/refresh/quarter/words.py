"""Say in plain words how far the round of a quarter is, for the command line and the steward's page."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from datetime import date
from typing import Final

from pipelines.core import clock
from pipelines.core.i18n import mark, tell
from pipelines.core.i18n.periods import format_period
from pipelines.refresh.quarter.progress import Cause, QuarterStep, StepName, Wait

STEPS: Final[Mapping[StepName, str]] = {
    "open": mark("The collection is announced"),
    "collection": mark("The returns arrive"),
    "queries": mark("Questions on the returns are answered"),
    "draft": mark("The draft of the release is made"),
    "signatures": mark("The territories sign their sheets"),
    "release": mark("The release is published"),
}
_CAUSES: Final[Mapping[Cause, str]] = {
    "program": mark("the program, automatically while `rti serve` runs"),
    "missing": mark("{office}: send the return ({instrument}, {period})"),
    "findings": mark("{office}: answer the findings ({instrument}, {period})"),
    "unapproved": mark("{office}: a second person approves the return ({instrument}, {period})"),
    "signature": mark("{area}: an approver signs the sheet"),
    "steward_announces": mark("the steward: announce the time of the release"),
    "steward_approves": mark("the steward: approve the draft, which is announced for {time} UTC"),
    "minute": mark("nobody: the program publishes the approved draft at {time} UTC"),
}


def describe_state(step: QuarterStep, today: date, language: str = "en") -> str:
    """Return the state of a step in words: done or left out, since when late, or until when there is time."""
    if step.state == "done" and step.done_at:
        return tell("completed on {day}", language, day=step.done_at[:10])
    if step.state == "done":
        return tell("completed", language)
    if step.state == "skipped" and step.name == "open":
        return tell("not announced in time", language)
    if step.state == "skipped":
        return tell("released without this step", language)
    if step.day is None:
        return tell("waiting", language) if step.state == "waiting" else tell("not yet", language)
    day = step.day.isoformat()
    if step.is_late(today):
        return tell("late since {day}", language, day=day)
    if step.state == "waiting":
        return tell("waiting, until {day}", language, day=day)
    return tell("not yet, by {day}", language, day=day)


def describe_count(step: QuarterStep, language: str = "en") -> str:
    """Return how many of a step's returns or signatures are there; empty if it does not count."""
    return tell("{n} of {due}", language, n=step.n_done, due=step.n_all) if step.n_all else ""


def describe_wait(
    wait: Wait,
    office_name: Callable[[str, str], str],
    area_name: Callable[[str], str],
    label_of: Callable[[str, str], str],
    language: str = "en",
) -> str:
    """Return whom a step waits for, and what they have to do."""
    time = f"{clock.parse_time(wait.at):%Y-%m-%d %H:%M}" if wait.at else ""
    return tell(
        _CAUSES[wait.cause],
        language,
        office=office_name(wait.office, wait.territory) if wait.office else "",
        area=area_name(wait.territory) if wait.territory else "",
        instrument=label_of("instrument", wait.instrument) if wait.instrument else "",
        period=format_period(wait.period, language) if wait.period else "",
        time=time,
    )
