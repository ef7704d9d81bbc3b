"""Stages of proceedings as data: what opens a stay in one and what ends it.

Rules and their reasons: `docs/methodology/durations.md`.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import NamedTuple

from pipelines.core import codes

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


def outcomes(decision: str) -> tuple[Mark, ...]:
    """The outcomes that make a decision, in the order of the list of parts, and last the bare decision.

    Raises LookupError for a measure that has no such parts.
    """
    parts = [one for one in codes.measure_parts() if one.whole == decision and one.makes_whole]
    if not parts:
        raise LookupError(f"{decision} is made of no parts in measure_part.csv")
    return (*(Mark(one.part, one.level) for one in parts), Mark(decision, parts[0].level))


def _leaving(*levels: str) -> tuple[Mark, ...]:
    return tuple(Mark(event, level) for event in ("requalified_out", "transferred_out", "joined") for level in levels)


_PROSECUTOR = outcomes("report_disposed")
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
    (*outcomes("adjudicated_first"), *_leaving("first")),
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
    (*outcomes("adjudicated_final"), *_leaving(*_COURTS)),
)
REPORT_TO_COURT = Stage(
    "report_to_court",
    (Mark("reported", "prosecution"), *_TAKEN),
    (Mark("reopened", "prosecution"), Mark("remitted", "first"), Mark("reopened", "first")),
    (*outcomes("adjudicated_first"), *_NO_INDICTMENT, *_leaving("first")),
)
STAGES = {one.name: one for one in (PROSECUTION, INVESTIGATION, FIRST, APPEAL, PROCEEDINGS, REPORT_TO_COURT)}
