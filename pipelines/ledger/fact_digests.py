"""Record the digests of the facts of accepted returns at approval, and compare the files with them later.

An approval writes the SHA-256 and size of each facts file to the table `fact_file`, and the digest of these rows to
the audit log, in its own transaction. `find_damage` reads every file again, `find_changes` those that may have changed.
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any, Literal

import sqlalchemy as sa

from pipelines.core import clock, file_states
from pipelines.ledger import audit_digests, audit_log, checked_facts, facts
from pipelines.ledger.audit_log import AuditEntry
from pipelines.ledger.identity import SYSTEM
from pipelines.ledger.queries import in_ids
from pipelines.ledger.schema import AUDIT, EVENT, FACT_FILE, SUBMISSION
from pipelines.ledger.transitions import ACCEPTED

if TYPE_CHECKING:
    from pipelines.core.home import Home

Trouble = Literal["missing", "changed", "added", "unrecorded"]
READING = "reading"
"""Key in a check's payload: the digests of the facts files that the check stored."""


@dataclass(frozen=True, slots=True)
class FactDamage:
    """A facts file that differs from what was recorded when its return was accepted."""

    submission_id: str
    path: Path
    trouble: Trouble


def record_facts(connection: sa.Connection, home: Home, accepted: Sequence[tuple[str, str, datetime]]) -> None:
    """Record the facts files of newly accepted submissions. `accepted` holds (submission, actor, time)."""
    _record(connection, home, accepted, "facts.accept")


def adopt_facts(connection: sa.Connection, home: Home) -> int:
    """Record the present facts of a ledger older than these digests; return the number of returns recorded.

    Earlier changes cannot be detected. Accepted returns whose facts are missing are listed in the first audit entry
    and get no digest.
    """
    query = sa.select(EVENT.c.submission_id).where(EVENT.c.action == "approve").distinct()
    accepted = sorted(connection.execute(query).scalars())
    if not accepted:
        return 0
    now = clock.now()
    present = [i for i in accepted if facts.path_of(home, "observation", i).is_file()]
    detail = {"submissions": len(present), "missing": sorted(set(accepted) - set(present))}
    audit_log.append_many(connection, [AuditEntry(now, SYSTEM, "facts.begin", "ledger", detail)])
    _record(connection, home, [(i, SYSTEM, now) for i in present], "facts.adopt")
    return len(present)


def _record(connection: sa.Connection, home: Home, accepted: Sequence[tuple[str, str, datetime]], action: str) -> None:
    rows = [row for identity, _, _ in accepted for row in _digest_fact_files(home, identity)]
    if not rows:
        return
    connection.execute(sa.insert(FACT_FILE), rows)
    digests = audit_digests.digest_facts(connection, [identity for identity, _, _ in accepted])
    entries = [
        AuditEntry(at, actor, action, identity, {"standing": digests[identity]})
        for identity, actor, at in accepted
        if identity in digests
    ]
    audit_log.append_many(connection, entries)


def _digest_fact_files(home: Home, submission_id: str) -> list[dict[str, Any]]:
    rows = []
    for table in facts.TABLES:
        path = facts.path_of(home, table, submission_id)
        if path.is_file():
            data = path.read_bytes()
            digest = hashlib.sha256(data).hexdigest()
            rows.append({"submission_id": submission_id, "facts_table": table, "sha256": digest, "size": len(data)})
    return rows


def find_damage(connection: sa.Connection, home: Home) -> list[FactDamage]:
    """Compare the facts files of every return that was ever accepted with their recorded size and SHA-256.

    This includes withdrawn and replaced returns, because revisions and earlier states are computed from them.
    """
    return _compare_files(connection, home, None)


def find_changes(connection: sa.Connection, home: Home) -> list[FactDamage]:
    """Do the same as `find_damage`, without reading files that have not been written since an earlier comparison.

    Of the ledger, only submissions are read that have changed since then, or whose files have.
    """
    checked = checked_facts.read_checked(home)
    present = checked_facts.list_files((table, home.facts / table) for table in facts.TABLES)
    head = audit_log.read_head(connection)
    touched = None
    if checked is not None and audit_log.has_entry(connection, checked.head):
        touched = checked_facts.find_touched(checked, present) | _list_changed(connection, checked.head)
        if not touched and checked.head == head:
            return []
    damage = _compare_files(connection, home, touched)
    new = present.keys() - checked.lines if checked is not None else present.keys()
    again = {checked_facts.name_submission(line) for line in new if not file_states.is_settled(present[line])}
    again |= {item.submission_id for item in damage}
    lines = frozenset(line for line in present if not again or checked_facts.name_submission(line) not in again)
    checked_facts.write_checked(home, checked_facts.CheckedFacts(head, lines, frozenset(again)))
    return damage


