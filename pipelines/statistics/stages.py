"""Stages of proceedings as data: what opens a stay in one and what ends it.

Belongs here: the stage pairs and the columns of a unit.  Does not belong here: making stays of events (`stays.py`).
Rules and their reasons: `docs/methodology/durations.md`.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import NamedTuple

AREA = ("territory", "jurisdiction", "source", "offence_group")
"""What stays of different persons are told apart by; `offence_group` is put on by the caller, from the code list."""
UNIT = (*AREA, "person", "matter")
"""One defendant in one matter: the unit of everything here."""
GOES_ON = frozenset({"transferred_out", "joined"})
"""Ways out after which the proceedings go on where this register does not see them: no end of the proceedings."""


class Mark(NamedTuple):
    """A kind of event: its measure and its level."""

    event: str
    level: str


@dataclass(frozen=True)
class Stage:
    """One stage pair. A stay is opened by one of `entries` (again by `returns`) and ended by one of `exits`.

    `exits` are in the order in which they count when several fall on one day: the outcome before the bare decision.
    `recurs`: a second entry may follow an end without a return between them (appeals), and is no mistake.
    """

    name: str
    entries: tuple[Mark, ...]
    returns: tuple[Mark, ...]
    exits: tuple[Mark, ...]
    recurs: bool = False


def _outcomes(level: str) -> tuple[Mark, ...]:
    found = (f"convicted_{level}", "acquitted", "rejected", "discontinued", f"adjudicated_{level}")
    return tuple(Mark(event, level) for event in found)


def _leaving(*levels: str) -> tuple[Mark, ...]:
    return tuple(Mark(event, level) for event in ("requalified_out", "transferred_out", "joined") for level in levels)


_PROSECUTOR = (Mark("rejected", "prosecution"), Mark("discontinued", "prosecution"))
_TAKEN = (Mark("transferred_in", "prosecution"), Mark("requalified_in", "prosecution"))
_TAKEN_COURT = (Mark("transferred_in", "first"), Mark("requalified_in", "first"))
_COURTS = ("first", "appeal", "final")

PROSECUTION = Stage(
    "prosecution",
    (Mark("reported", "prosecution"), *_TAKEN),
    (Mark("reopened", "prosecution"),),
    (Mark("indicted", "prosecution"), *_PROSECUTOR, *_leaving("prosecution"), Mark("report_disposed", "prosecution")),
)
INVESTIGATION = Stage(
    "investigation",
    (Mark("investigated", "prosecution"),),
    (),
    (Mark("indicted", "prosecution"), *_PROSECUTOR, *_leaving("prosecution")),
)
FIRST = Stage(
    "first",
    (Mark("indicted", "prosecution"), *_TAKEN_COURT),
    (Mark("remitted", "first"), Mark("reopened", "first")),
    (*_outcomes("first"), *_leaving("first")),
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
    (*_outcomes("final"), *_leaving(*_COURTS)),
)
REPORT_TO_COURT = Stage(
    "report_to_court",
    (Mark("reported", "prosecution"), *_TAKEN),
    (Mark("reopened", "prosecution"), Mark("remitted", "first"), Mark("reopened", "first")),
    (*_outcomes("first"), *_PROSECUTOR, *_leaving("prosecution", "first")),
)
STAGES = {one.name: one for one in (PROSECUTION, INVESTIGATION, FIRST, APPEAL, PROCEEDINGS, REPORT_TO_COURT)}
