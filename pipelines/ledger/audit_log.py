"""The audit log: who did what when, each entry chained to the one before by its hash.

    hash = SHA-256 of the canonical JSON of [seq, at, actor, action, subject, detail, previous]

`seq` counts from 1, `detail` is text (canonical JSON), `previous` is the hash of the entry before, 64 zeros at first.
An entry is written in the transaction of the act it tells of: neither is kept without the other.  Passwords, tokens
and contents of files never get into a detail.
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

from pipelines.core import clock
from pipelines.ledger.database import reading
from pipelines.ledger.schema import AUDIT

if TYPE_CHECKING:
    from pipelines.core.home import Home

ZEROS = "0" * 64
CHECKPOINTS = "audit-checkpoints.jsonl"

Head = tuple[int, str]
"""(seq, hash) of the last entry; (0, 64 zeros) of an empty log."""


@dataclass(frozen=True, slots=True)
class Entry:
    """One entry yet to be chained. `subject` is what it is about: a submission, an account, a token."""

    at: datetime
    actor: str
    action: str
    subject: str
    detail: Mapping[str, Any] = field(default_factory=dict)


def canonical(content: Any) -> str:
    """JSON in the one form that is hashed: sorted keys, no blanks, letters as they are."""
    return json.dumps(content, ensure_ascii=False, sort_keys=True, separators=(",", ":"))


def digest(content: Any) -> str:
    """SHA-256 of a content's canonical JSON."""
    return hashlib.sha256(canonical(content).encode("utf-8", "surrogatepass")).hexdigest()


def link(seq: int, at: str, actor: str, action: str, subject: str, detail: str, previous: str) -> str:
    """The hash of an entry."""
    return digest([seq, at, actor, action, subject, detail, previous])


def append(
    connection: sa.Connection, *, at: datetime, actor: str, action: str, subject: str, detail: Mapping[str, Any]
) -> Head:
    """Chain one entry, within a transaction of `database.writing`; returns its seq and hash."""
    return append_many(connection, [Entry(at, actor, action, subject, detail)])


def append_many(connection: sa.Connection, entries: Sequence[Entry]) -> Head:
    """Chain entries in their order, in one insert; returns the new head."""
    if not connection.get_execution_options().get("rti_writing", False):
        raise ValueError("the audit log is written in a transaction of database.writing() only")
    seq, previous = head(connection)
    rows = []
    for entry in entries:
        seq += 1
        detail = canonical(dict(entry.detail))
        at = clock.stamp(entry.at)
        hashed = link(seq, at, entry.actor, entry.action, entry.subject, detail, previous)
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


def head(connection: sa.Connection) -> Head:
    """Seq and hash of the last entry."""
    row = connection.execute(sa.select(AUDIT.c.seq, AUDIT.c.hash).order_by(AUDIT.c.seq.desc()).limit(1)).one_or_none()
    return (0, ZEROS) if row is None else (row.seq, row.hash)


def entries(engine: sa.Engine, *, subject: str | None = None, after: int = 0) -> list[dict[str, Any]]:
    """Entries in order, of one subject or of all; `detail` as what its JSON says."""
    query = sa.select(AUDIT).where(AUDIT.c.seq > after).order_by(AUDIT.c.seq)
    if subject is not None:
        query = query.where(AUDIT.c.subject == subject)
    with reading(engine) as connection:
        return [{**row._mapping, "detail": json.loads(row.detail)} for row in connection.execute(query)]


# --------------------------------------------------------------------------------------------------------- checkpoints


def spell(at: Head) -> str:
    """A head as it is written in receipts and on the command line: `seq:hash`."""
    return f"{at[0]}:{at[1]}"


def parse_head(text: str) -> Head:
    """A head as `spell` writes it. Raises ValueError."""
    seq, _, hashed = text.strip().partition(":")
    if not seq.isdecimal() or len(hashed) != 64 or set(hashed) - set("0123456789abcdef"):
        raise ValueError(f"{text!r} is not a head of the audit log, which looks like 12:<64 hex digits>")
    return int(seq), hashed


def checkpoint(home: Home, engine: sa.Engine) -> Head:
    """Write the head beside the database, so that a tail cut off later is found; nothing where it stands there."""
    with reading(engine) as connection:
        at = head(connection)
    known = checkpoints(home)
    if at[0] and (not known or known[-1] != at):
        line = canonical({"at": clock.stamp(clock.now()), "hash": at[1], "seq": at[0]}) + "\n"
        handle = os.open(_path(home), os.O_RDWR | os.O_APPEND | os.O_CREAT, 0o600)
        try:
            _drop_cut_line(handle)
            os.write(handle, line.encode("ascii"))
            os.fsync(handle)
        finally:
            os.close(handle)
    return at


def checkpoints(home: Home) -> list[Head]:
    """The heads of a home's checkpoints, oldest first. A last line that a crash has cut short is left out."""
    path = _path(home)
    if not path.is_file():
        return []
    out = []
    *lines, _cut_short = path.read_text(encoding="utf-8").split("\n")
    for number, line in enumerate(lines, start=1):
        try:
            content = json.loads(line)
            out.append((int(content["seq"]), str(content["hash"])))
        except (ValueError, KeyError, TypeError) as error:
            raise ValueError(f"line {number} of {path} is not a checkpoint; restore the file from a backup") from error
    return out


def _drop_cut_line(handle: int) -> None:
    """End the file at its last whole line: a new line behind one that a crash has cut short would be none."""
    content = os.pread(handle, os.fstat(handle).st_size, 0)
    whole = content.rfind(b"\n") + 1
    if whole != len(content):
        os.ftruncate(handle, whole)


def _path(home: Home) -> Path:
    return home.restricted / CHECKPOINTS
