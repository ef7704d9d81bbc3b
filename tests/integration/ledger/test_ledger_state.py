"""The state of the ledger's database: equal while nobody writes, and another one after each write."""

from __future__ import annotations

from pathlib import Path

import pytest
import sqlalchemy as sa

from pipelines.core import file_states
from pipelines.ledger import audit_log, queries
from pipelines.ledger.database import open_read_transaction
from pipelines.ledger.ledger_state import read_ledger_state
from pipelines.ledger.schema import AUDIT, SUBMISSION
from tests.support.fakes.ledger_fakes import home_and_ledger, make_accepted_submission


@pytest.mark.usefixtures("database")
def test_state_changes_with_every_write_and_with_no_read(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(file_states, "SETTLED_SECONDS", -1.0)
    home, engine = home_and_ledger(tmp_path)
    identity = make_accepted_submission(home, engine, "a.csv", {("2025-Q4", "reported"): 1.0}, days=1)
    first = read_ledger_state(engine)
    with open_read_transaction(engine) as connection:
        head = audit_log.read_head(connection)
        assert connection.execute(sa.select(sa.func.count()).select_from(AUDIT)).scalar_one() > 0
    assert queries.accepted_ids(engine) == {identity}
    assert read_ledger_state(engine) == first is not None
    with engine.begin() as connection:  # past the acts, without an entry of the audit log
        connection.execute(sa.update(SUBMISSION).values(filename="b.csv"))
    second = read_ledger_state(engine)
    with open_read_transaction(engine) as connection:
        assert audit_log.read_head(connection) == head
    make_accepted_submission(home, engine, "c.csv", {("2025-Q4", "reported"): 2.0}, days=2)
    assert len({first, second, read_ledger_state(engine)}) == 3


def test_state_is_unknown_right_after_a_write_and_of_a_database_in_memory(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.delenv("RTI_LEDGER_URL", raising=False)
    monkeypatch.setattr(file_states, "SETTLED_SECONDS", 60.0)
    _, engine = home_and_ledger(tmp_path)
    assert read_ledger_state(engine) is None
    assert read_ledger_state(sa.create_engine("sqlite://")) is None
