"""Create, migrate and open the ledger of a home, also on a full or read-only disk; refuse to replace a lost one."""

from __future__ import annotations

from contextlib import closing, suppress
from pathlib import Path
from typing import TYPE_CHECKING

import sqlalchemy as sa

from pipelines.core.home import has_ledger_mark, mark_ledger
from pipelines.core.storage_faults import disk_fault
from pipelines.ledger import audit_digests, fact_digests, migrations
from pipelines.ledger.database import (
    LedgerError,
    begin_on_sqlite,
    engine_of,
    open_read_transaction,
    open_write_transaction,
    sqlite_path,
)

if TYPE_CHECKING:
    from pipelines.core.home import Home

_BEFORE_THE_AUDIT_LOG = ("0001",)
_BEFORE_FACT_DIGESTS = ("0001", "0002", "0003")


class LedgerMissingError(LedgerError):
    """The home had a ledger that is now missing or empty. No new one is created."""


def open_ledger(home: Home) -> sa.Engine:
    """Open the ledger of a home; create its tables in a new home, migrate an older ledger.

    Raises LedgerMissingError if the home had a ledger and it is missing or empty, LedgerError if it cannot be opened.
    """
    return open_url(home.ledger_url, home)


def open_url(url: str, home: Home | None = None) -> sa.Engine:
    """Open and migrate the ledger at an SQLAlchemy URL (`sqlite:///…` or `postgresql+…`).

    With `home`, a lost ledger is refused, and facts that were accepted before digests existed are recorded as they
    are now. Raises LedgerMissingError, LedgerError.
    """
    # Check this before the database: another process may be creating the first ledger of a new home.
    is_known = home is not None and has_ledger_mark(home)
    had_ledger = home is not None and (is_known or _has_ledger_traces(home))
    path = sqlite_path(url)
    if home is not None and had_ledger and path is not None and (not path.exists() or path.stat().st_size == 0):
        raise _missing_ledger_error(home, str(path))
    engine = engine_of(url)
    try:
        revision = _read_revision(engine)
        if home is not None and had_ledger and revision is None:
            raise _missing_ledger_error(home, repr(engine.url))
        if revision != migrations.HEAD:
            _migrate(engine, home)
    except sa.exc.DatabaseError as error:
        raise LedgerError(f"the ledger {engine.url!r} cannot be opened: {error.orig}") from error
    if home is not None and not is_known:
        # A home of an earlier version on a read-only disk is marked the next time it is opened on a writable one.
        with suppress(OSError):
            mark_ledger(home)
    return engine


def open_ledger_to_read(home: Home) -> sa.Engine:
    """Open the ledger of a home for a command that only reads, even on a disk that is full or read-only.

    If SQLite cannot open the file normally, the engine holds a copy in memory and refuses writes.
    Raises LedgerMissingError, LedgerError.
    """
    try:
        return open_ledger(home)
    except LedgerMissingError:
        raise
    except LedgerError as error:
        path = sqlite_path(home.ledger_url)
        if path is None or not isinstance(error.__cause__, sa.exc.OperationalError) or not path.is_file():
            raise
        engine = _copy_in_memory(path)
        revision = _read_revision(engine)
        if revision != migrations.HEAD:
            raise LedgerError(
                f"the ledger {path} is of revision {revision} and must be brought to {migrations.HEAD} before it can "
                "be read; free the disk or make it writable, and run the command again"
            ) from error
        return engine


def read_ledger_revision(home: Home) -> str | None:
    """Return the revision of a home's ledger without creating or migrating it; None if there never was a ledger.

    Raises LedgerMissingError if the ledger is lost, LedgerError if it cannot be read.
    """
    url = home.ledger_url
    had_ledger = has_ledger_mark(home) or _has_ledger_traces(home)
    path = sqlite_path(url)
    if path is not None and (not path.exists() or path.stat().st_size == 0):
        if had_ledger:
            raise _missing_ledger_error(home, str(path))
        return None
    engine = engine_of(url)
    try:
        revision = _read_revision(engine)
    except sa.exc.OperationalError as error:
        if path is None or disk_fault(path.parent) is None:
            raise LedgerError(f"the ledger {engine.url!r} cannot be opened: {error.orig}") from error
        engine = _copy_in_memory(path)
        revision = _read_revision(engine)
    except sa.exc.DatabaseError as error:
        raise LedgerError(f"the ledger {engine.url!r} cannot be opened: {error.orig}") from error
    finally:
        engine.dispose()
    if revision is None and had_ledger:
        raise _missing_ledger_error(home, repr(engine.url))
    return revision


