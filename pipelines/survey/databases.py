"""Open the two databases of the questionnaire, with settings that leave no traces of order.

SQLite only. PostgreSQL keeps the number of the transaction with each row (`xmin`), by which rows of two databases of
one server could be matched.
"""

from __future__ import annotations

import threading
import time
from collections import deque
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any, Generic, TypeVar

import sqlalchemy as sa

from pipelines.core import rights
from pipelines.ledger.database import engine_of, open_read_transaction, open_write_transaction

if TYPE_CHECKING:
    from pipelines.core.home import Home

FOLDER = "survey"
VERSION = 1
"""Layout of both databases, kept in SQLite's `user_version`."""

_CHECKPOINT_ATTEMPTS, _PAUSE_SECONDS = 50, 0.1
Result = TypeVar("Result")


class SurveyDatabaseError(Exception):
    """A database of the questionnaire has a layout that this version does not know. The message says what to do."""


def survey_folder(home: Home) -> Path:
    """Return the folder of the questionnaire in a home; create it for the service only."""
    folder = home.restricted / FOLDER
    rights.make_private_folder(folder)
    return folder


def has_survey(home: Home) -> bool:
    """Return True if a round was ever planned in a home."""
    return (home.restricted / FOLDER).is_dir()


@dataclass(slots=True)
class _Change(Generic[Result]):
    """A change that waits for its transaction, and its outcome once that has been committed."""

    make: Callable[[sa.Connection], Result]
    is_done: bool = False
    result: Result | None = None
    error: BaseException | None = None


class Database:
    """One SQLite file. Writers of this process queue at a lock, which is fairer than SQLite's repeated attempts."""

    def __init__(self, path: Path, metadata: sa.MetaData) -> None:
        self.path = path
        self.engine = engine_of(f"sqlite:///{path}")
        self._writing = threading.Lock()
        self._waiting: deque[_Change[Any]] = deque()
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
        rights.restrict_file(path)

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

    def run_write(self, make: Callable[[sa.Connection], Result]) -> Result:
        """Make a change and return its result once it is on the disk; changes that wait share one transaction.

        The commit waits for the disk, 5 to 50 ms on a shared machine. Without sharing, 200 people who save their pages
        would wait for one another. A change that raises is undone alone; the others are committed.
        """
        change = _Change(make)
        self._waiting.append(change)
        with self._writing:
            if not change.is_done:
                # Only the thread that holds the lock takes changes out, so that none is lost or made twice.
                changes = []
                while self._waiting:
                    changes.append(self._waiting.popleft())
                self._commit_together(changes)
        if change.error is not None:
            raise change.error
        return change.result  # type: ignore[return-value]

    def _commit_together(self, changes: Sequence[_Change[Any]]) -> None:
        try:
            with open_write_transaction(self.engine) as connection:
                for change in changes:
                    try:
                        with connection.begin_nested():
                            change.result = change.make(connection)
                    except sa.exc.OperationalError:
                        raise  # a full or damaged disk concerns all
                    except Exception as error:
                        change.error = error
        except BaseException as error:
            for change in changes:
                change.error = change.error or error
            raise
        finally:
            for change in changes:
                change.is_done = True

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
