"""Assessments of the law: what is complete, which one applies on a day, and nothing that names a person."""

from __future__ import annotations

from datetime import date
from pathlib import Path

import polars as pl
import pytest
import sqlalchemy as sa

from pipelines.declarations.treaties import list_declared_provisions, list_standards
from pipelines.ledger import audit_log
from pipelines.ledger.transitions import TransitionError
from pipelines.submissions import assessments
from pipelines.submissions.assessments import KIND, Assessment
from tests.support.law_ledger import approve_content, make_law_ledger, propose_content

GIVEN = Assessment(
    "QQ", "DURATION", {"EU_MLA": "met", "ETS182": "partly", "PCC_SEE": "not_met"}, "Article 12, Act on Cooperation",
    "Official Gazette 1/2020, p. 3", "2020-05-01", "prosecutor",
)  # fmt: skip


@pytest.fixture
def engine(tmp_path: Path) -> sa.Engine:
    return make_law_ledger(tmp_path)


@pytest.mark.usefixtures("database")
def test_approved_assessment_is_exported_without_accounts(engine: sa.Engine, tmp_path: Path) -> None:
    identity = propose_content(engine, KIND, GIVEN)
    assert assessments.export_assessments(engine, tmp_path / "a.parquet") == 0, "nothing was approved yet"
    approve_content(engine, KIND, identity)
    assert assessments.export_assessments(engine, tmp_path / "a.parquet") == 3
    rows = pl.read_parquet(tmp_path / "a.parquet")
    assert dict(rows.select("treaty", "result").iter_rows()) == GIVEN.results
    assert rows["first_day"].to_list() == [date(2020, 5, 1)] * 3
    assert not {"drafter", "chief"} & {str(value) for row in rows.iter_rows() for value in row}


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"element": "NOTHING"}, "element"),
        ({"results": {"EU_MLA": "met"}}, "each treaty"),
        ({"results": {**GIVEN.results, "UNTOC": "met"}}, "each treaty"),
        ({"results": {**GIVEN.results, "EU_MLA": "good"}}, "each treaty"),
        ({"reviewer_role": "Jane Roe"}, "role of the person"),
        ({"article": " "}, "Name the article"),
        ({"citation": ""}, "Name the article"),
        ({"applies_from": ""}, "date from which"),
        ({"applies_from": "1 May 2020"}, "date from which"),
        ({"article": "x" * 201}, "200"),
        ({"citation": "x" * 4001}, "4000"),
        ({"citation": "a text with \x00"}, "not allowed"),
    ],
)
def test_wrong_assessment_is_refused_and_nothing_is_recorded(
    engine: sa.Engine, changes: dict[str, object], message: str
) -> None:
    before = audit_log.list_entries(engine)
    with pytest.raises(TransitionError, match=message):
        propose_content(engine, KIND, GIVEN, **changes)
    assert audit_log.list_entries(engine) == before


def test_element_without_assessment_can_be_recorded_as_unknown(engine: sa.Engine) -> None:
    results = dict.fromkeys(list_standards("DURATION", list_declared_provisions()), "unknown")
    assert propose_content(engine, KIND, GIVEN, results=results, article="", citation="")


def test_law_that_applies_on_a_day_is_the_newest_one_before_it(engine: sa.Engine) -> None:
    later = {**GIVEN.results, "PCC_SEE": "met"}
    new_law = propose_content(engine, KIND, GIVEN, results=later, applies_from="2024")
    approve_content(engine, KIND, new_law)
    old_law = propose_content(engine, KIND, GIVEN, days=2)
    approve_content(engine, KIND, old_law, days=3)
    history = assessments.order_approved(assessments.read_proposals(engine))["QQ", "DURATION"]
    assert [item.proposal_id for item in history] == [old_law, new_law], "by the law, not by the approval"

    def find_id(day: date) -> str | None:
        current = assessments.find_current(history, day)
        return current.proposal_id if current else None

    days = (date(2020, 4, 30), date(2020, 5, 1), date(2023, 12, 31), date(2024, 1, 1))
    assert [find_id(day) for day in days] == [None, old_law, old_law, new_law]
