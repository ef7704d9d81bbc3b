"""Compile each SQL statement once for all ledgers of a test process, not once for each engine."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import pytest
import sqlalchemy as sa
from sqlalchemy.dialects.postgresql.psycopg import PGDialect_psycopg
from sqlalchemy.dialects.sqlite.pysqlite import SQLiteDialect_pysqlite

from pipelines.ledger import database


@contextmanager
def share_compiled_statements() -> Iterator[None]:
    """Let all engines of ledgers take compiled statements from one cache while the block runs.

    SQLAlchemy has the cache in the engine, and the dialect object in its keys. Here dialects of one class are equal:
    all engines of a process are made with the same options, and all PostgreSQL databases belong to one server.
    Compiling took a fifth of the processor time of tests that make a ledger each.
    """
    cache: sa.util.LRUCache[Any, Any] = sa.util.LRUCache(2000)
    list_options = database._options

    def list_options_with_cache(url: str) -> dict[str, Any]:
        return {**list_options(url), "execution_options": {"compiled_cache": cache}}

    with pytest.MonkeyPatch.context() as patch:
        for dialect in (SQLiteDialect_pysqlite, PGDialect_psycopg):
            patch.setattr(dialect, "__eq__", lambda one, other: type(one) is type(other))
            patch.setattr(dialect, "__hash__", lambda one: hash(type(one)))
        patch.setattr(database, "_options", list_options_with_cache)
        yield
