"""Continue the last export of the ledger: find what has changed since, and verify every row that is read for it.

The audit log names each submission whose row, blocks or justifications change, with their digest afterwards, and each
event with its digest. An export is continued only if its files have the bytes that were written, the log has the same
entry where it ended then, and all entries, events and submissions since agree with each other. A ledger that was
restored, exchanged, damaged in these rows or changed without an act is exported from the start.
"""

from __future__ import annotations

import hashlib
import io
import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Final

import sqlalchemy as sa

from pipelines.core import asides
from pipelines.ledger import audit_digests, audit_log, migrations
from pipelines.ledger.schema import AUDIT, EVENT, JUSTIFICATION, SUBMISSION

if TYPE_CHECKING:
    import polars as pl

TABLES: Final = ("submission", "block", "event", "justification")
_NOTE: Final = "exported.json"
_COUNTED: Final = {"submission": SUBMISSION, "event": EVENT, "justification": JUSTIFICATION}
"""Exported tables that have a row for each row of the ledger."""


@dataclass(frozen=True, slots=True)
class EarlierExport:
    """The tables of an earlier export, and the end of the audit log at that moment."""

    frames: Mapping[str, pl.DataFrame]
    head: audit_log.Head

    def find_last_event(self) -> int:
        """Return the number of the newest event, 0 if there is none."""
        events = self.frames["event"]
        return int(events["event_id"][-1]) if events.height else 0


def read_earlier(folder: Path, connection: sa.Connection, columns: Mapping[str, Sequence[str]]) -> EarlierExport | None:
    """Return the last export to a folder, or None if it is damaged, or not of this ledger at an earlier moment.

    `columns` are those that each table must have.
    """
    import polars as pl

    try:
        note = json.loads((folder / _NOTE).read_text(encoding="ascii"))
        (seq, digest), digests, revision = note["head"], note["files"], note["revision"]
        data = {name: (folder / f"{name}.parquet").read_bytes() for name in TABLES}
        if any(hashlib.sha256(data[name]).hexdigest() != digests[name] for name in TABLES):
            return None
    except (FileNotFoundError, ValueError, KeyError, TypeError):
        return None
    if revision != migrations.HEAD or not audit_log.has_entry(connection, (seq, digest)):
        return None
    frames = {name: pl.read_parquet(io.BytesIO(data[name])) for name in TABLES}
    if any(frames[name].columns != list(columns[name]) for name in TABLES):
        return None
    return EarlierExport(frames, (seq, digest))


def find_changed(connection: sa.Connection, earlier: EarlierExport) -> list[str] | None:
    """Return the submissions that have changed since an export, or None if the ledger contradicts its audit log.

    All events since, and the rows, blocks and justifications of these submissions, are compared.
    """
    digests = _read_digests_after(connection, earlier.head)
    if digests is None:
        return None
    events, standing = digests
    rows = connection.execute(sa.select(EVENT).where(EVENT.c.event_id > earlier.find_last_event()))
    if {row.event_id: audit_digests.digest_event(dict(row._mapping)) for row in rows} != events:
        return None
    ids = sorted(standing)
    if ids and audit_digests.digest_submissions(connection, ids) != standing:
        return None
    return ids


def _read_digests_after(
    connection: sa.Connection, head: audit_log.Head
) -> tuple[dict[int, str], dict[str, str]] | None:
    """Return the digests of events and of submissions in the entries after a head; None if the chain is broken.

    A submission has the digest of its newest entry.
    """
    events: dict[int, str] = {}
    standing: dict[str, str] = {}
    seq, previous = head
    for row in connection.execute(sa.select(AUDIT).where(AUDIT.c.seq > seq).order_by(AUDIT.c.seq)):
        seq += 1
        hashed = audit_log.hash_entry(row.seq, row.at, row.actor, row.action, row.subject, row.detail, row.previous)
        if (row.seq, row.previous, row.hash) != (seq, previous, hashed):
            return None
        previous = row.hash
        if not row.action.startswith("submission."):
            continue
        detail = json.loads(row.detail)
        if "standing" not in detail:  # an event that is older than the audit log
            return None
        events[int(detail["event"])] = detail["digest"]
        standing[row.subject] = detail["standing"]
    return events, standing


def has_all_rows(connection: sa.Connection, frames: Mapping[str, pl.DataFrame]) -> bool:
    """Return True if tables to be exported have as many rows as the ledger: none was added or lost without an act."""
    return all(
        connection.execute(sa.select(sa.func.count()).select_from(table)).scalar_one() == frames[name].height
        for name, table in _COUNTED.items()
    )


def write_note(folder: Path, head: audit_log.Head) -> None:
    """Note what a folder has, after it was written. A lost or torn note costs a complete export."""
    digests = {name: hashlib.sha256((folder / f"{name}.parquet").read_bytes()).hexdigest() for name in TABLES}
    note = {"head": list(head), "revision": migrations.HEAD, "files": digests}
    with asides.replace_file(folder / _NOTE) as aside:
        aside.write_text(json.dumps(note), encoding="ascii")
