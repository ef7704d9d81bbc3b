"""The suites by instrument, with the rules that each checks.

Imports neither polars nor Great Expectations (three seconds), so that the orchestrator's definitions and summaries of
stored findings can use it. A test compares the list with the suites themselves.
"""

from __future__ import annotations

from typing import Final

_RETURN: Final = ("expect.key", "expect.code")
_FIGURES: Final = ("value.negative", "value.fraction", "expect.status", "expect.unique", "sum.differs", "sum.exceeded")
_COVERAGE: Final = ("coverage.too_early", "coverage.unexpected", "coverage.late")
_HISTORY: Final = (
    "plausible.bounds",
    "plausible.jump",
    "plausible.exchanged",
    "plausible.year_so_far",
    "plausible.copied",
    "coverage.gone",
    "revision.changed",
)
_STRUCTURE: Final = ("structure.exchanged", "structure.changed")
_STAGES: Final = ("plausible.outcome", "plausible.stock", "plausible.lag")
_RECORDS: Final = (
    "record.unique",
    "record.order",
    "record.period",
    "record.cutoff",
    "record.sentence",
    "record.length",
)

RULES_BY_INSTRUMENT: Final = {
    "justice": (*_RETURN, *_FIGURES, *_COVERAGE, *_HISTORY, *_STRUCTURE, *_STAGES),
    "victims": (*_RETURN, *_FIGURES, *_COVERAGE, *_HISTORY, *_STRUCTURE),
    "register": (*_RETURN, *_COVERAGE, *_RECORDS),
}
"""The rules of each suite, in the order of its findings."""
