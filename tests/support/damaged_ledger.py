"""Damage the ledger of a home as a failing disk does."""

from __future__ import annotations

import os
import sqlite3
from contextlib import closing

from pipelines.core.home import Home


def overwrite_audit_page(home: Home) -> None:
    """Overwrite the first page of the audit log in the ledger's file."""
    path = home.restricted / "ledger.sqlite"
    with closing(sqlite3.connect(path)) as connection:
        connection.execute("pragma wal_checkpoint(truncate)")
        (size,) = connection.execute("pragma page_size").fetchone()
        (page,) = connection.execute("select rootpage from sqlite_master where name = 'audit'").fetchone()
    content = bytearray(path.read_bytes())
    content[(page - 1) * size : page * size] = os.urandom(size)
    path.write_bytes(content)
