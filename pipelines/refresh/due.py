"""Find out whether a refresh is due: new events in the ledger since the last one, and deadlines that have passed."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, timedelta
from typing import TYPE_CHECKING

from pipelines.core.home import Home
from pipelines.declarations.export import list_expected_returns
from pipelines.model.periods import Period
from pipelines.refresh.quarters import find_quarters
from pipelines.warehouse import build_cache

if TYPE_CHECKING:
    import sqlalchemy as sa

_GATHERED, _REFRESHED = "gathered-events", "refreshed-events"


@dataclass(frozen=True)
class News:
    """New events in the ledger: the territories and quarters they concern, and the number of the last event.

    `quarters` is empty if the events may concern any quarter.
    """

    territories: tuple[str, ...]
    quarters: tuple[Period, ...]
    last_event: int


def find_news(home: Home, *, after: int, engine: sa.Engine | None = None, only_counted: bool = False) -> News:
    """Return the new events since event `after` and the last refresh, except publications and checks by the program.

    `engine` is the home's ledger if it is open already. `only_counted` leaves out all that changes no figure of a
    release: arrivals and drafts, returns that are sent, and what becomes of them unless they are accepted.
    """
    from pipelines.declarations.registry import load
    from pipelines.ledger import queries
    from pipelines.ledger.opening import open_ledger

    engine = engine or open_ledger(home)
    after = max(after, last_refreshed_event(home))
    events = queries.list_events(engine, after=after)
    last = max((int(event["event_id"]) for event in events), default=after)
    touched = sorted({event["submission_id"] for event in events if event["action"] not in ("publish", "check")})
    if not touched:
        return News((), (), last)
    if only_counted:
        submissions = queries.list_submissions(engine, ids=touched)
        decided = {event["submission_id"] for event in events if event["action"] in ("approve", "withdraw")}
        touched = sorted(s.submission_id for s in submissions if s.submission_id in decided and s.accepted_at)
    territories = set()
    for submission in queries.list_submissions(engine, ids=touched):
        # A file that has not been read yet has no territory and no period and may belong to any of them.
        territories |= {submission.territory} if submission.territory else set(load().without_training().territories)
    known_quarters = find_quarters(engine, touched)
    quarters = set().union(*known_quarters.values()) if known_quarters.keys() == set(touched) else set()
    return News(tuple(sorted(territories)), tuple(sorted(quarters)), last)


def mark_gathered(home: Home, last_event: int) -> None:
    """Record the newest event that the gathered tables contain."""
    build_cache.store_outcome(home, _GATHERED, "", {"last_event": last_event})


def mark_refreshed(home: Home) -> None:
    """Record that a draft contains everything gathered, so that those events do not request another refresh."""
    build_cache.store_outcome(home, _REFRESHED, "", {"last_event": _event_of(home, _GATHERED)})


def last_refreshed_event(home: Home) -> int:
    """Return the newest event of the ledger that a draft contains, 0 before the first."""
    return _event_of(home, _REFRESHED)


def _event_of(home: Home, step: str) -> int:
    return int((build_cache.find_last_outcome(home, step) or {}).get("last_event", 0))


def list_passed_deadlines(day: date) -> dict[str, str]:
    """Return the last deadline of each territory in the 90 days up to a day, as tags for the run that follows it."""
    from pipelines.declarations.registry import load

    registry = load().without_training()
    tags: dict[str, str] = {}
    for row in list_expected_returns(registry, day):
        if day - timedelta(days=90) <= row["deadline"] <= day:
            tag = f"deadline/{row['territory']}"
            tags[tag] = max(tags.get(tag, ""), row["deadline"].isoformat())
    return tags
