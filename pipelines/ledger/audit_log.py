"""The audit log: who did what and when, each entry chained to the previous one by its hash.

    hash = SHA-256 of the canonical JSON of [seq, at, actor, action, subject, detail, previous]

`seq` counts from 1, `detail` is text (canonical JSON), `previous` is the hash of the previous entry, or 64 zeros for
the first. An entry is written in the same transaction as the act it records, so that neither exists without the
other. A detail never contains passwords, tokens or file contents.
"""

from __future__ import annotations

import hashlib
import json
import os
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any

import sqlalchemy as sa

from pipelines.core import clock, rights
from pipelines.ledger.database import open_read_transaction
from pipelines.ledger.schema import AUDIT

if TYPE_CHECKING:
    from pipelines.core.home import Home

ZEROS = "0" * 64
CHECKPOINTS = "audit-checkpoints.jsonl"

Head = tuple[int, str]
"""(seq, hash) of the last entry; (0, 64 zeros) for an empty log."""


@dataclass(frozen=True, slots=True)
class AuditEntry:
    """One entry that is not chained yet. `subject` is the id of the submission, account or token it concerns."""

    at: datetime
    actor: str
    action: str
    subject: str
    detail: Mapping[str, Any] = field(default_factory=dict)


def to_canonical_json(content: Any) -> str:
    """Return the canonical JSON that is hashed: sorted keys, no blanks, non-ASCII letters unescaped."""
    return json.dumps(content, ensure_ascii=False, sort_keys=True, separators=(",", ":"))


def digest_json(content: Any) -> str:
    """Return the SHA-256 of the canonical JSON of `content`."""
    return hashlib.sha256(to_canonical_json(content).encode("utf-8", "surrogatepass")).hexdigest()


def hash_entry(seq: int, at: str, actor: str, action: str, subject: str, detail: str, previous: str) -> str:
    """Return the hash of an entry."""
    return digest_json([seq, at, actor, action, subject, detail, previous])


def append_entry(
    connection: sa.Connection, *, at: datetime, actor: str, action: str, subject: str, detail: Mapping[str, Any]
) -> Head:
    """Append one entry in a transaction of `database.open_write_transaction` and return its seq and hash."""
    return append_many(connection, [AuditEntry(at, actor, action, subject, detail)])


def append_many(connection: sa.Connection, entries: Sequence[AuditEntry]) -> Head:
    """Append entries in order, in one insert, and return the new head.

    Raises ValueError outside a transaction of `database.open_write_transaction`.
    """
    if not connection.get_execution_options().get("rti_writing", False):
        raise ValueError("the audit log is written in a transaction of database.open_write_transaction() only")
    seq, previous = read_head(connection)
    rows = []
    for entry in entries:
        seq += 1
        detail = to_canonical_json(dict(entry.detail))
        at = clock.format_timestamp(entry.at)
        hashed = hash_entry(seq, at, entry.actor, entry.action, entry.subject, detail, previous)
        rows.append(
            {
                "seq": seq,
                "at": at,
                "actor": entry.actor,
                "action": entry.action,
                "subject": entry.subject,
                "detail": detail,
                "previous": previous,
                "hash": hashed,
            }
        )
        previous = hashed
    if rows:
        connection.execute(sa.insert(AUDIT), rows)
    return seq, previous


_HEAD = sa.select(AUDIT.c.seq, AUDIT.c.hash).order_by(AUDIT.c.seq.desc()).limit(1)


def read_head(connection: sa.Connection) -> Head:
    """Return seq and hash of the last entry."""
    row = connection.execute(_HEAD).one_or_none()
    return (0, ZEROS) if row is None else (row.seq, row.hash)


def has_entry(connection: sa.Connection, head: Head) -> bool:
    """Return True if the log has this entry. Its hash covers all acts before it. Every log has the empty head."""
    if head == (0, ZEROS):
        return True
    entry = connection.execute(sa.select(AUDIT.c.hash).where(AUDIT.c.seq == head[0])).scalar_one_or_none()
    return entry == head[1]


def list_entries(engine: sa.Engine, *, subject: str | None = None, after: int = 0) -> list[dict[str, Any]]:
    """Return entries in order, of one subject or of all, with `detail` parsed from JSON."""
    query = sa.select(AUDIT).where(AUDIT.c.seq > after).order_by(AUDIT.c.seq)
    if subject is not None:
        query = query.where(AUDIT.c.subject == subject)
    with open_read_transaction(engine) as connection:
        return [{**row._mapping, "detail": json.loads(row.detail)} for row in connection.execute(query)]


# --------------------------------------------------------------------------------------------------------- checkpoints


def format_head(at: Head) -> str:
    """Return a head as text for receipts and the command line: `seq:hash`."""
    return f"{at[0]}:{at[1]}"


def parse_head(text: str) -> Head:
    """Parse a head in the format of `spell`. Raises ValueError."""
    seq, _, hashed = text.strip().partition(":")
    if not seq.isdecimal() or len(hashed) != 64 or set(hashed) - set("0123456789abcdef"):
        raise ValueError(f"{text!r} is not a head of the audit log, which looks like 12:<64 hex digits>")
    return int(seq), hashed


def write_checkpoint(home: Home, engine: sa.Engine) -> Head:
    """Append the head to the checkpoint file outside the database, unless it is already the last one there.

    Verification then detects entries that were cut off the end of the log.
    """
    with open_read_transaction(engine) as connection:
        at = read_head(connection)
    previous_heads = read_checkpoints(home)
    if at[0] and (not previous_heads or previous_heads[-1] != at):
        line = to_canonical_json({"at": clock.format_timestamp(clock.now()), "hash": at[1], "seq": at[0]}) + "\n"
        private = rights.choose_private_mode(home.restricted)
        handle = os.open(_path(home), os.O_RDWR | os.O_APPEND | os.O_CREAT, private)
        try:
            _drop_cut_line(handle)
            os.write(handle, line.encode("ascii"))
            os.fsync(handle)
        finally:
            os.close(handle)
    return at


def read_checkpoints(home: Home) -> list[Head]:
    """Return the heads in a home's checkpoint file, oldest first.

    A last line that a crash cut short is ignored. Raises ValueError for any other malformed line.
    """
    path = _path(home)
    if not path.is_file():
        return []
    heads = []
    *lines, _cut_short = path.read_text(encoding="utf-8").split("\n")
    for number, line in enumerate(lines, start=1):
        try:
            content = json.loads(line)
            heads.append((int(content["seq"]), str(content["hash"])))
        except (ValueError, KeyError, TypeError) as error:
            raise ValueError(f"line {number} of {path} is not a checkpoint; restore the file from a backup") from error
    return heads


def _drop_cut_line(handle: int) -> None:
    """Truncate the file after its last complete line, or a new line would be appended to one that a crash cut short."""
    os.lseek(handle, 0, os.SEEK_SET)
    content = os.read(handle, os.fstat(handle).st_size)
    whole = content.rfind(b"\n") + 1
    if whole != len(content):
        os.ftruncate(handle, whole)


def _path(home: Home) -> Path:
    return home.restricted / CHECKPOINTS
