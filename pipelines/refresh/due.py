"""When a refresh is due: what happened in the ledger since the last one, and which deadlines have passed."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, timedelta

from pipelines.core import clock
from pipelines.core.home import Home
from pipelines.declarations.export import list_expected_returns
from pipelines.warehouse import build_cache

_GATHERED, _REFRESHED = "gathered-events", "refreshed-events"


@dataclass(frozen=True)
class News:
    """Events of the ledger after a cursor: the territories and quarters they touch, and the last event's number."""

    territories: tuple[str, ...]
    periods: tuple[str, ...]
    last_event: int


def news(home: Home, *, after: int) -> News:
    """Return what happened in the ledger since an event and the last refresh, except what the machine did itself."""
    from pipelines.declarations.registry import load
    from pipelines.ledger import queries
    from pipelines.model.periods import Period
    from pipelines.submissions import ledger

    engine = ledger.open_ledger(home)
    after = max(after, last_refreshed_event(home))
    events = queries.events(engine, after=after)
    last = max((int(event["event_id"]) for event in events), default=after)
    touched = sorted({event["submission_id"] for event in events if event["action"] not in ("publish", "check")})
    if not touched:
        return News((), (), last)
    territories, quarters = set(), set()
    for one in queries.submissions(engine, ids=touched):
        # What has not been read yet may be anybody's.
        territories |= {one.territory} if one.territory else set(load().national().territories)
        quarters |= {
            Period.containing(Period.of(block["period"]).end, "Q").code
            for block in queries.blocks(engine, one.submission_id)
        }
    if not quarters:
        quarters = {Period.containing(clock.now().date(), "Q").code}
    return News(tuple(sorted(territories)), tuple(sorted(quarters)), last)


def mark_gathered(home: Home, last_event: int) -> None:
    """Record the newest event that the gathered tables contain."""
    build_cache.remember(home, _GATHERED, "", {"last_event": last_event})


def mark_refreshed(home: Home) -> None:
    """Record that a draft contains everything gathered, so that no further refresh is asked for it."""
    build_cache.remember(home, _REFRESHED, "", {"last_event": _event_of(home, _GATHERED)})


def last_refreshed_event(home: Home) -> int:
    """Return the newest event of the ledger that a draft contains, 0 before the first."""
    return _event_of(home, _REFRESHED)


def _event_of(home: Home, step: str) -> int:
    return int((build_cache.last(home, step) or {}).get("last_event", 0))


def deadlines(day: date) -> dict[str, str]:
    """Each territory's last deadline in the ninety days before a day, as tags of the run that follows it."""
    from pipelines.declarations.registry import load

    registry = load().national()
    out: dict[str, str] = {}
    for row in list_expected_returns(registry, day):
        if day - timedelta(days=90) <= row["deadline"] <= day:
            tag = f"deadline/{row['territory']}"
            out[tag] = max(out.get(tag, ""), row["deadline"].isoformat())
    return out
