"""The ledger's database: its engine, the settings for SQLite, and the two kinds of transaction.

Writers are serialised (SQLite by `begin immediate`, PostgreSQL by an advisory lock), so that event ids ascend in the
order of commits: a reader that has read up to an id misses nothing that commits later.
"""

from __future__ import annotations

import os
import stat
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Any

import sqlalchemy as sa

BUSY_TIMEOUT_SECONDS = 30
_RETRY_SECONDS = 0.05
_ADVISORY_LOCK = 0x525449  # "RTI"; one writer of the ledger at a time


class LedgerError(Exception):
    """The ledger cannot be opened or does not match this version. The message says what to do."""


def sqlite_path(url: str) -> Path | None:
    """Return the path of the file in an SQLite URL, or None for any other database."""
    parsed = sa.engine.make_url(url)
    if parsed.get_backend_name() != "sqlite" or not parsed.database or parsed.database == ":memory:":
        return None
    return Path(parsed.database)


def integrity_problems(engine: sa.Engine) -> list[str]:
    """Run SQLite's integrity check of the whole file and return the problems it reports (at most 10).

    Returns nothing for PostgreSQL, which checks its pages itself.
    """
    if engine.dialect.name != "sqlite":
        return []
    try:
        with open_read_transaction(engine) as connection:
            rows = connection.exec_driver_sql("pragma integrity_check(10)").scalars().all()
    except sa.exc.DatabaseError as error:
        return [str(error.orig)]
    return [str(row) for row in rows if row != "ok"]


def engine_of(url: str) -> sa.Engine:
    """Return an engine for a database URL with our settings, without connecting."""
    engine = sa.create_engine(url, **_options(url))
    if engine.dialect.name == "sqlite":
        sa.event.listen(engine, "do_connect", _create_by_umask)
        sa.event.listen(engine, "connect", _on_sqlite_connect)
        sa.event.listen(engine, "begin", begin_on_sqlite)
    return engine


def _options(url: str) -> dict[str, Any]:
    if not url.startswith("sqlite"):
        # Connections that a server ended while it was away are replaced when they are next used.
        return {"pool_pre_ping": True}
    return {"connect_args": {"timeout": BUSY_TIMEOUT_SECONDS}}


def _create_by_umask(_dialect: Any, _record: Any, arguments: Any, parameters: Any) -> None:
    """Create a new file with the rights that the umask leaves. SQLite itself never lets the group write.

    The files of its log get the rights of the database. `mknod` opens nothing: a process that closes a database which
    it has opened by itself loses the locks of all its connections.
    """
    name = arguments[0] if arguments else parameters.get("database", "")
    if sys.platform != "win32" and name not in ("", ":memory:") and not parameters.get("uri"):
        with suppress(OSError):  # it is there; or SQLite finds the same fault, and names it
            os.mknod(name, 0o666 | stat.S_IFREG)


def _on_sqlite_connect(connection: Any, _record: Any) -> None:
    # Stop the driver from beginning and committing itself, so that we control DDL and `begin immediate`.
    connection.isolation_level = None
    cursor = connection.cursor()
    cursor.execute(f"pragma busy_timeout = {BUSY_TIMEOUT_SECONDS * 1000}")
    cursor.execute("pragma foreign_keys = on")
    _enable_wal(cursor)
    cursor.execute("pragma synchronous = full")  # so that a receipt survives a power cut once it was issued
    cursor.close()


def _enable_wal(cursor: Any) -> None:
    """Switch to the write-ahead log, which SQLite refuses at once, whatever the busy timeout, while another opens it.

    Seen where two processes open a new ledger at the same moment on a busy machine.
    """
    import sqlite3

    for _ in range(int(BUSY_TIMEOUT_SECONDS / _RETRY_SECONDS)):
        try:
            cursor.execute("pragma journal_mode = wal")
            return
        except sqlite3.OperationalError as error:
            if "locked" not in str(error):
                raise
            time.sleep(_RETRY_SECONDS)
    cursor.execute("pragma journal_mode = wal")


def begin_on_sqlite(connection: sa.Connection) -> None:
    """Begin an SQLite transaction; one of `open_write_transaction` takes the write lock at once.

    Any other waits for nothing and reads nothing, so that the driver can be asked directly: through SQLAlchemy, this
    statement costs as much as one that reads a row.
    """
    if connection.get_execution_options().get("rti_writing", False):
        connection.exec_driver_sql("begin immediate")
    else:
        connection.connection.cursor().execute("begin")


@contextmanager
def open_read_transaction(engine: sa.Engine) -> Iterator[sa.Connection]:
    """Open a read transaction with one consistent view of the ledger."""
    with engine.connect() as connection, connection.begin():
        yield connection


@contextmanager
def open_write_transaction(engine: sa.Engine) -> Iterator[sa.Connection]:
    """Open the only write transaction; it is committed at the end, or rolled back on an exception."""
    with engine.connect().execution_options(rti_writing=True) as connection, connection.begin():
        if engine.dialect.name == "postgresql":
            connection.exec_driver_sql(f"select pg_advisory_xact_lock({_ADVISORY_LOCK})")
        yield connection
