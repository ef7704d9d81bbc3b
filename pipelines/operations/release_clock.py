"""Publish the approved release when its announced minute comes, within a process that runs all the time."""

from __future__ import annotations

from pipelines.operations.home_task import HomeTask
from pipelines.refresh import embargo
from pipelines.runs.release_watch import publish_due_or_report

_PAUSE_AFTER_ERROR = 60.0
"""Seconds until the next attempt after one that failed."""


class ReleaseClock(HomeTask):
    """Checks whether a publication is due each time it is asked."""

    def check_release(self) -> str | None:
        """Publish the approved release if its minute has come; return it, or None. An error is reported, not raised."""
        from pipelines.ledger.clock_guard import ClockSetBackError
        from pipelines.ledger.database import LedgerError
        from pipelines.publication.releases.errors import ReleaseError
        from pipelines.refresh.integrity import IntegrityError

        if not embargo.approval_path(self._home).exists() or not self._is_due():
            return None
        messages: list[str] = []
        try:
            release = publish_due_or_report(self._home, log=messages.append)
        except (ReleaseError, IntegrityError, ClockSetBackError, LedgerError, OSError, ValueError) as error:
            release, messages = None, [f"the approved release is not published yet: {error}"]
        if messages and release is None:
            self._wait(_PAUSE_AFTER_ERROR)
        for message in messages:
            self._report(message)
        return release