def _list_changed(connection: sa.Connection, head: audit_log.Head) -> set[str]:
    """Return the submissions that entries of the audit log after a head name."""
    is_named = sa.or_(AUDIT.c.action.like("submission.%"), AUDIT.c.action.like("facts.%"))
    return set(connection.execute(sa.select(AUDIT.c.subject).where(AUDIT.c.seq > head[0], is_named)).scalars())


def _compare_files(connection: sa.Connection, home: Home, only: set[str] | None) -> list[FactDamage]:
    """Return the damage of the files of every return that was ever accepted, or of some submissions only."""
    rows_query = sa.select(FACT_FILE.c.submission_id, FACT_FILE.c.facts_table, FACT_FILE.c.sha256, FACT_FILE.c.size)
    accepted_query = sa.select(SUBMISSION.c.submission_id).where(SUBMISSION.c.state.in_(ACCEPTED))
    recorded: dict[str, dict[str, Any]] = {}
    for row in _limit_rows(connection, rows_query, FACT_FILE.c.submission_id, only):
        recorded.setdefault(row.submission_id, {})[row.facts_table] = row
    accepted = {row.submission_id for row in _limit_rows(connection, accepted_query, SUBMISSION.c.submission_id, only)}
    damage = []
    for identity in sorted({*recorded, *accepted}):
        rows = recorded.get(identity, {})
        for table in facts.TABLES:
            fact_file, path = rows.get(table), facts.path_of(home, table, identity)
            if fact_file is None and (rows or table != "observation") and not path.exists():
                continue
            trouble = _compare_fact_file(path, fact_file, is_needed=table == "observation", has_rows=bool(rows))
            if trouble is not None:
                damage.append(FactDamage(identity, path, trouble))
    return damage


def _limit_rows(
    connection: sa.Connection, query: sa.Select[Any], column: sa.ColumnElement[Any], only: set[str] | None
) -> Iterable[sa.Row[Any]]:
    return connection.execute(query) if only is None else in_ids(connection, query, column, sorted(only))


def _compare_fact_file(path: Path, row: Any, *, is_needed: bool, has_rows: bool) -> Trouble | None:
    try:
        data = path.read_bytes()
    except FileNotFoundError:
        return "missing" if row is not None or (is_needed and not has_rows) else None
    if row is None:
        return "added" if has_rows else "unrecorded" if is_needed else None
    is_same = len(data) == row.size and hashlib.sha256(data).hexdigest() == row.sha256
    return None if is_same else "changed"


# ------------------------------------------------------------------------------------------------- readings that wait


def changed_readings(connection: sa.Connection, home: Home, submission_ids: Sequence[str]) -> set[str]:
    """Return the submissions whose waiting facts files differ from those that their newest check stored.

    Checks by earlier versions recorded no digests, so their submissions are never returned.
    """
    query = (
        sa.select(EVENT.c.submission_id, EVENT.c.payload).where(EVENT.c.action == "check").order_by(EVENT.c.event_id)
    )
    newest: dict[str, Mapping[str, str]] = {}
    for row in in_ids(connection, query, EVENT.c.submission_id, submission_ids):
        if row.payload and READING in row.payload:
            newest[row.submission_id] = row.payload[READING]
    return {
        i
        for i, digests in newest.items()
        if (present_digests := reading_digests(home, i)) and digests != present_digests
    }


def reading_digests(home: Home, submission_id: str) -> dict[str, str]:
    """Return the SHA-256 of each waiting facts file of a submission, by table."""
    paths = {table: facts.waiting_path(home, table, submission_id) for table in facts.TABLES}
    return {table: hashlib.sha256(path.read_bytes()).hexdigest() for table, path in paths.items() if path.is_file()}
