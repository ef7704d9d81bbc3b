"""Record in the ledger that a release was published, or that an earlier one is current again."""

from __future__ import annotations

import json
from collections.abc import Iterable
from datetime import datetime

import sqlalchemy as sa

from pipelines.core import clock
from pipelines.ledger import audit_log
from pipelines.ledger.identity import SYSTEM
from pipelines.ledger.schema import AUDIT
from pipelines.ledger.transitions import ACCEPTED
from pipelines.submissions.changes import Book, Change, apply_changes, open_book, seal_book
from pipelines.submissions.head_steward import require_head_steward

RELEASE_PUBLISHED = "release.publish"
RELEASE_ROLLED_BACK = "release.rollback"
"""Actions of the entries of the audit log whose subject is a release."""


def record_publication(
    engine: sa.Engine, submission_ids: Iterable[str], release: str, at: datetime | None = None
) -> int:
    """Record a release and mark the accepted returns as part of it, in one transaction; return their number.

    A second call for the same release does nothing and returns 0. Raises ClockSetBackError.
    """
    ids = list(submission_ids)
    moment = at or clock.now()
    with open_book(engine, ids, ()) as book:
        if _is_entered(book, RELEASE_PUBLISHED, release):
            return 0
        accepted = [i for i in ids if i in book.known and book.known[i].state in ACCEPTED]
        refused = apply_changes(
            book, [Change(i, "publish", SYSTEM, moment, payload={"release": release}) for i in accepted]
        )
        marked = len(accepted) - len(refused)
        seal_book(book)
        audit_log.append_entry(
            book.connection,
            at=moment,
            actor=SYSTEM,
            action=RELEASE_PUBLISHED,
            subject=release,
            detail={"returns": marked},
        )
    return marked


def record_rollback(
    engine: sa.Engine, release: str, previous: str | None, *, number: int, actor: str, reason: str, at: datetime
) -> None:
    """Record that an earlier release is current again. `number` is its line in the journal, recorded once.

    Raises ClockSetBackError, and NotAllowedError unless the actor is a steward for everything.
    """
    with open_book(engine, (), [actor]) as book:
        require_head_steward(book.people.get(actor), actor, "roll_back")
        if _is_entered(book, RELEASE_ROLLED_BACK, release, number):
            return
        audit_log.append_entry(
            book.connection,
            at=at,
            actor=actor,
            action=RELEASE_ROLLED_BACK,
            subject=release,
            detail={"previous": previous, "reason": reason, "number": number},
        )


def _is_entered(book: Book, action: str, release: str, number: int | None = None) -> bool:
    query = sa.select(AUDIT.c.detail).where(AUDIT.c.action == action, AUDIT.c.subject == release)
    details = [json.loads(detail) for detail in book.connection.execute(query).scalars()]
    return any(number is None or detail["number"] == number for detail in details)
