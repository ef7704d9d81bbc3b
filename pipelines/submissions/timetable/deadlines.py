"""Compute the three deadlines of each expected return, counted from the end of its period.

A deadline lasts until the end of its day in UTC. It is not shifted for Sundays or holidays, because we cannot know an
office's working days.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import date, timedelta
from typing import TYPE_CHECKING, Literal

from pipelines.core import clock
from pipelines.ledger.identity import EVERY

if TYPE_CHECKING:
    from pipelines.declarations.registry import Registry

TerritoryKind = Literal["national", "training"]
Pairs = Iterable[tuple[str, str]]
"""(jurisdiction, instrument), `*` for all, as returned by `Identity.list_pairs()`."""


@dataclass(frozen=True, slots=True)
class Deadline:
    """One expected return of one office and its deadlines.

    It is due by `collection`, questions must be answered by `queries`, and it is published on `release`.
    """

    jurisdiction: str
    territory: str
    instrument: str
    source: str
    freq: Literal["Q", "A"]
    period: str
    collection: date
    queries: date
    release: date

    @property
    def key(self) -> tuple[str, str, str, str, str]:
        """Return the key that identifies the expected return."""
        return self.jurisdiction, self.instrument, self.source, self.freq, self.period


def within_pairs(jurisdiction: str, instrument: str, pairs: Pairs) -> bool:
    """Return True if a pair is covered by `pairs`, where `*` means all."""
    return any(
        jurisdiction_code in (EVERY, jurisdiction) and instrument_code in (EVERY, instrument)
        for jurisdiction_code, instrument_code in pairs
    )


def list_deadlines(
    registry: Registry,
    *,
    jurisdictions: Iterable[str] | None = None,
    pairs: Pairs | None = None,
    today: date | None = None,
    ahead: int = 0,
    kind: TerritoryKind = "national",
) -> list[Deadline]:
    """Return the deadlines of all periods that ended before `today` (default: the clock's day) and of `ahead` more.

    They are in the order of declaration, and of each office oldest period first. `jurisdictions` and `pairs` filter
    them; `kind` selects national or training territories.
    """
    from pipelines.declarations.export import iterate_expected

    places = None if jurisdictions is None else frozenset(jurisdictions)
    scope = None if pairs is None else tuple(pairs)
    due = []
    for territory, entry, period in iterate_expected(registry, today or clock.now().date(), ahead=ahead):
        if territory.kind != kind or (places is not None and entry.jurisdiction not in places):
            continue
        if scope is not None and not within_pairs(entry.jurisdiction, entry.instrument, scope):
            continue
        end = period.end
        collection, queries, release = (end + timedelta(days=days) for days in entry.days)
        due.append(
            Deadline(
                entry.jurisdiction, territory.code, entry.instrument, entry.source, entry.freq, period.code,
                collection, queries, release,
            )
        )  # fmt: skip
    return due


def to_come(due: Iterable[Deadline], today: date) -> list[Deadline]:
    """Return the deadlines that are not entirely past, for a calendar, nearest collection first."""
    open_ones = (d for d in due if max(d.collection, d.queries, d.release) >= today)
    return sorted(open_ones, key=lambda d: (d.collection, d.jurisdiction, d.instrument))
