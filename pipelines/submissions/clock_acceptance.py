"""Declare the clock right after it was ahead, which resolves a `ClockSetBackError` that setting the clock cannot."""

from __future__ import annotations

from collections.abc import Iterable
from typing import TYPE_CHECKING

from pipelines.core import clock
from pipelines.core.i18n import mark
from pipelines.ledger import audit_log, clock_guard
from pipelines.ledger.database import open_write_transaction
from pipelines.submissions import changes
from pipelines.submissions.accounts import accounts
from pipelines.submissions.head_steward import require_head_steward

if TYPE_CHECKING:
    import sqlalchemy as sa


def accept_clock(engine: sa.Engine, *, actor: str, reason: str, dates: Iterable[str] = ()) -> str:
    """Record in the audit log that the clock is right, and that later times in earlier entries are wrong.

    `dates` are the times of releases. Entries and releases keep their times. Returns the newest time that is declared
    wrong. Raises NotAllowedError unless the actor is a steward for everything, and ClockSetBackError (a
    TransitionError) if no time is ahead of the clock.
    """
    changes.refuse_words(reason)
    with open_write_transaction(engine) as connection:
        require_head_steward(accounts.select_identities(connection, [actor]).get(actor), actor, "accept_clock")
        now = clock.now()
        newest = max([clock_guard.newest_entry_at(connection) or "", *dates])
        if newest <= clock.format_timestamp(now):
            raise clock_guard.ClockSetBackError(
                mark("The clock says {now}, and nothing recorded is later: there is nothing to accept."),
                now=clock.format_timestamp(now),
            )
        audit_log.append_entry(
            connection,
            at=now,
            actor=actor,
            action=clock_guard.ACCEPT,
            subject="ledger",
            detail={"newest": newest, "reason": reason.strip()},
        )
    return newest
