"""Record acts on releases in the audit log, and read them: announced, approved, signed off, published, rolled back.

An entry has the release as its subject. The newest entry of a kind counts; nothing is ever changed or removed.
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping, Sequence
from datetime import datetime
from typing import Any

import sqlalchemy as sa

from pipelines.core import clock
from pipelines.ledger import audit_log
from pipelines.ledger.database import open_read_transaction
from pipelines.ledger.identity import EVERY, SYSTEM
from pipelines.ledger.permissions import Act, has_role_in, missing_role, roles_for
from pipelines.ledger.schema import AUDIT
from pipelines.ledger.transitions import ACCEPTED
from pipelines.submissions.changes import Book, SubmissionChange, apply_changes, open_book, seal_book
from pipelines.submissions.head_steward import require_head_steward
from pipelines.submissions.notices.releases import enqueue_release_notices

RELEASE_PUBLISHED = "release.publish"
RELEASE_ROLLED_BACK = "release.rollback"
RELEASE_SCHEDULED = "release.schedule"
RELEASE_APPROVED = "release.approve"
APPROVAL_WITHDRAWN = "release.withdraw_approval"
CORRECTION_NOTICED = "release.notice"
SIGNED_OFF = "release.sign_off"
CHECK_EXPLAINED = "release.explain"
CHECKLIST_OVERRIDDEN = "release.override"
PREVIEW_GRANTED = "release.preview"
PREVIEW_ENDED = "release.end_preview"
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
            book, [SubmissionChange(i, "publish", SYSTEM, moment, payload={"release": release}) for i in accepted]
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
        enqueue_release_notices(book.connection, release, "published", moment)
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
        enqueue_release_notices(book.connection, release, "rolled_back", at)


def record_act(
    engine: sa.Engine,
    act: Act,
    action: str,
    release: str,
    *,
    actor: str,
    detail: Mapping[str, Any],
    jurisdictions: Sequence[str] = (),
) -> None:
    """Append one act on a release to the audit log.

    The actor needs the role for everything, or with `jurisdictions` for one of them. Raises ClockSetBackError,
    NotAllowedError.
    """
    with open_book(engine, (), [actor]) as book:
        who = book.people.get(actor)
        if not jurisdictions:
            require_head_steward(who, actor, act)
        elif who is None or not has_role_in(who, act, jurisdictions):
            raise missing_role(actor, roles_for(act)[0], jurisdictions[0], EVERY)
        now = clock.now()
        audit_log.append_entry(book.connection, at=now, actor=actor, action=action, subject=release, detail=detail)
        if action == CORRECTION_NOTICED:
            enqueue_release_notices(book.connection, release, "corrected", now)


def record_unattended(engine: sa.Engine, action: str, release: str, detail: Mapping[str, Any]) -> None:
    """Append an act of the machine on a release to the audit log. Raises ClockSetBackError."""
    with open_book(engine, (), ()) as book:
        audit_log.append_entry(
            book.connection, at=clock.now(), actor=SYSTEM, action=action, subject=release, detail=detail
        )


def read_acts(engine: sa.Engine, *actions: str, release: str | None = None) -> list[dict[str, Any]]:
    """Return the entries of some actions on all releases or on one, oldest first, with `detail` as a dict."""
    query = sa.select(AUDIT).where(AUDIT.c.action.in_(actions)).order_by(AUDIT.c.seq)
    if release is not None:
        query = query.where(AUDIT.c.subject == release)
    with open_read_transaction(engine) as connection:
        return [{**row._mapping, "detail": json.loads(row.detail)} for row in connection.execute(query)]


def _is_entered(book: Book, action: str, release: str, number: int | None = None) -> bool:
    query = sa.select(AUDIT.c.detail).where(AUDIT.c.action == action, AUDIT.c.subject == release)
    details = [json.loads(detail) for detail in book.connection.execute(query).scalars()]
    return any(number is None or detail["number"] == number for detail in details)
