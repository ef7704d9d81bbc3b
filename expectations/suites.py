"""The suites by instrument, with the rules that each checks.

Imports neither polars nor Great Expectations (three seconds), so that the orchestrator's definitions and summaries of
stored findings can use it. A test compares the list with the suites themselves.
"""

from __future__ import annotations

from typing import Final

_RETURN: Final = ("expect.key", "expect.code")
_FIGURES: Final = ("value.negative", "value.fraction", "expect.status", "expect.unique", "sum.differs", "sum.exceeded")
_PARTS: Final = ("parts.exceeded", "sum.repair")
_COVERAGE: Final = ("coverage.too_early", "coverage.unexpected", "coverage.late")
_HISTORY: Final = (
    "plausible.bounds",
    "plausible.jump",
    "plausible.jump_of_part",
    "plausible.exchanged",
    "plausible.year_so_far",
    "plausible.copied",
    "plausible.nearly_copied",
    "plausible.table_copied",
    "plausible.rewritten",
    "coverage.gone",
    "coverage.categories",
    "coverage.figures",
    "revision.changed",
)
_STRUCTURE: Final = ("structure.exchanged", "structure.changed")
_BALANCES: Final = ("plausible.sanctions", "plausible.stocks", "plausible.balance")
_STAGES: Final = (
    "plausible.outcome",
    "plausible.outcomes",
    *_BALANCES,
    "plausible.stock",
    "plausible.lag",
    "plausible.sources",
)
_NIL: Final = ("nil.after_figures",)
_REQUESTS: Final = (
    "cooperation.self",
    "cooperation.dimension",
    "cooperation.balance",
    "cooperation.acknowledged",
    "cooperation.opening",
    "request.counts",
)
_EVENTS_OF_REQUESTS: Final = (
    "request.unique",
    "record.period",
    "request.self",
    "request.ends",
    "request.acknowledged",
    "request.changed",
    "request.ended",
    "request.counts",
)
_RECORDS: Final = (
    "record.unique",
    "record.order",
    "record.period",
    "record.cutoff",
    "record.sentence",
    "record.length",
    "record.term",
    "record.no_length",
    "record.part_of_month",
    "record.person",
    "record.exclusive",
    "record.twice",
    "record.stage_missing",
    "record.outcome_missing",
    "record.sanctions",
    "record.length_missing",
    "record.sanction_of_age",
    "record.unknown",
    "record.gap",
    "record.far",
    "record.changed_person",
    "record.reported_before",
    "record.ended",
    "record.copied",
    "record.number",
    "record.share",
    "record.unusual_length",
    "record.lengths_shifted",
    "plausible.sources",
)

RULES_BY_INSTRUMENT: Final = {
    "justice": (*_RETURN, *_FIGURES, *_PARTS, *_COVERAGE, *_HISTORY, *_STRUCTURE, *_NIL, *_STAGES),
    "victims": (*_RETURN, *_FIGURES, *_PARTS, *_COVERAGE, *_HISTORY, *_STRUCTURE, *_NIL),
    "register": (*_RETURN, *_COVERAGE, *_RECORDS, *_NIL),
    "requests": (*_RETURN, *_COVERAGE, *_EVENTS_OF_REQUESTS, *_NIL),
    "cooperation": (*_RETURN, *_FIGURES, *_PARTS, *_COVERAGE, *_HISTORY, *_REQUESTS, *_NIL),
}
"""The rules of each suite, in the order of its findings."""
