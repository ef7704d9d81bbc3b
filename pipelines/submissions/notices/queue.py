"""The queue of notices, a table of the ledger's database: entering, claiming, marking.

A notice's id is made of whom it is for and what it is about, so that two processes that enter the same thing enter it
once.  Before it is sent it is claimed, so that two processes do not send it at once; a process that dies after
sending and before marking leaves it claimed, and after the pause it is sent again under the same Message-ID.
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
from pipelines.ledger.database import reading, writing
from pipelines.ledger.schema import ACCOUNT, NOTICE

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
]
KINDS: tuple[Kind, ...] = get_args(Kind)

PAUSES = tuple(timedelta(minutes=m) for m in (5, 15, 60, 240, 720, 1440, 1440))
"""After each attempt that failed, how long until the next; after the last one a notice is given up and stays listed."""
ATTEMPTS = len(PAUSES) + 1
STALE = timedelta(hours=36)
"""A reminder that could not be sent for so long is not sent any more: the next one says what is true then."""
_STAMP = len("2026-11-15T09:30:00Z")


@dataclass(frozen=True, slots=True)
class Notice:
    """One notice with its account's address as it is now. `state` is `sent`, `waiting` or `given_up`."""

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
    """`N` and 15 hex digits: the same account, kind, thing and day have the same id."""
    return "N" + hashlib.sha256("\n".join((account_id, kind, what, day)).encode()).hexdigest()[:15]


def enqueue(
    connection: sa.Connection,
    account_id: str,
    kind: Kind,
    content: Mapping[str, Any],
    *,
    what: str | None = None,
    at: datetime | None = None,
) -> str | None:
    """Enter a notice in a transaction that is under way (`writing`). Returns its id, None where it was there before.

    `content` holds codes and ids, never a figure, a finding or a comment. `what` tells it from the others of its kind
    on the same day (default: the content). Raises ValueError for a kind that is none.
    """
    if kind not in KINDS:
        raise ValueError(f"{kind!r} is not a kind of notice; there are {', '.join(KINDS)}")
    stamp = clock.stamp(at or clock.now())
    text = json.dumps(content, ensure_ascii=False, sort_keys=True)
    identity = notice_id(account_id, kind, text if what is None else what, stamp[:10])
    row = {"notice_id": identity, "account_id": account_id, "kind": kind, "content": text}
    new = _insert(connection)(NOTICE).values(**row, created_at=stamp, attempts=0).on_conflict_do_nothing()
    entered: str | None = connection.execute(new.returning(NOTICE.c.notice_id)).scalar_one_or_none()
    return entered


def _insert(connection: sa.Connection) -> Any:
    from sqlalchemy.dialects import postgresql, sqlite

    return postgresql.insert if connection.dialect.name == "postgresql" else sqlite.insert


def listed(engine: sa.Engine, *, account_id: str | None = None, unsent: bool = False) -> list[Notice]:
    """Notices by the time they were entered, all or those of an account, or only those not sent."""
    query = _select().order_by(NOTICE.c.created_at, NOTICE.c.notice_id)
    if account_id is not None:
        query = query.where(NOTICE.c.account_id == account_id)
    if unsent:
        query = query.where(NOTICE.c.sent_at.is_(None))
    with reading(engine) as connection:
        return [_notice(row) for row in connection.execute(query)]


def of_kind_since(connection: sa.Connection, kind: Kind, since: datetime) -> list[Notice]:
    """Notices of one kind entered since a moment."""
    query = _select().where(NOTICE.c.kind == kind, NOTICE.c.created_at >= clock.stamp(since))
    return [_notice(row) for row in connection.execute(query)]


def due(engine: sa.Engine, now: datetime, *, again: bool = False) -> list[Notice]:
    """Notices to be tried now; with `again` all that were not sent, those given up and those that pause too."""
    return [n for n in listed(engine, unsent=True) if again or _is_due(n, now)]


def _is_due(notice: Notice, now: datetime) -> bool:
    if notice.attempts >= ATTEMPTS:
        return False
    if notice.attempts == 0:
        return True
    return now >= clock.parse((notice.error or notice.created_at)[:_STAMP]) + PAUSES[notice.attempts - 1]


def is_stale(notice: Notice, now: datetime) -> bool:
    """Whether a reminder has been overtaken by time."""
    return notice.kind == "reminder" and now > clock.parse(notice.created_at) + STALE


def claim(engine: sa.Engine, notice: Notice, now: datetime) -> bool:
    """Count an attempt; False where another process was faster. The first words of `error` are the attempt's time."""
    with writing(engine) as connection:
        done = connection.execute(
            sa.update(NOTICE)
            .where(
                NOTICE.c.notice_id == notice.notice_id,
                NOTICE.c.sent_at.is_(None),
                NOTICE.c.attempts == notice.attempts,
                NOTICE.c.error.is_(None) if notice.error is None else NOTICE.c.error == notice.error,
            )
            .values(attempts=notice.attempts + 1, error=f"{clock.stamp(now)} is being sent")
        )
        return done.rowcount == 1


def mark_sent(engine: sa.Engine, notice: Notice, now: datetime) -> None:
    """Enter that it has gone out."""
    with writing(engine) as connection:
        connection.execute(
            sa.update(NOTICE).where(NOTICE.c.notice_id == notice.notice_id).values(sent_at=clock.stamp(now), error=None)
        )


def mark_failed(engine: sa.Engine, notice: Notice, now: datetime, why: str, *, for_good: bool = False) -> None:
    """Keep why an attempt failed; `for_good` gives the notice up."""
    values: dict[str, Any] = {"error": f"{clock.stamp(now)} {' '.join(why.split())[:500]}"}
    if for_good:
        values["attempts"] = ATTEMPTS
    with writing(engine) as connection:
        connection.execute(
            sa.update(NOTICE).where(NOTICE.c.notice_id == notice.notice_id, NOTICE.c.sent_at.is_(None)).values(**values)
        )


def _select() -> sa.Select[Any]:
    account = ACCOUNT.c
    return sa.select(NOTICE, account.display_name, account.email, account.language, account.disabled).join(
        ACCOUNT, account.account_id == NOTICE.c.account_id
    )


def _notice(row: Any) -> Notice:
    return Notice(
        row.notice_id, row.account_id, row.kind, json.loads(row.content), row.created_at, row.sent_at, row.attempts,
        row.error, row.display_name, row.email, row.language, bool(row.disabled),
    )  # fmt: skip
