"""Stored bytes of which the ledger knows nothing: found, and removed where somebody asks for it.

A process that was killed between keeping a file and entering it leaves such bytes.  Nobody was told that they are kept:
their sender, who got no answer, sends the file again, and then they are known.  After a day nobody is about to do so.
They stay all the same until a person has them removed, since the same picture comes from a ledger that was restored
from an older backup, and then an office may hold a receipt for them.  Never removed is what a submission or a receipt
of the ledger names; nothing is removed while the ledger is found faulty, or older than one of its checkpoints.
"""

from __future__ import annotations

import json
import re
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import TYPE_CHECKING

import sqlalchemy as sa

from pipelines.core import clock
from pipelines.ledger import audit_log, permissions, verification
from pipelines.ledger.database import reading, writing
from pipelines.ledger.identity import EVERY
from pipelines.ledger.schema import RECEIPT, SUBMISSION
from pipelines.submissions import store
from pipelines.submissions.accounts import accounts

if TYPE_CHECKING:
    from pipelines.core.home import Home

AGE = timedelta(days=1)
"""Younger bytes may be those of a file that is just being handed in."""
_NAME = re.compile(r"[0-9a-f]{64}")


class LedgerNotWholeError(Exception):
    """Nothing is removed, because the ledger may not be the one that knows these bytes. The text says what to do."""


@dataclass(frozen=True, slots=True)
class Unknown:
    """One file of the store that the ledger does not name."""

    sha256: str
    size: int
    stored_at: datetime


def find(home: Home, engine: sa.Engine) -> list[Unknown]:
    """Stored bytes older than a day that no submission and no receipt names, oldest first."""
    with reading(engine) as connection:
        return _found(home, connection)


def remove(home: Home, engine: sa.Engine, *, by: str) -> list[Unknown]:
    """Remove what `find` finds, each entered in the audit log; returns what was removed.

    Raises NotAllowedError for whoever is not steward of everything, LedgerNotWholeError where the ledger is faulty or
    older than a checkpoint of it.
    """
    if not permissions.has_role_for(accounts.identity(engine, by), "remove_unknown_files", EVERY, EVERY):
        (role,) = permissions.roles_for("remove_unknown_files")
        raise permissions.missing_role(by, role, EVERY, EVERY)
    verified = verification.verify_ledger(engine, home=home)
    if verified.faults:
        raise LedgerNotWholeError(
            f"the ledger is damaged ({verified.faults[0].told()}); nothing was removed, see `rti audit verify`"
        )
    # Within the lock of the ledger's one writer: nothing is entered between the look and the removal.
    with writing(engine) as connection:
        gone = [one for one in _found(home, connection) if _taken_away(home, one)]
        for one in gone:
            detail = {"size": one.size, "stored_at": clock.stamp(one.stored_at)}
            audit_log.append(
                connection, at=clock.now(), actor=by, action="store.remove", subject=one.sha256, detail=detail
            )
    return gone


def _found(home: Home, connection: sa.Connection) -> list[Unknown]:
    known = set(connection.execute(sa.select(SUBMISSION.c.sha256)).scalars()) | _receipted(connection)
    # The files' times are the machine's, whatever time the clock was set to for a demonstration.
    now = datetime.fromtimestamp(clock.wall(), UTC)
    out = []
    for path in home.store.glob("[0-9a-f][0-9a-f]/*"):
        if not _NAME.fullmatch(path.name) or path.name in known or path.is_symlink():
            continue
        stat = path.stat()
        stored = datetime.fromtimestamp(stat.st_mtime, UTC)
        if now - stored > AGE:
            out.append(Unknown(path.name, stat.st_size, stored))
    return sorted(out, key=lambda one: (one.stored_at, one.sha256))


def _receipted(connection: sa.Connection) -> set[str]:
    documents: Sequence[str] = connection.execute(sa.select(RECEIPT.c.document)).scalars().all()
    return {json.loads(one)["file"]["sha256"] for one in documents}


def _taken_away(home: Home, one: Unknown) -> bool:
    """Unlink, unless the same bytes come in at this very moment: keeping them again makes them young (`store.put`)."""
    target = store.path_of(home, one.sha256)
    aside: Path = target.with_name(f".{one.sha256}.removed")
    try:
        target.rename(aside)
    except FileNotFoundError:
        return False
    if datetime.fromtimestamp(aside.stat().st_mtime, UTC) != one.stored_at:
        aside.rename(target)
        return False
    aside.unlink()
    return True
