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
"""Number of cached reports: a return of 20,000 cells takes about 5 MB of memory."""


def _no_reports() -> ResultCache[Report]:
    from pipelines.core.result_cache import ResultCache

    return ResultCache(KEPT_REPORTS)


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
