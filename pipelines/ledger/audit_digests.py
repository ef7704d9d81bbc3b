"""Digests of ledger rows, recorded in the audit log to detect later tampering.

An edit that bypasses the database's triggers changes a row but not its digest in the chain. Columns that change
without an act are left out: failed sign-ins, locks, the time of the last sign-in or of the last use of a token.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from functools import cache
from typing import Any

import sqlalchemy as sa

from pipelines.core import clock
from pipelines.ledger import audit_log
from pipelines.ledger.audit_log import AuditEntry, digest_json
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


def digest_event(row: Mapping[str, Any]) -> str:
    """Return the digest of one event, over all columns."""
    return digest_json([row[c.name] for c in EVENT.columns])


def make_entry(row: Mapping[str, Any], standing: str | None) -> AuditEntry:
    """Return the audit entry of an event. `standing` is the digest of its submission after it, if known."""
    detail: dict[str, Any] = {"event": row["event_id"], "digest": digest_event(row), "state": row["to_state"]}
    if standing is not None:
        detail["standing"] = standing
    return AuditEntry(
        clock.parse_time(row["at"]), row["actor"], f"submission.{row['action']}", row["submission_id"], detail
    )


def adopt_events(connection: sa.Connection) -> int:
    """Record the events of a ledger older than the audit log in their present form; return their number.

    Only changes made after this can be detected.
    """
    events = [dict(row._mapping) for row in connection.execute(sa.select(EVENT).order_by(EVENT.c.event_id))]
    if not events:
        return 0
    standing = digest_submissions(connection)
    last = {row["submission_id"]: row["event_id"] for row in events}
    begun = AuditEntry(clock.now(), SYSTEM, "audit.begin", "ledger", {"events": len(events)})
    entries = [
        make_entry(row, standing[row["submission_id"]] if last[row["submission_id"]] == row["event_id"] else None)
        for row in events
    ]
    audit_log.append_many(connection, [begun, *entries])
    return len(events)


def digest_submissions(connection: sa.Connection, ids: Sequence[str] | None = None) -> Digests:
    """Return, by submission, the digest of its row, its blocks and its justifications."""
    return _digests(
        connection,
        ids,
        (SUBMISSION.columns, SUBMISSION.c.submission_id),
        (BLOCK.columns, BLOCK.c.submission_id),
        (JUSTIFICATION.columns, JUSTIFICATION.c.submission_id),
    )


def digest_accounts(connection: sa.Connection, ids: Sequence[str] | None = None) -> Digests:
    """Return, by account, the digest of its row and its grants."""
    return _digests(
        connection,
        ids,
        (_ACCOUNT, ACCOUNT.c.account_id),
        (ACCOUNT_GRANT.columns, ACCOUNT_GRANT.c.account_id),
    )


def digest_tokens(connection: sa.Connection, ids: Sequence[str] | None = None) -> Digests:
    """Return, by token, the digest of its row."""
    return _digests(connection, ids, (_TOKEN, TOKEN.c.token_id))


def digest_receipts(connection: sa.Connection, ids: Sequence[str] | None = None) -> Digests:
    """Return, by receipt, the digest of its row."""
    return _digests(connection, ids, (RECEIPT.columns, RECEIPT.c.receipt_id))


def digest_facts(connection: sa.Connection, ids: Sequence[str] | None = None) -> Digests:
    """Return, by submission with recorded facts, the digest of its rows in `fact_file`."""
    return _digests(connection, ids, (FACT_FILE.columns, FACT_FILE.c.submission_id))


@cache
def _select_part(columns: tuple[sa.Column[Any], ...], key: sa.Column[Any]) -> sa.Select[Any]:
    return sa.select(*columns, key.label("_id"))


def _digests(
    connection: sa.Connection,
    ids: Sequence[str] | None,
    *parts: tuple[Iterable[sa.Column[Any]], sa.Column[Any]],
) -> Digests:
    """Return one digest per id over its rows in all parts; ids that are not in the first part are ignored.

    Each part is the columns to digest and the column that holds the id.
    """
    rows_by_id: dict[str, list[list[list[Any]]]] = {}
    for position, (columns, key) in enumerate(parts):
        query = _select_part(tuple(columns), key)
        rows = connection.execute(query) if ids is None else in_ids(connection, query, key, ids)
        for row in rows:
            *values, identity = tuple(row)
            if position == 0:
                rows_by_id.setdefault(identity, [[] for _ in parts])
            if identity in rows_by_id:
                rows_by_id[identity][position].append(values)
    # Sort in Python: SQLite and PostgreSQL collate text differently.
    return {
        identity: digest_json([sorted(rows, key=lambda r: [str(v) for v in r]) for rows in parts_of])
        for identity, parts_of in rows_by_id.items()
    }
