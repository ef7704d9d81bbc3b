"""The desk of one home, the first argument of every function of this package.

A desk serves one home and the territories of one kind, so a practice home has its own desk.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    import sqlalchemy as sa

    from pipelines.core.home import Home
    from pipelines.declarations.registry import Registry
    from pipelines.submissions.admission import Kind
    from pipelines.submissions.service.cache import ReportCache


def _no_reports() -> ReportCache:
    from pipelines.submissions.service.cache import ReportCache

    return ReportCache()


@dataclass(frozen=True)
class Desk:
    """An open home. Thread-safe."""

    home: Home
    engine: sa.Engine
    registry: Registry
    kind: Kind = "national"
    reports: ReportCache = field(default_factory=_no_reports, repr=False, compare=False)


def open_desk(home: Home, *, kind: Kind = "national") -> Desk:
    """Open the desk of a home: its migrated ledger and all declarations. Raises LedgerError."""
    from pipelines.declarations.registry import load
    from pipelines.ledger import facts
    from pipelines.ledger.opening import open_ledger

    facts.prepare_fact_folders(home)
    return Desk(home, open_ledger(home), load(), kind)
