"""Fixtures of all integration tests: new ledgers from a template, except where the migrations are under test."""

from __future__ import annotations

import sqlite3
from collections.abc import Iterator

import pytest

from pipelines.ledger import database, opening
from tests.support.ledger_template import LedgerTemplate
from tests.support.shared_statements import share_compiled_statements

_MIGRATE = opening._migrate


@pytest.fixture(scope="session", autouse=True)
def _ledgers_from_template() -> Iterator[None]:
    """Create each new SQLite ledger of this process from a template."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(opening, "_migrate", LedgerTemplate(_MIGRATE))
        yield


@pytest.fixture(scope="session", autouse=True)
def _ledgers_without_sync() -> Iterator[None]:
    """Let SQLite wait for no disk: what is tested is transactions, not power cuts. PostgreSQL runs without it too."""
    set_pragmas = database._on_sqlite_connect

    def set_pragmas_without_sync(connection: sqlite3.Connection, record: object) -> None:
        set_pragmas(connection, record)
        connection.execute("pragma synchronous = off")

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(database, "_on_sqlite_connect", set_pragmas_without_sync)
        yield


@pytest.fixture(scope="session", autouse=True)
def _compiled_statements_are_shared() -> Iterator[None]:
    """Compile each statement once for all ledgers of this process."""
    with share_compiled_statements():
        yield


@pytest.fixture
def real_migrations(monkeypatch: pytest.MonkeyPatch) -> None:
    """Run the migrations for each new ledger of a test."""
    monkeypatch.setattr(opening, "_migrate", _MIGRATE)
