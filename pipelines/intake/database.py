"""Opening the ledger's database, and the two kinds of transaction in it.

Belongs here: the engine, SQLite's settings, migrations on opening, and `reading` / `writing`.
Does not belong here: tables (`schema.py`) and what is written (`ledger.py`).

Writers follow one another (SQLite by `begin immediate`, PostgreSQL by an advisory lock), so that event ids ascend in
the order in which transactions commit: whoever has read up to an id misses nothing that commits later.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any

import sqlalchemy as sa

from pipelines.intake import migrations

if TYPE_CHECKING:
    from pipelines.home import Home

BUSY_TIMEOUT_SECONDS = 30
_BEFORE_THE_AUDIT_LOG = "0001"
_ADVISORY_LOCK = 0x525449  # "RTI"; one writer of the ledger at a time


class LedgerError(Exception):
    """The ledger cannot be opened or does not fit this version. The text says what to do."""


def open_ledger(home: Home) -> sa.Engine:
    """The ledger of a home, its tables made or brought up to date. Raises LedgerError."""
    return open_url(home.ledger_url)


def open_url(url: str) -> sa.Engine:
    """The ledger behind an SQLAlchemy address (`sqlite:///…` or `postgresql+…`), migrated. Raises LedgerError."""
    engine = engine_of(url)
    try:
        if _revision(engine) != migrations.HEAD:
            _migrate(engine)
    except sa.exc.OperationalError as error:
        raise LedgerError(f"the ledger {engine.url!r} cannot be opened: {error.orig}") from error
    return engine


def engine_of(url: str) -> sa.Engine:
    """The engine of an address with our settings, whatever lies behind it."""
    engine = sa.create_engine(url, **_options(url))
    if engine.dialect.name == "sqlite":
        sa.event.listen(engine, "connect", _on_sqlite_connect)
        sa.event.listen(engine, "begin", _on_sqlite_begin)
    return engine


def _options(url: str) -> dict[str, Any]:
    if not url.startswith("sqlite"):
        return {}
    return {"connect_args": {"timeout": BUSY_TIMEOUT_SECONDS}}


def _on_sqlite_connect(connection: Any, _record: Any) -> None:
    # The driver must not begin or commit by itself, or DDL and `begin immediate` would not be in our hands.
    connection.isolation_level = None
    cursor = connection.cursor()
    cursor.execute(f"pragma busy_timeout = {BUSY_TIMEOUT_SECONDS * 1000}")
    cursor.execute("pragma foreign_keys = on")
    cursor.execute("pragma journal_mode = wal")
    cursor.execute("pragma synchronous = full")  # a receipt that was given out survives a power cut
    cursor.close()


def _on_sqlite_begin(connection: sa.Connection) -> None:
    immediate = connection.get_execution_options().get("rti_writing", False)
    connection.exec_driver_sql("begin immediate" if immediate else "begin")


@contextmanager
def reading(engine: sa.Engine) -> Iterator[sa.Connection]:
    """One consistent view of the ledger; nothing is written."""
    with engine.connect() as connection, connection.begin():
        yield connection


@contextmanager
def writing(engine: sa.Engine) -> Iterator[sa.Connection]:
    """One transaction that is alone in writing; all of it is kept, or on an exception nothing."""
    with engine.connect().execution_options(rti_writing=True) as connection, connection.begin():
        if engine.dialect.name == "postgresql":
            connection.exec_driver_sql(f"select pg_advisory_xact_lock({_ADVISORY_LOCK})")
        yield connection


def _revision(engine: sa.Engine) -> str | None:
    with reading(engine) as connection:
        return _revision_in(connection)


def _revision_in(connection: sa.Connection) -> str | None:
    if not sa.inspect(connection).has_table("alembic_version"):
        return None
    return connection.execute(sa.text("select version_num from alembic_version")).scalar_one_or_none()


def _migrate(engine: sa.Engine) -> None:
    """Run the missing revisions in one transaction; two processes that open a new ledger at once do it once."""
    from alembic import command
    from alembic.config import Config
    from alembic.util import CommandError

    from pipelines.intake import standing

    config = Config()
    config.set_main_option("script_location", str(Path(migrations.__file__).parent))
    with writing(engine) as connection:
        found = _revision_in(connection)
        if found == migrations.HEAD:
            return
        config.attributes["connection"] = connection
        try:
            command.upgrade(config, "head")
            if found == _BEFORE_THE_AUDIT_LOG:
                standing.adopt(connection)
        except CommandError as error:
            raise LedgerError(
                f"the ledger is of revision {found}, which this version of rti does not know; "
                "use the newer version that wrote it"
            ) from error
