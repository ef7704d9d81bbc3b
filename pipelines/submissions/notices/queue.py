"""The queue of notices, a table in the ledger's database: enqueue, claim and mark notices.

A notice's id is derived from its account and subject, so that two processes enqueue the same notice only once. It is
claimed before it is sent, so that two processes do not send it at the same time. If a process dies between sending and
marking, the notice stays claimed and is sent again after the pause, with the same Message-ID.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any, Literal, get_args

import sqlalchemy as sa

from pipelines.core import clock
from pipelines.ledger.database import open_read_transaction, open_write_transaction
from pipelines.ledger.schema import ACCOUNT, NOTICE
from pipelines.submissions.notices.quiet_hours import is_held_back

Kind = Literal[
    "receipt",
    "to_approve",
    "returned",
    "approved",
    "withdrawn",
    "to_withdraw",
    "reminder",
    "override",
    "account",
    "run_failed",
    "release",
    "quarter",
]
KINDS: tuple[Kind, ...] = get_args(Kind)

PAUSES = tuple(timedelta(minutes=m) for m in (5, 15, 60, 240, 720, 1440, 1440))
"""Pause after each failed attempt. After the last attempt a notice is given up but stays in the list."""
ATTEMPTS = len(PAUSES) + 1
STALE = timedelta(hours=36)
"""Age after which an unsent reminder is dropped, because the next one has the present state."""
_STAMP = len("2026-11-15T09:30:00Z")


@dataclass(frozen=True, slots=True)
class Notice:
    """One notice with the present address of its account. `state` is `sent`, `waiting` or `given_up`."""

    notice_id: str
    account_id: str
    kind: Kind
    content: Mapping[str, Any]
    created_at: str
    sent_at: str | None
    attempts: int
    error: str | None
    name: str
    email: str | None
    language: str
    disabled: bool

    @property
    def state(self) -> Literal["sent", "waiting", "given_up"]:
        if self.sent_at is not None:
            return "sent"
        return "given_up" if self.attempts >= ATTEMPTS else "waiting"


def notice_id(account_id: str, kind: Kind, what: str, day: str) -> str:
    """Return `N` and 15 hex digits, the same for the same account, kind, subject and day."""
    return "N" + hashlib.sha256("\n".join((account_id, kind, what, day)).encode()).hexdigest()[:15]


def enqueue_notice(
    connection: sa.Connection,
    account_id: str,
    kind: Kind,
    content: Mapping[str, Any],
    *,
    what: str | None = None,
    at: datetime | None = None,
) -> str | None:
    """Enqueue a notice in a transaction of `open_write_transaction`. Return its id, or None if it is in the queue.

    `content` holds codes and ids, never a figure, a finding or a comment. `what` distinguishes notices of one kind on
    the same day (default: the content). Raises ValueError for an unknown kind.
    """
    if kind not in KINDS:
        raise ValueError(f"{kind!r} is not a kind of notice; there are {', '.join(KINDS)}")
    stamp = clock.format_timestamp(at or clock.now())
    text = json.dumps(content, ensure_ascii=False, sort_keys=True)
    identity = notice_id(account_id, kind, text if what is None else what, stamp[:10])
    row = {"notice_id": identity, "account_id": account_id, "kind": kind, "content": text}
    new = _insert_function(connection)(NOTICE).values(**row, created_at=stamp, attempts=0).on_conflict_do_nothing()
    entered: str | None = connection.execute(new.returning(NOTICE.c.notice_id)).scalar_one_or_none()
    return entered


def _insert_function(connection: sa.Connection) -> Any:
    from sqlalchemy.dialects import postgresql, sqlite

    return postgresql.insert if connection.dialect.name == "postgresql" else sqlite.insert


def list_notices(engine: sa.Engine, *, account_id: str | None = None, unsent: bool = False) -> list[Notice]:
    """Return notices in the order of creation, optionally of one account or only unsent ones."""
    query = _notice_query().order_by(NOTICE.c.created_at, NOTICE.c.notice_id)
    if account_id is not None:
        query = query.where(NOTICE.c.account_id == account_id)
    if unsent:
        query = query.where(NOTICE.c.sent_at.is_(None))
    with open_read_transaction(engine) as connection:
        return [_as_notice(row) for row in connection.execute(query)]


def of_kind_since(connection: sa.Connection, kind: Kind, since: datetime) -> list[Notice]:
    """Return the notices of one kind created since a given time."""
    query = _notice_query().where(NOTICE.c.kind == kind, NOTICE.c.created_at >= clock.format_timestamp(since))
    return [_as_notice(row) for row in connection.execute(query)]


def find_due(engine: sa.Engine, now: datetime, *, again: bool = False, quiet_hours: str | None = None) -> list[Notice]:
    """Return the notices to send now; with `again`, all unsent ones, including those given up, pausing or held back."""
    waiting = list_notices(engine, unsent=True)
    return [n for n in waiting if again or (_is_due(n, now) and not is_held_back(n.kind, n.content, now, quiet_hours))]


def _is_due(notice: Notice, now: datetime) -> bool:
    if notice.attempts >= ATTEMPTS:
        return False
    if notice.attempts == 0:
        return True
    return now >= clock.parse_time((notice.error or notice.created_at)[:_STAMP]) + PAUSES[notice.attempts - 1]


def is_stale(notice: Notice, now: datetime) -> bool:
    """Return True for a reminder that is too old to send."""
    return notice.kind == "reminder" and now > clock.parse_time(notice.created_at) + STALE


def claim_notice(engine: sa.Engine, notice: Notice, now: datetime) -> bool:
    """Count an attempt; return False if another process was faster. `error` starts with the time of the attempt."""
    with open_write_transaction(engine) as connection:
        result = connection.execute(
            sa.update(NOTICE)
            .where(
                NOTICE.c.notice_id == notice.notice_id,
                NOTICE.c.sent_at.is_(None),
                NOTICE.c.attempts == notice.attempts,
                NOTICE.c.error.is_(None) if notice.error is None else NOTICE.c.error == notice.error,
            )
            .values(attempts=notice.attempts + 1, error=f"{clock.format_timestamp(now)} is being sent")
        )
        return result.rowcount == 1


def mark_sent(engine: sa.Engine, notice: Notice, now: datetime) -> None:
    """Mark a notice as sent."""
    with open_write_transaction(engine) as connection:
        connection.execute(
            sa.update(NOTICE)
            .where(NOTICE.c.notice_id == notice.notice_id)
            .values(sent_at=clock.format_timestamp(now), error=None)
        )


def mark_failed(engine: sa.Engine, notice: Notice, now: datetime, why: str, *, for_good: bool = False) -> None:
    """Record why an attempt failed; with `for_good`, give the notice up."""
    values: dict[str, Any] = {"error": f"{clock.format_timestamp(now)} {' '.join(why.split())[:500]}"}
    if for_good:
        values["attempts"] = ATTEMPTS
    with open_write_transaction(engine) as connection:
        connection.execute(
            sa.update(NOTICE).where(NOTICE.c.notice_id == notice.notice_id, NOTICE.c.sent_at.is_(None)).values(**values)
        )


def _notice_query() -> sa.Select[Any]:
    account = ACCOUNT.c
    return sa.select(NOTICE, account.display_name, account.email, account.language, account.disabled).join(
        ACCOUNT, account.account_id == NOTICE.c.account_id
    )


def _as_notice(row: Any) -> Notice:
    return Notice(
        row.notice_id, row.account_id, row.kind, json.loads(row.content), row.created_at, row.sent_at, row.attempts,
        row.error, row.display_name, row.email, row.language, bool(row.disabled),
    )  # fmt: skip
