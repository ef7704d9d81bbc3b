"""What an entry of the audit log vouches for: the digest of the rows as they stood when it was written.

An edit behind the database's triggers changes a row and not its digest in the chain.  Left out is what changes without
an act: failed sign-ins, locks, when somebody signed in or a token was used.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from typing import Any

import sqlalchemy as sa

from pipelines.core import clock
from pipelines.ledger import audit_log
from pipelines.ledger.audit_log import Entry, digest
from pipelines.ledger.identity import SYSTEM
from pipelines.ledger.queries import in_ids
from pipelines.ledger.schema import (
    ACCOUNT,
    ACCOUNT_GRANT,
    BLOCK,
    EVENT,
    FACT_FILE,
    JUSTIFICATION,
    RECEIPT,
    SUBMISSION,
    TOKEN,
)

Digests = dict[str, str]

_ACCOUNT = tuple(c for c in ACCOUNT.columns if c.name not in ("failed", "locked_until", "signed_in_at"))
_TOKEN = tuple(c for c in TOKEN.columns if c.name != "used_at")


def event(row: Mapping[str, Any]) -> str:
    """The digest of one event: every column."""
    return digest([row[c.name] for c in EVENT.columns])


def entry(row: Mapping[str, Any], stand: str | None) -> Entry:
    """The entry that vouches for an event and, where it is told, for how its submission stands after it."""
    detail: dict[str, Any] = {"event": row["event_id"], "digest": event(row), "state": row["to_state"]}
    if stand is not None:
        detail["standing"] = stand
    return Entry(clock.parse(row["at"]), row["actor"], f"submission.{row['action']}", row["submission_id"], detail)


def adopt(connection: sa.Connection) -> int:
    """Chain the events of a ledger that is older than the audit log, as they stand today; returns how many.

    What was changed before can not be told; from here on it can.
    """
    events = [dict(row._mapping) for row in connection.execute(sa.select(EVENT).order_by(EVENT.c.event_id))]
    if not events:
        return 0
    stand = submissions(connection)
    last = {row["submission_id"]: row["event_id"] for row in events}
    begun = Entry(clock.now(), SYSTEM, "audit.begin", "ledger", {"events": len(events)})
    entries = [
        entry(row, stand[row["submission_id"]] if last[row["submission_id"]] == row["event_id"] else None)
        for row in events
    ]
    audit_log.append_many(connection, [begun, *entries])
    return len(events)


def submissions(connection: sa.Connection, ids: Sequence[str] | None = None) -> Digests:
    """Of each submission (all, or some) the digest of its row, its blocks and its justifications."""
    return _digests(
        connection,
        ids,
        (SUBMISSION.columns, SUBMISSION.c.submission_id),
        (BLOCK.columns, BLOCK.c.submission_id),
        (JUSTIFICATION.columns, JUSTIFICATION.c.submission_id),
    )


def accounts(connection: sa.Connection, ids: Sequence[str] | None = None) -> Digests:
    """Of each account the digest of its row and its grants."""
    return _digests(
        connection,
        ids,
        (_ACCOUNT, ACCOUNT.c.account_id),
        (ACCOUNT_GRANT.columns, ACCOUNT_GRANT.c.account_id),
    )


def tokens(connection: sa.Connection, ids: Sequence[str] | None = None) -> Digests:
    """Of each token the digest of its row."""
    return _digests(connection, ids, (_TOKEN, TOKEN.c.token_id))


def receipts(connection: sa.Connection, ids: Sequence[str] | None = None) -> Digests:
    """Of each receipt the digest of its row."""
    return _digests(connection, ids, (RECEIPT.columns, RECEIPT.c.receipt_id))


def facts(connection: sa.Connection, ids: Sequence[str] | None = None) -> Digests:
    """Return, for each submission with recorded facts, the digest of its rows in `fact_file`."""
    return _digests(connection, ids, (FACT_FILE.columns, FACT_FILE.c.submission_id))


def _digests(
    connection: sa.Connection,
    ids: Sequence[str] | None,
    *parts: tuple[Iterable[sa.Column[Any]], sa.Column[Any]],
) -> Digests:
    """One digest an id, over the rows of each part; the first part says which ids there are."""
    found: dict[str, list[list[list[Any]]]] = {}
    for position, (columns, key) in enumerate(parts):
        query = sa.select(*columns, key.label("_id"))
        rows = connection.execute(query) if ids is None else in_ids(connection, query, key, ids)
        for row in rows:
            *values, identity = row
            if position == 0:
                found.setdefault(identity, [[] for _ in parts])
            if identity in found:
                found[identity][position].append(values)
    # Databases sort texts by their own rules; here the order is that of the canonical JSON of the rows.
    return {
        identity: digest([sorted(rows, key=lambda r: [str(v) for v in r]) for rows in parts_of])
        for identity, parts_of in found.items()
    }
