"""Find stored files that are not in the ledger, and remove them on request.

A process that is killed between storing a file and recording it leaves such a file. Its sender got no answer and sends
it again, so that it becomes known; after a day that is unlikely. Still, only a person removes such files, because a
ledger restored from an older backup looks the same, and then an office may have a receipt for them. Files that a
submission or receipt in the ledger names are never removed, and nothing is removed while the ledger is faulty or older
than one of its checkpoints.
"""

from __future__ import annotations

import json
import re
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING

import sqlalchemy as sa

from pipelines.core import clock
from pipelines.core.file_store import StoredFile
from pipelines.ledger import audit_log, permissions, verification
from pipelines.ledger.database import open_read_transaction, open_write_transaction
from pipelines.ledger.identity import EVERY
from pipelines.ledger.schema import RECEIPT, SUBMISSION
from pipelines.submissions import store
from pipelines.submissions.accounts import accounts

if TYPE_CHECKING:
    from pipelines.core.home import Home

AGE = timedelta(days=1)
"""Minimum age: younger files may belong to an upload in progress."""
_NAME = re.compile(r"[0-9a-f]{64}")


class LedgerNotWholeError(Exception):
    """Nothing is removed, because another version of the ledger may have these files. The message says what to do."""


@dataclass(frozen=True, slots=True)
class UnknownFile:
    """One file of the store that the ledger does not name."""

    sha256: str
    size: int
    stored_at: datetime


def find_unknown_files(home: Home, engine: sa.Engine) -> list[UnknownFile]:
    """Return stored files older than a day that no submission or receipt names, oldest first."""
    with open_read_transaction(engine) as connection:
        return _find_unknown(home, connection)


def remove_unknown_files(home: Home, engine: sa.Engine, *, by: str) -> list[UnknownFile]:
    """Remove the files that `find_unknown_files` returns, record each in the audit log, and return those removed.

    Raises NotAllowedError unless `by` is a steward for everything, LedgerNotWholeError if the ledger is faulty or
    older than one of its checkpoints.
    """
    if not permissions.has_role_for(accounts.get_identity(engine, by), "remove_unknown_files", EVERY, EVERY):
        (role,) = permissions.roles_for("remove_unknown_files")
        raise permissions.missing_role(by, role, EVERY, EVERY)
    verified = verification.verify_ledger(engine, home=home)
    if verified.faults:
        raise LedgerNotWholeError(
            f"the ledger is damaged ({verified.faults[0].localize_message()}); "
            "nothing was removed, see `rti audit verify`"
        )
    files = home.landing_files
    # Hold the ledger's write lock, so that nothing is recorded between the search and the removal.
    with open_write_transaction(engine) as connection:
        removed = [file for file in _find_unknown(home, connection) if files.remove_unless_renewed(_as_stored(file))]
        for file in removed:
            detail = {"size": file.size, "stored_at": clock.format_timestamp(file.stored_at)}
            audit_log.append_entry(
                connection, at=clock.now(), actor=by, action="store.remove", subject=file.sha256, detail=detail
            )
    return removed


def _find_unknown(home: Home, connection: sa.Connection) -> list[UnknownFile]:
    known_digests = set(connection.execute(sa.select(SUBMISSION.c.sha256)).scalars()) | _digests_in_receipts(connection)
    # File times are those of the machine, even if `clock` is set to another time for a demonstration.
    now = datetime.fromtimestamp(clock.read_wall_clock(), UTC)
    files = []
    for file in store.list_stored(home):
        sha256 = file.name.rpartition("/")[2]
        if _NAME.fullmatch(sha256) and sha256 not in known_digests and now - file.changed_at > AGE:
            files.append(UnknownFile(sha256, file.size, file.changed_at))
    return sorted(files, key=lambda file: (file.stored_at, file.sha256))


def _digests_in_receipts(connection: sa.Connection) -> set[str]:
    documents: Sequence[str] = connection.execute(sa.select(RECEIPT.c.document)).scalars().all()
    return {json.loads(document)["file"]["sha256"] for document in documents}


def _as_stored(file: UnknownFile) -> StoredFile:
    return StoredFile(store.name_of(file.sha256), file.size, file.stored_at)
