"""Fixtures of all integration tests: new ledgers from a template, except where the migrations are under test."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from pipelines.ledger import opening
from tests.support.ledger_template import LedgerTemplate

_MIGRATE = opening._migrate


@pytest.fixture(scope="session", autouse=True)
def _ledgers_from_template() -> Iterator[None]:
    """Create each new SQLite ledger of this process from a template."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(opening, "_migrate", LedgerTemplate(_MIGRATE))
        yield


@pytest.fixture
def real_migrations(monkeypatch: pytest.MonkeyPatch) -> None:
    """Run the migrations for each new ledger of a test."""
    monkeypatch.setattr(opening, "_migrate", _MIGRATE)
