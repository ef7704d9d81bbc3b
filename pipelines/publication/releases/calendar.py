"""The release calendar: which release is announced for which minute. It is public.

`public/calendar.json` has one entry for each announced release, with the dates that were announced for it before. It is
written from the audit log (`pipelines/refresh/embargo.py`), which has who announced what, and is read by the pages.
"""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from datetime import datetime
from pathlib import Path

from pipelines.core import clock, durable
from pipelines.core.home import Home


@dataclass(frozen=True, slots=True)
class PlannedRelease:
    """One release in the calendar. `at` is its minute; None if it was cancelled. `earlier` are dates announced before.

    `reason` says why the date was changed or the release cancelled.
    """

    release: str
    at: str | None
    announced_at: str
    reason: str = ""
    earlier: tuple[str, ...] = ()

    @property
    def moment(self) -> datetime | None:
        """Return the minute of the release, or None if it was cancelled."""
        return clock.parse_time(self.at) if self.at is not None else None


def calendar_path(home: Home) -> Path:
    """Return the path of the calendar."""
    return home.public / "calendar.json"


def read_calendar(home: Home) -> list[PlannedRelease]:
    """Return the calendar in the order of its dates, cancelled releases last. Raises DamagedJsonError."""
    path = calendar_path(home)
    if not path.exists():
        return []
    planned = durable.read_shaped_json(
        path, lambda entries: [PlannedRelease(**{**entry, "earlier": tuple(entry["earlier"])}) for entry in entries]
    )
    return sorted(planned, key=lambda entry: (entry.at is None, entry.at or "", entry.release))


def write_calendar(home: Home, planned: Sequence[PlannedRelease]) -> None:
    """Replace the calendar durably; do nothing if it has the same content."""
    text = json.dumps([asdict(entry) for entry in planned], ensure_ascii=False, indent=1) + "\n"
    path = calendar_path(home)
    if not path.exists() or path.read_text(encoding="utf-8") != text:
        durable.write_file(path, text.encode())


def find_planned(home: Home, release: str) -> PlannedRelease | None:
    """Return the entry of a release, or None if no date was announced for it."""
    return next((entry for entry in read_calendar(home) if entry.release == release), None)


def format_minute(moment: datetime) -> str:
    """Return a minute as people read it: `2027-02-15 09:00 UTC`."""
    return f"{moment:%Y-%m-%d %H:%M} UTC"


def find_next_release(home: Home) -> PlannedRelease | None:
    """Return the announced release whose minute comes next, or None if none is announced."""
    now = clock.now()
    coming = (entry for entry in read_calendar(home) if entry.moment is not None and entry.moment > now)
    return next(coming, None)


def find_embargo(home: Home, release: str) -> datetime | None:
    """Return the minute until which a release must not be published, or None if it may be published now."""
    planned = find_planned(home, release)
    moment = planned.moment if planned is not None else None
    return moment if moment is not None and moment > clock.now() else None
