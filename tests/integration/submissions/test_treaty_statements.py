"""Statements on treaties: a source, a right date, and nothing that names a person."""

from __future__ import annotations

from pathlib import Path

import polars as pl
import pytest
import sqlalchemy as sa

from pipelines.ledger.transitions import TransitionError
from pipelines.submissions import law_proposals
from pipelines.submissions.treaty_statements import KIND, TreatyStatement, export_statements
from tests.support.law_ledger import approve_content, make_law_ledger, propose_content

GIVEN = TreatyStatement("QQ", "ETS182", "ratified", "2008-10-20", "Council of Europe, Treaty Office, 182")


@pytest.fixture
def engine(tmp_path: Path) -> sa.Engine:
    return make_law_ledger(tmp_path)


@pytest.mark.usefixtures("database")
def test_approved_statement_is_exported_without_accounts(engine: sa.Engine, tmp_path: Path) -> None:
    identity = propose_content(engine, KIND, GIVEN, source="  Council of Europe,   Treaty Office, 182 ")
    assert export_statements(engine, tmp_path / "t.parquet") == 0, "nothing was approved yet"
    approve_content(engine, KIND, identity)
    assert export_statements(engine, tmp_path / "t.parquet") == 1
    (row,) = pl.read_parquet(tmp_path / "t.parquet").iter_rows(named=True)
    assert [row[name] for name in ("territory", "treaty", "event", "date", "source")] == [
        "QQ", "ETS182", "ratified", "2008-10-20", "Council of Europe, Treaty Office, 182",
    ]  # fmt: skip
    assert not {"drafter", "chief"} & {str(value) for value in row.values()}


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"treaty": "NATO"}, "from the lists"), ({"event": "heard"}, "from the lists"), ({"source": " "}, "document"),
        ({"source": "x" * 301}, "more than"), ({"date": ""}, "Enter a date"), ({"date": "soon"}, "Enter a date"),
        ({"event": "not_party"}, "Enter a date"), ({"date": "2008-13"}, "Enter a date"),
    ],
)  # fmt: skip
def test_incomplete_statement_is_refused(engine: sa.Engine, changes: dict[str, str], message: str) -> None:
    with pytest.raises(TransitionError, match=message):
        propose_content(engine, KIND, GIVEN, **changes)
    assert law_proposals.read_proposals(engine, KIND) == []
