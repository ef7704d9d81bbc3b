"""Ledgers that tests create from a template are those that the migrations create."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest
import sqlalchemy as sa

from pipelines.core.home import Home
from pipelines.ledger import opening
from pipelines.ledger.database import engine_of
from tests.support.fakes import ledger_fakes
from tests.support.ledger_template import LedgerTemplate, dump_statements
from tests.support.postgres import Databases
from tests.support.postgres_copies import read_rows


@pytest.fixture
def migrated(monkeypatch: pytest.MonkeyPatch, real_migrations: None) -> list[sa.Engine]:
    """Return the engines that the real function migrates, with a new template instead of it."""
    engines: list[sa.Engine] = []
    real: Callable[[sa.Engine, Home | None], None] = opening._migrate

    def record_migration(engine: sa.Engine, home: Home | None) -> None:
        engines.append(engine)
        real(engine, home)

    monkeypatch.setattr(opening, "_migrate", LedgerTemplate(record_migration))
    return engines


def _dump(path: Path) -> list[str]:
    engine = engine_of(f"sqlite:///{path}")
    with engine.connect() as connection:
        raw = connection.connection.driver_connection
        assert raw is not None
        statements = list(raw.iterdump())
    engine.dispose()
    return statements


def test_ledger_from_template_equals_migrated_ledger(tmp_path: Path, migrated: list[sa.Engine]) -> None:
    paths = [tmp_path / name for name in ("migrated", "second", "third")]
    for path in paths:
        opening.open_url(f"sqlite:///{path}").dispose()
    assert len(migrated) == 1
    dumps = [_dump(path) for path in paths]
    assert dumps[0] == dumps[1] == dumps[2]
    assert len(dumps[0]) > 30


def test_older_ledger_is_migrated_by_the_real_function(tmp_path: Path, migrated: list[sa.Engine]) -> None:
    opening.open_url(f"sqlite:///{tmp_path / 'new'}").dispose()
    older = tmp_path / "older"
    engine = engine_of(f"sqlite:///{older}")
    with engine.begin() as connection:
        connection.exec_driver_sql("create table something (name text)")
    engine.dispose()
    opening.open_url(f"sqlite:///{older}").dispose()
    assert len(migrated) == 2
    assert "something" in "\n".join(_dump(older))


def test_dump_statements_of_a_used_ledger_is_empty(tmp_path: Path, real_migrations: None) -> None:
    engine = opening.open_url(f"sqlite:///{tmp_path / 'used'}")
    assert dump_statements(engine)
    with engine.begin() as connection:
        connection.exec_driver_sql("update alembic_version set version_num = '0001'")
    assert not dump_statements(engine)
    engine.dispose()


@pytest.mark.postgres
def test_second_prepared_ledger_in_postgresql_equals_the_first(
    tmp_path: Path, postgres_databases: Databases, monkeypatch: pytest.MonkeyPatch
) -> None:
    calls: list[int] = []

    def create_accounts(engine: sa.Engine) -> None:
        calls.append(1)
        ledger_fakes.create_people(engine)

    prepared = []
    for name in ("first", "second"):
        url = postgres_databases.take_migrated()
        monkeypatch.setenv("RTI_LEDGER_URL", url)
        _, engine = ledger_fakes.home_and_ledger(tmp_path / name, create_accounts)
        prepared.append(read_rows(engine))
        engine.dispose()
        postgres_databases.give_back(url)
    assert prepared[0] == prepared[1] and len(prepared[0].tables) >= 3
    assert calls == [1]


@pytest.mark.postgres
def test_rows_read_are_the_same_wherever_they_lie_on_disk(
    tmp_path: Path, postgres_databases: Databases, monkeypatch: pytest.MonkeyPatch
) -> None:
    url = postgres_databases.take_migrated()
    monkeypatch.setenv("RTI_LEDGER_URL", url)
    _, engine = ledger_fakes.home_and_ledger(tmp_path)
    before = read_rows(engine)
    with engine.begin() as connection:
        # PostgreSQL writes an updated row behind the others, even one with the same values.
        connection.exec_driver_sql("update account set language = language where account_id = 'office'")
    assert read_rows(engine) == before
    engine.dispose()
    postgres_databases.give_back(url)
