"""Deadlines: the three days of each expected return, counted from the end of its period.

A deadline is the day itself, to its end in UTC, be it a Sunday or a holiday: nothing is shifted, since an office's
working days are nobody's to guess.
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
"""(jurisdiction, instrument), `*` for every one, as `Identity.pairs()` gives them."""


@dataclass(frozen=True, slots=True)
class Deadline:
    """One expected return of one office and its days: in by `collection`, questions answered by `queries`, out on
    `release`."""

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
        """What tells it from every other."""
        return self.jurisdiction, self.instrument, self.source, self.freq, self.period


def within_pairs(jurisdiction: str, instrument: str, pairs: Pairs) -> bool:
    """Whether a pair is among some pairs, of which `*` stands for every one."""
    return any(place in (EVERY, jurisdiction) and what in (EVERY, instrument) for place, what in pairs)


def deadlines(
    registry: Registry,
    *,
    jurisdictions: Iterable[str] | None = None,
    pairs: Pairs | None = None,
    today: date | None = None,
    ahead: int = 0,
    kind: TerritoryKind = "national",
) -> list[Deadline]:
    """Deadlines of every expected return of a period ended before `today` (default: the clock's day), and of `ahead`
    periods after it; in the order of declaration, an office's oldest period first.

    `jurisdictions` and `pairs` choose among them; training territories are asked for by `kind`.
    """
    from pipelines.declarations.export import expected

    places = None if jurisdictions is None else frozenset(jurisdictions)
    scope = None if pairs is None else tuple(pairs)
    out = []
    for territory, entry, period in expected(registry, today or clock.now().date(), ahead=ahead):
        if territory.kind != kind or (places is not None and entry.jurisdiction not in places):
            continue
        if scope is not None and not within_pairs(entry.jurisdiction, entry.instrument, scope):
            continue
        collection, queries, release = (period.end + timedelta(days=days) for days in entry.days)
        out.append(
            Deadline(
                entry.jurisdiction, territory.code, entry.instrument, entry.source, entry.freq, period.code,
                collection, queries, release,
            )
        )  # fmt: skip
    return out


def to_come(found: Iterable[Deadline], today: date) -> list[Deadline]:
    """Deadlines of which a day is still to come, the nearest collection first: what a calendar is asked for."""
    return sorted((d for d in found if d.release >= today), key=lambda d: (d.collection, d.jurisdiction, d.instrument))
