"""Open the two databases of the questionnaire, with settings that leave no traces of order.

SQLite only. PostgreSQL keeps the number of the transaction with each row (`xmin`), by which rows of two databases of
one server could be matched.
"""

from __future__ import annotations

import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any

import sqlalchemy as sa

from pipelines.ledger.database import engine_of, open_read_transaction, open_write_transaction

if TYPE_CHECKING:
    from pipelines.core.home import Home

FOLDER = "survey"
VERSION = 1
"""Layout of both databases, kept in SQLite's `user_version`."""

_CHECKPOINT_ATTEMPTS, _PAUSE_SECONDS = 50, 0.1


class SurveyDatabaseError(Exception):
    """A database of the questionnaire has a layout that this version does not know. The message says what to do."""


def survey_folder(home: Home) -> Path:
    """Return the folder of the questionnaire in a home; create it for this user only."""
    folder = home.restricted / FOLDER
    folder.mkdir(mode=0o700, parents=True, exist_ok=True)
    return folder


def has_survey(home: Home) -> bool:
    """Return True if a round was ever planned in a home."""
    return (home.restricted / FOLDER).is_dir()


class Database:
    """One SQLite file. Writers of this process queue at a lock, which is fairer than SQLite's repeated attempts."""

    def __init__(self, path: Path, metadata: sa.MetaData) -> None:
        self.path = path
        self.engine = engine_of(f"sqlite:///{path}")
        self._writing = threading.Lock()
        sa.event.listen(self.engine, "connect", _erase_deleted_rows)
        with self.open_write() as connection:
            version = connection.exec_driver_sql("pragma user_version").scalar_one()
            if version not in (0, VERSION):
                raise SurveyDatabaseError(
                    f"{path} has the layout {version}, which this version of rti does not know; use the newer version "
                    "that wrote it"
                )
            metadata.create_all(connection)
            connection.exec_driver_sql(f"pragma user_version = {VERSION}")
        path.chmod(0o600)

    @contextmanager
    def open_read(self) -> Iterator[sa.Connection]:
        """Open a read transaction."""
        with open_read_transaction(self.engine) as connection:
            yield connection

    @contextmanager
    def open_write(self) -> Iterator[sa.Connection]:
        """Open the only write transaction of this process; its commit is on the disk when it ends."""
        with self._writing, open_write_transaction(self.engine) as connection:
            yield connection

    def compact_file(self) -> None:
        """Rewrite the file in the order of its keys and empty its log, which hold the order of past changes."""
        with self._writing, self.engine.connect() as connection:
            raw: Any = connection.connection.dbapi_connection
            raw.execute("vacuum")
            for _ in range(_CHECKPOINT_ATTEMPTS):
                is_busy, _pages, _moved = raw.execute("pragma wal_checkpoint(truncate)").fetchone()
                if not is_busy:
                    return
                time.sleep(_PAUSE_SECONDS)


def _erase_deleted_rows(connection: Any, _record: Any) -> None:
    cursor = connection.cursor()
    cursor.execute("pragma secure_delete = on")
    cursor.close()
