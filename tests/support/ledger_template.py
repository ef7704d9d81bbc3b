"""Create new ledgers in tests from one that was migrated (SQLite), or from one that has its accounts already."""

from __future__ import annotations

import sqlite3
from collections.abc import Callable, Sequence
from contextlib import closing

import sqlalchemy as sa

from pipelines.core.home import Home
from pipelines.ledger import migrations, opening
from pipelines.ledger.database import open_write_transaction, sqlite_path
from tests.support.postgres_copies import LedgerRows, has_rows, read_rows, write_rows

Migrate = Callable[[sa.Engine, Home | None], None]
_TRANSACTION = ("BEGIN TRANSACTION;", "COMMIT;")


class LedgerTemplate:
    """Replacement for `opening._migrate`: 5 ms for each new SQLite ledger, where the migrations take 35.

    The statements come from the first new ledger of the process, which the real function migrates. Older ledgers and
    other databases always go to the real function.
    """

    def __init__(self, migrate: Migrate) -> None:
        self._migrate = migrate
        self._statements: Sequence[str] = ()

    def __call__(self, engine: sa.Engine, home: Home | None) -> None:
        """Bring the ledger to the newest revision."""
        if engine.dialect.name != "sqlite" or not self._create(engine):
            self._migrate(engine, home)
            if engine.dialect.name == "sqlite" and not self._statements:
                self._statements = dump_statements(engine)

    def _create(self, engine: sa.Engine) -> bool:
        """Create the tables of an empty database. Return False without a template, or if the database is not empty."""
        if not self._statements:
            return False
        with open_write_transaction(engine) as connection:
            if connection.exec_driver_sql("select count(*) from sqlite_master").scalar():
                return False
            for statement in self._statements:
                connection.exec_driver_sql(statement)
        return True


def dump_statements(engine: sa.Engine) -> Sequence[str]:
    """Return the statements that create the tables and rows of a SQLite database; empty unless it is new."""
    with engine.connect() as connection:
        tables = set(sa.inspect(connection).get_table_names())
        revision = connection.exec_driver_sql("select version_num from alembic_version").scalar()
        rows = sum(
            connection.exec_driver_sql(f'select count(*) from "{table}"').scalar_one()
            for table in tables - {"alembic_version"}
        )
        raw = connection.connection.driver_connection
        if revision != migrations.HEAD or rows or not isinstance(raw, sqlite3.Connection):
            return ()
        return tuple(statement for statement in raw.iterdump() if statement not in _TRANSACTION)


Prepare = Callable[[sa.Engine], None]
_PREPARED: dict[Prepare, bytes] = {}
"""Pages of a SQLite ledger, by the function that prepared it."""
_PREPARED_ROWS: dict[Prepare, LedgerRows] = {}
"""Rows of a ledger in PostgreSQL, by the function that prepared it."""


def open_prepared_ledger(home: Home, prepare: Prepare) -> sa.Engine:
    """Open the ledger of a new home with what `prepare` writes into it.

    Each further ledger of the process that the same function prepares is a copy of the first of its database, unless
    the migrations are under test.
    """
    path = sqlite_path(home.ledger_url)
    if not isinstance(opening._migrate, LedgerTemplate) or (path is not None and path.exists()):
        engine = opening.open_ledger(home)
        prepare(engine)
        return engine
    if path is None:
        return _open_prepared_postgres(home, prepare)
    if prepare in _PREPARED:
        path.write_bytes(_PREPARED[prepare])
        return opening.open_ledger(home)
    engine = opening.open_ledger(home)
    prepare(engine)
    _PREPARED[prepare] = _dump_pages(engine)
    return engine


def _open_prepared_postgres(home: Home, prepare: Prepare) -> sa.Engine:
    engine = opening.open_ledger(home)
    if has_rows(engine):
        prepare(engine)
    elif prepare in _PREPARED_ROWS:
        write_rows(engine, _PREPARED_ROWS[prepare])
    else:
        prepare(engine)
        _PREPARED_ROWS[prepare] = read_rows(engine)
    return engine


def _dump_pages(engine: sa.Engine) -> bytes:
    """Return a copy of a SQLite database as the bytes of a file."""
    with engine.connect() as connection, closing(sqlite3.connect(":memory:")) as memory:
        raw = connection.connection.driver_connection
        assert isinstance(raw, sqlite3.Connection)
        connection.rollback()
        raw.backup(memory)
        return memory.serialize()
