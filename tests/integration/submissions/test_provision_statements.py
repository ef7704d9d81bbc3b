"""Statements on what treaties provide for: they confirm, add and remove, and assessments follow them."""

from __future__ import annotations

from pathlib import Path

import polars as pl
import pytest
import sqlalchemy as sa

from pipelines.declarations.treaties import list_standards
from pipelines.ledger.transitions import TransitionError
from pipelines.submissions import assessments, law_proposals
from pipelines.submissions.assessments import Assessment
from pipelines.submissions.provision_statements import KIND, ProvisionStatement, export_statements, read_provisions
from tests.support.law_ledger import approve_content, make_law_ledger, propose_content

GIVEN = ProvisionStatement("PCC_SEE", "PURPOSE", True, "Secretariat of the Convention, text of 2006, article 27")
COSTS = Assessment(
    "QQ", "COSTS", {"EU_MLA": "met", "ETS182": "met"}, "Article 12, Act on Cooperation", "Official Gazette 1/2020",
    "2020-05-01", "judge",
)  # fmt: skip


@pytest.fixture
def engine(tmp_path: Path) -> sa.Engine:
    return make_law_ledger(tmp_path)


def _settle(engine: sa.Engine, days: float = 0, **changes: object) -> None:
    identity = propose_content(engine, KIND, GIVEN, "region-drafter", days, **changes)
    approve_content(engine, KIND, identity, "region-chief", days + 0.5)


def _read(engine: sa.Engine, treaty: str, element: str) -> tuple[str, str] | None:
    rows = [item for item in read_provisions(engine) if (item.treaty, item.element) == (treaty, element)]
    return (rows[0].status, rows[0].source) if rows else None


@pytest.mark.usefixtures("database")
def test_two_people_confirm_a_provision_with_its_source(engine: sa.Engine, tmp_path: Path) -> None:
    assert _read(engine, "PCC_SEE", "PURPOSE") == ("unverified", "")
    identity = propose_content(engine, KIND, GIVEN, "region-drafter")
    assert _read(engine, "PCC_SEE", "PURPOSE") == ("unverified", ""), "one person is not enough"
    assert export_statements(engine, tmp_path / "p.parquet") == 0
    approve_content(engine, KIND, identity, "region-chief")
    assert _read(engine, "PCC_SEE", "PURPOSE") == ("verified", GIVEN.source)
    assert export_statements(engine, tmp_path / "p.parquet") == 1
    (row,) = pl.read_parquet(tmp_path / "p.parquet").iter_rows(named=True)
    assert (row["treaty"], row["element"], row["is_provided"], row["source"]) == (
        "PCC_SEE",
        "PURPOSE",
        True,
        GIVEN.source,
    )
    assert not [value for value in row.values() if "region-" in str(value)], "no accounts"


def test_assessments_follow_what_treaties_provide_for(engine: sa.Engine) -> None:
    first = propose_content(engine, assessments.KIND, COSTS)
    approve_content(engine, assessments.KIND, first)
    _settle(engine, 2, element="COSTS")  # found to be provided for
    assert list_standards("COSTS", read_provisions(engine)) == ("EU_MLA", "ETS182", "PCC_SEE")
    with pytest.raises(TransitionError, match="each treaty"):
        propose_content(engine, assessments.KIND, COSTS, days=3, applies_from="2021")
    assert propose_content(engine, assessments.KIND, COSTS, days=3, results={**COSTS.results, "PCC_SEE": "partly"})


def test_statement_of_the_contrary_removes_a_provision_and_a_later_one_restores_it(engine: sa.Engine) -> None:
    _settle(engine, element="DURATION", is_provided=False)
    assert _read(engine, "PCC_SEE", "DURATION") is None
    assert _read(engine, "EU_MLA", "DURATION") == ("verified", ""), "of one treaty only"
    _settle(engine, 2, element="DURATION", source="the same text, read again")
    assert _read(engine, "PCC_SEE", "DURATION") == ("verified", "the same text, read again")


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"treaty": "TIP_PROTOCOL"}, "from the lists"), ({"treaty": "NATO"}, "from the lists"),
        ({"element": "NOTHING"}, "from the lists"), ({"source": " "}, "document"), ({"source": "x" * 301}, "more than"),
    ],
)  # fmt: skip
def test_incomplete_statement_is_refused(engine: sa.Engine, changes: dict[str, str], message: str) -> None:
    with pytest.raises(TransitionError, match=message):
        propose_content(engine, KIND, GIVEN, "region-drafter", **changes)
    assert law_proposals.read_proposals(engine, KIND) == []
