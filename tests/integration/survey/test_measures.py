"""Corrective measures: from a gap to evidence, in the audit log, by stewards of the territory."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import date

import polars as pl
import pytest

from pipelines.core import clock
from pipelines.ledger import audit_log
from pipelines.ledger.identity import Grant, Identity, NotAllowedError
from pipelines.ledger.verification import verify_ledger
from pipelines.survey import measures, results
from pipelines.survey.measures import add_measure, find_progress, list_measures, update_measure
from pipelines.survey.service import SurveyDesk
from pipelines.survey.surveys import SurveyError
from tests.support import surveys as fakes

TEXT, DEADLINE = "Name one contact for urgent requests.", date(2027, 3, 31)


def make_person(*grants: Grant) -> Identity:
    return Identity("somebody", "Somebody", "en", grants)


@pytest.fixture(scope="module")
def desk(tmp_path_factory: pytest.TempPathFactory) -> Iterator[SurveyDesk]:
    with clock.freeze_time(clock.parse_time(fakes.DURING)):
        new_desk = fakes.make_desk(tmp_path_factory.mktemp("measures"))
        yield new_desk
    new_desk.engine.dispose()


def test_measure_is_kept_in_the_audit_log_from_plan_to_evidence(desk: SurveyDesk) -> None:
    steward = make_person(Grant("steward", "AL"))
    measure = add_measure(desk, steward, "AL", "FR01", TEXT, "central_authority", DEADLINE, "days to execution")
    update_measure(desk, steward, measure.measure_id, "under_way")
    with pytest.raises(SurveyError, match="at least 10 characters"):
        update_measure(desk, steward, measure.measure_id, "done")
    evidence = "Order 12 of the ministry, March 2027"
    finished = update_measure(desk, steward, measure.measure_id, "done", evidence=evidence)
    assert [item for item in list_measures(desk, steward) if item.measure_id == measure.measure_id] == [finished]
    assert (finished.status, finished.deadline, finished.indicator) == ("done", "2027-03-31", "days to execution")
    entries = audit_log.list_entries(desk.engine, subject=measure.measure_id)
    assert [entry["detail"]["status"] for entry in entries] == ["planned", "under_way", "done"]
    assert verify_ledger(desk.engine).good


def test_only_stewards_of_all_jurisdictions_keep_measures(desk: SurveyDesk) -> None:
    refused = (
        (make_person(Grant("steward", "ME")), "AL"), (make_person(Grant("approver", "AL")), "AL"),
        (make_person(Grant("steward", "BA_FED")), "BA"), (make_person(Grant("steward", "AL")), "region"),
        (make_person(Grant("steward")), "QQ"),
    )  # fmt: skip
    for who, territory in refused:
        with pytest.raises(NotAllowedError):
            add_measure(desk, who, territory, "FR01", TEXT, "police", DEADLINE)
    measure = add_measure(desk, make_person(Grant("steward")), "BA", "FR01", TEXT, "police", DEADLINE)
    with pytest.raises(NotAllowedError):
        update_measure(desk, make_person(Grant("steward", "BA_FED")), measure.measure_id, "under_way")
    visible = {who: measure in list_measures(desk, make_person(Grant("viewer", who))) for who in ("BA_FED", "AL")}
    assert visible == {"BA_FED": True, "AL": False}


@pytest.mark.parametrize(
    ("question", "owner", "text", "message"),
    [
        ("ZZ99", "police", TEXT, "There is no question ZZ99"),
        ("FR01", "Ana Anić", TEXT, "The owner is a role"),
        ("FR01", "police", "soon", "at least 10 characters"),
    ],
)
def test_add_measure_refuses(desk: SurveyDesk, question: str, owner: str, text: str, message: str) -> None:
    with pytest.raises(SurveyError, match=message):
        add_measure(desk, make_person(Grant("steward")), "AL", question, text, owner, DEADLINE)


def test_find_progress_compares_first_and_newest_round(desk: SurveyDesk) -> None:
    measure = add_measure(desk, make_person(Grant("steward")), "AL", "FR01", TEXT, "police", DEADLINE)
    assert find_progress(desk, measure) == measures.Progress(None, None)
    low, high = [("FR01.1", "1")] * 8 + [("FR01.1", "4")] * 2, [("FR01.1", "5")] * 8 + [("FR01.1", "4")] * 2
    tables = fakes.make_tables([("r1", "AL", low), ("r2", "AL", high)])
    table = results.compute_results(desk.surveys, *tables)
    table.write_parquet(desk.surveys.answers.folder / results.FILE)
    progress = find_progress(desk, measure)
    rows = [row for row in (progress.first, progress.newest) if row is not None]
    assert [(row["round_id"], row["share"], row["count"], row["n"]) for row in rows] == [
        ("r1", 0.2, 2, 10),
        ("r2", 1.0, 10, 10),
    ]
    table.with_columns(is_withheld=pl.lit(True)).write_parquet(desk.surveys.answers.folder / results.FILE)
    assert find_progress(desk, measure) == measures.Progress(None, None)
