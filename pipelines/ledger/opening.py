"""Open the ledger of a home: create it, migrate it, refuse a lost one, and read it from a full or read-only disk."""

from __future__ import annotations

from contextlib import closing, suppress
from pathlib import Path
from typing import TYPE_CHECKING

import sqlalchemy as sa

from pipelines.core.home import has_ledger_mark, mark_ledger
from pipelines.ledger import audit_digests, fact_digests, migrations
from pipelines.ledger.database import LedgerError, begin_on_sqlite, engine_of, reading, sqlite_path, writing

if TYPE_CHECKING:
    from pipelines.core.home import Home

_BEFORE_THE_AUDIT_LOG = ("0001",)
_BEFORE_FACT_DIGESTS = ("0001", "0002", "0003")


class LedgerMissingError(LedgerError):
    """The home had a ledger and it is not there any more. Nothing is created in its place."""


def open_ledger(home: Home) -> sa.Engine:
    """Open the ledger of a home; create its tables in a new home, migrate an older ledger.

    Raises LedgerMissingError where the home had a ledger and it is gone or empty, LedgerError where it cannot be
    opened.
    """
    return open_url(home.ledger_url, home)


def open_url(url: str, home: Home | None = None) -> sa.Engine:
    """Open the ledger at an SQLAlchemy address (`sqlite:///…` or `postgresql+…`), migrated.

    With `home`, a lost ledger is refused, and facts accepted before their digests were kept are recorded as they are
    found. Raises LedgerMissingError, LedgerError.
    """
    # Asked before the database is looked at: another process may be creating the first ledger of a new home.
    is_known = home is not None and has_ledger_mark(home)
    had_ledger = home is not None and (is_known or _has_traces(home))
    path = sqlite_path(url)
    if home is not None and had_ledger and path is not None and (not path.exists() or path.stat().st_size == 0):
        raise _missing(home, str(path))
    engine = engine_of(url)
    try:
        revision = _revision(engine)
        if home is not None and had_ledger and revision is None:
            raise _missing(home, repr(engine.url))
        if revision != migrations.HEAD:
            _migrate(engine, home)
    except sa.exc.DatabaseError as error:
        raise LedgerError(f"the ledger {engine.url!r} cannot be opened: {error.orig}") from error
    if home is not None and not is_known:
        # A home made by an earlier version on a disk that takes no writes is marked at a later opening.
        with suppress(OSError):
            mark_ledger(home)
    return engine


def open_ledger_to_read(home: Home) -> sa.Engine:
    """Open the ledger of a home for a command that only reads, also on a disk that is full or read-only.

    Where SQLite cannot open it in the usual way, the engine holds a copy in memory and refuses writes.
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
        revision = _revision(engine)
        if revision != migrations.HEAD:
            raise LedgerError(
                f"the ledger {path} is of revision {revision} and must be brought to {migrations.HEAD} before it can "
                "be read; free the disk or make it writable, and run the command again"
            ) from error
        return engine


def _missing(home: Home, where: str) -> LedgerMissingError:
    return LedgerMissingError(
        f"the ledger of {home.root} is gone: {where} is missing or empty, and this home had one. Returns, decisions "
        "and accounts are recorded nowhere else, so no empty ledger is made in its place; restore it from a backup"
    )


def _has_traces(home: Home) -> bool:
    """Return True if the home holds anything that is only written once there is a ledger."""
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
    """Load a SQLite file and its write-ahead log into memory, as an engine that only reads. Raises LedgerError."""
    import sqlite3
    import tempfile

    wal = path.with_name(f"{path.name}-wal")
    for folder in (None, "/dev/shm"):  # the second is memory, for a temporary folder that is on the full disk
        try:
            with tempfile.TemporaryDirectory(dir=folder) as aside:
                copy = Path(aside) / path.name
                # A checkpoint between the two copies changes pages that the log holds too; a restarted log does not
                # agree with the file, so the copy counts only if the log stayed as it was.
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


def _revision(engine: sa.Engine) -> str | None:
    with reading(engine) as connection:
        return _revision_in(connection)


def _revision_in(connection: sa.Connection) -> str | None:
    if not sa.inspect(connection).has_table("alembic_version"):
        return None
    return connection.execute(sa.text("select version_num from alembic_version")).scalar_one_or_none()


def _migrate(engine: sa.Engine, home: Home | None) -> None:
    """Run the missing revisions in one transaction; two processes that open a new ledger at once do it once."""
    from alembic import command
    from alembic.config import Config
    from alembic.util import CommandError

    config = Config()
    config.set_main_option("script_location", str(Path(migrations.__file__).parent))
    with writing(engine) as connection:
        found = _revision_in(connection)
        if found == migrations.HEAD:
            return
        config.attributes["connection"] = connection
        try:
            command.upgrade(config, "head")
            if found in _BEFORE_THE_AUDIT_LOG:
                audit_digests.adopt(connection)
            if found in _BEFORE_FACT_DIGESTS and home is not None:
                fact_digests.adopt(connection, home)
        except CommandError as error:
            raise LedgerError(
                f"the ledger is of revision {found}, which this version of rti does not know; "
                "use the newer version that wrote it"
            ) from error
