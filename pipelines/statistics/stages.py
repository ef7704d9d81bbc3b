"""Stages of proceedings as data: the events that open and end a stay in each stage.

Rules and their reasons: `docs/methodology/durations.md`.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import NamedTuple

from pipelines.core import codes

AREA = ("territory", "jurisdiction", "source", "offence_group")
"""Columns that separate the stays of different offices and offences; the caller adds `offence_group`."""
UNIT = (*AREA, "person", "matter")
"""Key of one defendant in one matter, the unit of analysis."""
GOES_ON = frozenset({"transferred_out", "joined"})
"""Exits after which the proceedings continue outside this register, so that they have not ended."""


class Mark(NamedTuple):
    """A kind of event: its measure and its level."""

    event: str
    level: str


@dataclass(frozen=True)
class Stage:
    """A stage of proceedings. One of `entries` (later of `returns`) opens a stay, and one of `exits` ends it.

    If several `exits` fall on one day, the first in this order counts: the outcome before the bare decision.
    `recurs`: a second entry may follow an end without a return between them (appeals); it is not an error.
    """

    name: str
    entries: tuple[Mark, ...]
    returns: tuple[Mark, ...]
    exits: tuple[Mark, ...]
    recurs: bool = False


def list_outcomes(decision: str) -> tuple[Mark, ...]:
    """Return the outcomes of a decision in the order of the list of parts, followed by the bare decision.

    Raises LookupError for a measure without such parts.
    """
    parts = [pair for pair in codes.measure_parts() if pair.whole == decision and pair.makes_whole]
    if not parts:
        raise LookupError(f"{decision} is made of no parts in measure_part.csv")
    return (*(Mark(pair.part, pair.level) for pair in parts), Mark(decision, parts[0].level))


def _leaving(*levels: str) -> tuple[Mark, ...]:
    return tuple(Mark(event, level) for event in ("requalified_out", "transferred_out", "joined") for level in levels)


_PROSECUTOR = list_outcomes("report_disposed")
_NO_INDICTMENT = tuple(mark for mark in _PROSECUTOR if mark.event not in ("indicted", "report_disposed"))
_TAKEN = (Mark("transferred_in", "prosecution"), Mark("requalified_in", "prosecution"))
_TAKEN_COURT = (Mark("transferred_in", "first"), Mark("requalified_in", "first"))
_COURTS = ("first", "appeal", "final")

PROSECUTION = Stage(
    "prosecution",
    (Mark("reported", "prosecution"), *_TAKEN),
    (Mark("reopened", "prosecution"),),
    _PROSECUTOR,
)
INVESTIGATION = Stage(
    "investigation",
    (Mark("investigated", "prosecution"),),
    (),
    tuple(mark for mark in _PROSECUTOR if mark.event != "report_disposed"),
)
FIRST = Stage(
    "first",
    (Mark("indicted", "prosecution"), *_TAKEN_COURT),
    (Mark("remitted", "first"), Mark("reopened", "first")),
    (*list_outcomes("adjudicated_first"), *_leaving("first")),
)
APPEAL = Stage(
    "appeal",
    (Mark("appealed", "appeal"),),
    (Mark("remitted", "appeal"),),
    (Mark("decided_on_appeal", "appeal"), *_leaving("appeal")),
    recurs=True,
)
PROCEEDINGS = Stage(
    "proceedings",
    (Mark("indicted", "prosecution"), *_TAKEN_COURT),
    (Mark("reopened", "final"), Mark("reopened", "first")),
    (*list_outcomes("adjudicated_final"), *_leaving(*_COURTS)),
)
REPORT_TO_COURT = Stage(
    "report_to_court",
    (Mark("reported", "prosecution"), *_TAKEN),
    (Mark("reopened", "prosecution"), Mark("remitted", "first"), Mark("reopened", "first")),
    (*list_outcomes("adjudicated_first"), *_NO_INDICTMENT, *_leaving("first")),
)
STAGES = {stage.name: stage for stage in (PROSECUTION, INVESTIGATION, FIRST, APPEAL, PROCEEDINGS, REPORT_TO_COURT)}
