"""Publish the approved release when its announced minute comes, within a process that runs all the time."""

from __future__ import annotations

import time
from collections.abc import Callable

from pipelines.core.home import Home
from pipelines.refresh import embargo
from pipelines.runs.release_watch import publish_due_or_report

_PAUSE_AFTER_ERROR = 60.0
"""Seconds until the next attempt after one that failed."""


class ReleaseClock:
    """Checks whether a publication is due each time it is asked; tests pass their own `monotonic` clock."""

    def __init__(
        self, home: Home, *, report: Callable[[str], None], monotonic: Callable[[], float] = time.monotonic
    ) -> None:
        self._home = home
        self._report = report
        self._monotonic = monotonic
        self._next_attempt = 0.0

    def check_release(self) -> str | None:
        """Publish the approved release if its minute has come; return it, or None. An error is reported, not raised."""
        from pipelines.ledger.clock_guard import ClockSetBackError
        from pipelines.ledger.database import LedgerError
        from pipelines.publication.releases.errors import ReleaseError
        from pipelines.refresh.integrity import IntegrityError

        if not embargo.approval_path(self._home).exists() or self._monotonic() < self._next_attempt:
            return None
        messages: list[str] = []
        try:
            release = publish_due_or_report(self._home, log=messages.append)
        except (ReleaseError, IntegrityError, ClockSetBackError, LedgerError, OSError, ValueError) as error:
            release, messages = None, [f"the approved release is not published yet: {error}"]
        if messages and release is None:
            self._next_attempt = self._monotonic() + _PAUSE_AFTER_ERROR
        for message in messages:
            self._report(message)
        return release
