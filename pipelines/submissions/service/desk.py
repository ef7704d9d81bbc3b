"""The desk of one home, the first argument of every function of this package.

A desk serves one home and the territories of one kind, so a practice home has its own desk.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    import sqlalchemy as sa

    from pipelines.core.home import Home
    from pipelines.core.result_cache import ResultCache
    from pipelines.declarations.registry import Registry
    from pipelines.submissions.admission import Kind
    from pipelines.submissions.checking.report import Report

KEPT_REPORTS = 48
HEAVIEST_REPORTS = 96 << 20
"""Number of cached reports, and their bytes together: one of 20,000 cells and 3,000 findings takes about 10 MB."""
BYTES_OF_FINDING = 1_000


def _no_reports() -> ResultCache[Report]:
    from pipelines.core.result_cache import ResultCache

    return ResultCache(KEPT_REPORTS, _weigh_report, HEAVIEST_REPORTS)


def _weigh_report(report: Report) -> int:
    """Return about how many bytes of memory a report takes."""
    reading = report.reading
    rows = 0 if reading is None else reading.observations.estimated_size() + reading.events.estimated_size()
    return int(rows) + BYTES_OF_FINDING * len(report.findings)


@dataclass(frozen=True)
class Desk:
    """An open home. Thread-safe."""

    home: Home
    engine: sa.Engine
    registry: Registry
    kind: Kind = "national"
    reports: ResultCache[Report] = field(default_factory=_no_reports, repr=False, compare=False)


def open_desk(home: Home, *, kind: Kind = "national") -> Desk:
    """Open the desk of a home: its migrated ledger and all declarations. Raises LedgerError."""
    from pipelines.declarations.registry import load
    from pipelines.ledger import facts
    from pipelines.ledger.opening import open_ledger

    facts.prepare_fact_folders(home)
    return Desk(home, open_ledger(home), load(), kind)
