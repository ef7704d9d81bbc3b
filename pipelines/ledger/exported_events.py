"""Keep the events of the last export of the ledger, so that the next export reads only newer ones.

The database forbids changing and deleting events. Kept events are used only if their file has the bytes that were
written, the ledger has as many events up to the last of them, and its audit log has the same entry where it ended then.
The hash of this entry covers every act before it, so a ledger that was restored or exchanged is read from the start.
"""

from __future__ import annotations

import hashlib
import io
import json
import os
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

import sqlalchemy as sa

from pipelines.ledger import audit_log
from pipelines.ledger.schema import AUDIT, EVENT

if TYPE_CHECKING:
    import polars as pl

_FILE, _NOTE = "event.parquet", "event.json"


@dataclass(frozen=True, slots=True)
class ExportedEvents:
    """Events as they were exported, and the end of the audit log at that moment."""

    frame: pl.DataFrame
    head: audit_log.Head

    def find_last(self) -> int:
        """Return the number of the newest event, 0 if there is none."""
        return int(self.frame["event_id"][-1]) if self.frame.height else 0


def read_exported(folder: Path, connection: sa.Connection, columns: list[str]) -> ExportedEvents | None:
    """Return the events of the last export to a folder, or None if they are not the first events of this ledger."""
    import polars as pl

    try:
        note = json.loads((folder / _NOTE).read_text(encoding="ascii"))
        data = (folder / _FILE).read_bytes()
        seq, digest = note["head"]
    except (FileNotFoundError, ValueError, KeyError, TypeError):
        return None
    if hashlib.sha256(data).hexdigest() != note.get("sha256"):
        return None
    exported = ExportedEvents(pl.read_parquet(io.BytesIO(data)), (seq, digest))
    entry = connection.execute(sa.select(AUDIT.c.hash).where(AUDIT.c.seq == seq)).scalar_one_or_none()
    up_to_last = sa.select(sa.func.count()).select_from(EVENT).where(EVENT.c.event_id <= exported.find_last())
    is_same_ledger = entry == digest and connection.execute(up_to_last).scalar_one() == exported.frame.height
    return exported if is_same_ledger and exported.frame.columns == columns else None


def write_note(folder: Path, head: audit_log.Head) -> None:
    """Note which events a folder has, after they were written. A lost or torn note costs a complete reading."""
    note = {"sha256": hashlib.sha256((folder / _FILE).read_bytes()).hexdigest(), "head": list(head)}
    temporary = folder / f".{_NOTE}.{os.getpid()}.new"
    temporary.write_text(json.dumps(note), encoding="ascii")
    temporary.replace(folder / _NOTE)
