"""Ask cheaply whether anything has written to the ledger's database since an earlier look."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

from pipelines.core import file_states
from pipelines.ledger.database import open_read_transaction

if TYPE_CHECKING:
    import sqlalchemy as sa


def read_ledger_state(engine: sa.Engine) -> str | None:
    """Return a text that differs after every write to the database, whether or not the audit log has an entry of it.

    Of SQLite it is the state of the file and its write-ahead log, or None while the last write is too recent for that
    (`file_states.SETTLED_SECONDS`). Of PostgreSQL it is the snapshot of a transaction, which every later commit
    changes, and the start of the server. Other databases have none.
    """
    if engine.dialect.name == "sqlite" and engine.url.database:
        path = Path(engine.url.database)
        return file_states.read_states(path, path.with_name(f"{path.name}-wal")).state
    if engine.dialect.name == "postgresql":
        with open_read_transaction(engine) as connection:
            query = "select pg_current_snapshot()::text || ' ' || pg_postmaster_start_time()::text"
            return str(connection.exec_driver_sql(query).scalar_one())
    return None
