"""Databases that tests give back are empty for the next test, however they were left."""

from __future__ import annotations

import pytest
import sqlalchemy as sa

from pipelines.ledger.database import engine_of
from pipelines.ledger.schema import METADATA
from pipelines.submissions import intake
from tests.support import postgres
from tests.support.fakes import ledger_fakes
from tests.support.postgres_copies import has_rows, read_rows

pytestmark = pytest.mark.postgres


@pytest.mark.parametrize("most_deleted", [postgres._MOST_DELETED, 0], ids=["deleted", "truncated"])
def test_database_given_back_is_empty_and_its_numbers_start_at_one(
    postgres_databases: postgres.Databases, monkeypatch: pytest.MonkeyPatch, most_deleted: int
) -> None:
    monkeypatch.setattr(postgres, "_MOST_DELETED", most_deleted)
    url = postgres_databases.take_migrated()
    engine = engine_of(url)
    ledger_fakes.create_people(engine)
    intake.record_arrival(engine, ledger_fakes.make_arrival("first"))
    assert has_rows(engine) and list(read_rows(engine).sequences) == ["public.event_event_id_seq"]
    # An open transaction holds a lock on a table; it is ended.
    left_open = engine.connect()
    left_open.exec_driver_sql("select count(*) from account")
    postgres_databases.give_back(url)
    assert postgres_databases.take_migrated() == url
    with pytest.raises(sa.exc.OperationalError):
        left_open.exec_driver_sql("select 1")
    left_open.invalidate()
    left_open.close()
    assert not has_rows(engine) and not read_rows(engine).sequences
    with engine.connect() as connection:
        counts = [connection.exec_driver_sql(f"select count(*) from {table}").scalar() for table in METADATA.tables]
        assert set(counts) == {0}
    engine.dispose()
    postgres_databases.give_back(url)