def _missing_ledger_error(home: Home, where: str) -> LedgerMissingError:
    return LedgerMissingError(
        f"the ledger of {home.root} is gone: {where} is missing or empty, and this home had one. Returns, decisions "
        "and accounts are recorded nowhere else, so no empty ledger is made in its place; restore it from a backup"
    )


def _has_ledger_traces(home: Home) -> bool:
    """Return True if the home holds files that are only written once a ledger exists."""
    files = (
        home.restricted / "audit-checkpoints.jsonl",
        home.restricted / "keys" / "receipt-current",
        home.public / "publications.jsonl",
    )
    if any(path.exists() for path in files):
        return True
    folders = ((home.facts / "observation", "S*.parquet"), (home.store, "[0-9a-f][0-9a-f]/*"))
    return any(next(folder.glob(pattern), None) is not None for folder, pattern in folders)


def _copy_in_memory(path: Path) -> sa.Engine:
    """Load an SQLite file and its write-ahead log into memory and return a read-only engine. Raises LedgerError."""
    import sqlite3
    import tempfile

    wal = path.with_name(f"{path.name}-wal")
    # /dev/shm is memory, in case the temporary folder is on the full disk; the file gets a name of its own there.
    for folder in (None, "/dev/shm"):  # noqa: S108
        try:
            with tempfile.TemporaryDirectory(dir=folder) as temporary_folder:
                copy = Path(temporary_folder) / path.name
                # A checkpoint between the two copies moves pages from the log into the file, and a restarted log no
                # longer matches the file. So accept the copy only if the log did not change in between.
                before = wal.read_bytes() if wal.exists() else b""
                copy.write_bytes(path.read_bytes())
                copy.with_name(wal.name).write_bytes(before)
                if before != (wal.read_bytes() if wal.exists() else b""):
                    raise LedgerError(f"the ledger {path} is being written; run the command again")
                return _engine_in_memory(copy)
        except (OSError, sqlite3.OperationalError):
            continue
    raise LedgerError(f"the ledger {path} cannot be opened, and there is no space for a copy of it; free some space")


def _engine_in_memory(path: Path) -> sa.Engine:
    import sqlite3

    memory = sqlite3.connect(":memory:", check_same_thread=False, isolation_level=None)
    with closing(sqlite3.connect(path)) as source:
        source.backup(memory)
    memory.execute("pragma query_only = on")
    engine = sa.create_engine("sqlite://", creator=lambda: memory, poolclass=sa.pool.StaticPool)
    sa.event.listen(engine, "begin", begin_on_sqlite)
    return engine


def _read_revision(engine: sa.Engine) -> str | None:
    with open_read_transaction(engine) as connection:
        return _select_revision(connection)


def _select_revision(connection: sa.Connection) -> str | None:
    if not sa.inspect(connection).has_table("alembic_version"):
        return None
    return connection.execute(sa.text("select version_num from alembic_version")).scalar_one_or_none()


def _migrate(engine: sa.Engine, home: Home | None) -> None:
    """Run the missing revisions in one transaction, and only once if two processes open a new ledger at the same time.

    Raises LedgerError if the ledger has a revision that this version does not know.
    """
    from alembic import command
    from alembic.config import Config
    from alembic.util import CommandError

    config = Config()
    config.set_main_option("script_location", str(Path(migrations.__file__).parent))
    with open_write_transaction(engine) as connection:
        revision = _select_revision(connection)
        if revision == migrations.HEAD:
            return
        config.attributes["connection"] = connection
        try:
            command.upgrade(config, "head")
            if revision in _BEFORE_THE_AUDIT_LOG:
                audit_digests.adopt_events(connection)
            if revision in _BEFORE_FACT_DIGESTS and home is not None:
                fact_digests.adopt_facts(connection, home)
        except CommandError as error:
            raise LedgerError(
                f"the ledger is of revision {revision}, which this version of rti does not know; "
                "use the newer version that wrote it"
            ) from error
