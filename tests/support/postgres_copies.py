"""Copy the rows of a ledger in PostgreSQL to another one, for tests that begin with the same accounts."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import psycopg
import sqlalchemy as sa

from pipelines.ledger.schema import METADATA

_SEQUENCES = "select schemaname || '.' || sequencename, last_value from pg_sequences where last_value is not null"


@dataclass(frozen=True)
class LedgerRows:
    """The rows of each table that has any, in PostgreSQL's own text format, and the last value of each sequence."""

    tables: Mapping[str, bytes]
    sequences: Mapping[str, int]


def read_rows(engine: sa.Engine) -> LedgerRows:
    """Return all rows of a ledger, each table's in the order of its primary key.

    Without an order PostgreSQL returns rows as they lie on disk, so that those written into freed space come first.
    """
    with engine.connect() as connection:
        cursor = _open_cursor(connection)
        tables = {}
        for table in METADATA.sorted_tables:
            order = ", ".join(column.name for column in table.primary_key.columns)
            with cursor.copy(f"copy (select * from {table.name} order by {order}) to stdout") as copy:
                tables[table.name] = b"".join(copy)
        sequences = dict(cursor.execute(_SEQUENCES).fetchall())
    return LedgerRows({name: rows for name, rows in tables.items() if rows}, sequences)


def write_rows(engine: sa.Engine, rows: LedgerRows) -> None:
    """Write rows into an empty ledger."""
    with engine.begin() as connection:
        cursor = _open_cursor(connection)
        for name, content in rows.tables.items():
            with cursor.copy(f"copy {name} from stdin") as copy:
                copy.write(content)
        for name, value in rows.sequences.items():
            cursor.execute("select setval(%s::regclass, %s)", (name, value))


def has_rows(engine: sa.Engine) -> bool:
    """Return True if any table of a ledger has a row."""
    with engine.connect() as connection:
        tests = " or ".join(f"exists (select from {table.name})" for table in METADATA.sorted_tables)
        return bool(connection.exec_driver_sql(f"select {tests}").scalar_one())


def _open_cursor(connection: sa.Connection) -> psycopg.Cursor:
    raw = connection.connection.driver_connection
    assert isinstance(raw, psycopg.Connection)
    return raw.cursor()
