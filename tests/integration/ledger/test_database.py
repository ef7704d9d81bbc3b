"""Tests of reading in SQLite: one view in a transaction, and rows by their ids."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest
import sqlalchemy as sa

from pipelines.ledger.database import engine_of, open_read_transaction, open_write_transaction
from pipelines.ledger.queries import in_ids

LETTER = sa.Table("letter", sa.MetaData(), sa.Column("name", sa.String, primary_key=True))
_ALL = sa.select(LETTER).order_by(LETTER.c.name)


@pytest.fixture
def engine(tmp_path: Path) -> Iterator[sa.Engine]:
    engine = engine_of(f"sqlite:///{tmp_path / 'letters.sqlite'}")
    with open_write_transaction(engine) as connection:
        LETTER.create(connection)
        connection.execute(LETTER.insert(), [{"name": name} for name in "abc"])
    yield engine
    engine.dispose()


def test_read_transaction_keeps_its_view_while_another_connection_writes(engine: sa.Engine) -> None:
    with open_read_transaction(engine) as reader:
        assert len(reader.execute(_ALL).all()) == 3
        with open_write_transaction(engine) as writer:
            writer.execute(LETTER.insert(), {"name": "d"})
        assert len(reader.execute(_ALL).all()) == 3
    with open_read_transaction(engine) as reader:
        assert len(reader.execute(_ALL).all()) == 4


def test_exception_in_a_read_transaction_leaves_its_connection_usable(engine: sa.Engine) -> None:
    with pytest.raises(ValueError, match="planted"), open_read_transaction(engine):
        raise ValueError("planted")
    with open_write_transaction(engine) as connection:
        connection.execute(LETTER.insert(), {"name": "d"})
    with open_read_transaction(engine) as reader:
        assert len(reader.execute(_ALL).all()) == 4


@pytest.mark.parametrize(
    ("ids", "expected"),
    [("", ""), ("b", "b"), ("bb", "b"), ("x", ""), ("ca", "ac"), ("bxc", "bc"), ("abc", "abc")],
)
def test_in_ids_yields_each_row_among_the_ids_once(engine: sa.Engine, ids: str, expected: str) -> None:
    with open_read_transaction(engine) as connection:
        rows = list(in_ids(connection, _ALL, LETTER.c.name, ids))
    assert [row.name for row in rows] == list(expected)
