"""The check of a return: reports, hashes, history, batches and nil documents."""

from __future__ import annotations

import json
from typing import Any

import jsonschema
import polars as pl
import pytest

from pipelines.core import clock
from pipelines.model.long_tables import CASE_EVENT, empty_table
from pipelines.submissions.checking import nil
from pipelines.submissions.checking.check import CheckJob, CheckProgress, UnknownFormError, check_file, check_many
from pipelines.submissions.checking.totals import compute_totals
from tests.support.fakes import check_fakes
from tests.support.fakes.check_fakes import REGISTRY
from tests.support.fakes.ledger_fakes import make_observations
from tests.support.paths import ROOT

SCHEMA = json.loads((ROOT / "docs/schema/check-report.json").read_text(encoding="utf-8"))


@pytest.fixture(autouse=True)
def _fakes(monkeypatch: pytest.MonkeyPatch) -> None:
    check_fakes.install_fakes(monkeypatch)


def _check(text: str, **options: Any) -> Any:
    return check_file(text.encode(), "return.csv", registry=REGISTRY, **options)


def _history(submission_id: str = "S0") -> check_fakes.History:
    return check_fakes.History(
        make_observations(submission_id, {("2025-Q3", "reported"): 1}), empty_table(CASE_EVENT), clock.now()
    )


def test_a_good_return() -> None:
    report = _check("2025-Q4;reported;3 2025-Q4;indicted;2")
    assert (report.verdict, report.exit_code, report.observations) == ("good", 0, 2)
    assert (report.territory, report.form, report.kind) == ("QQ", "QQ-JUSTICE-1", "full")
    assert [(b.form, b.period, b.rows) for b in report.blocks] == [("QQ-JUSTICE-OFFICE", "2025-Q4", 2)]
    assert (report.history_hash, report.not_run) == (None, report.history_rules)
    assert "test.changed" in report.not_run


@pytest.mark.parametrize(
    ("text", "verdict", "code"),
    [
        ("2025-Q4;reported;101", "warning", 0),
        ("2025-Q4;reported;-1", "error", 1),
        ("unknown", "error", 1),
        ("broken", "unreadable", 2),
    ],
)
def test_verdicts_and_exit_codes(text: str, verdict: str, code: int) -> None:
    report = _check(text)
    assert (report.verdict, report.exit_code) == (verdict, code)
    jsonschema.validate(report.as_json(), SCHEMA)


def test_json_has_location_message_and_remedy() -> None:
    content = _check("2025-Q4;reported;3 2025-Q4;indicted;-2").as_json()
    jsonschema.validate(content, SCHEMA)
    assert json.loads(json.dumps(content)) == content
    (finding,) = content["findings"]
    assert finding["message"] == "Indicted is -2."
    assert finding["remedy"] == "Correct it."
    assert finding["where"] == {
        "file": "return.csv",
        "sheet": None,
        "cell": None,
        "page": None,
        "box": None,
        "table": None,
        "line": 2,
        "column": None,
        "keyword": None,
        "words": "line 2",
    }


def test_hash_covers_file_declarations_rules_and_findings_but_not_the_arrival() -> None:
    offline = _check("2025-Q4;reported;101")
    handed_in = _check("2025-Q4;reported;101", submission_id="S1", history=_history())
    assert offline.hash == handed_in.hash
    assert offline.hash != _check("2025-Q4;reported;102").hash
    assert handed_in.history_hash is not None
    assert handed_in.history_hash != _check("2025-Q4;reported;101", history=_history("S9")).history_hash
    assert handed_in.history_hash == _check("2025-Q4;reported;101", history=_history()).history_hash


def test_history_is_requested_for_the_jurisdictions_read_and_its_rules_are_run() -> None:
    requested: list[list[str]] = []

    def load_history(jurisdictions: list[str]) -> check_fakes.History:
        requested.append(list(jurisdictions))
        return _history()

    report = _check("2025-Q4;reported;3", history=load_history)
    assert requested == [["QQ"]]
    assert report.not_run == ()
    statuses = {r["rule"]: (r["status"], r["findings"]) for r in report.as_json()["history_rules"]}
    assert statuses["test.changed"] == ("run", 1)


def test_batch_in_order_is_compared_with_its_own_earlier_returns() -> None:
    texts = {"a": "2025-Q3;reported;3", "b": "2025-Q4;reported;4", "c": "broken"}
    jobs = [CheckJob(k, t.encode(), f"{k}.csv", submission_id=f"S{k}") for k, t in texts.items()]
    progress: list[str] = []
    reports = check_many(iter(jobs), registry=REGISTRY, in_order=True, on_read=progress.append)
    assert list(reports) == ["a", "b", "c"] == progress
    assert reports["a"].history_hash is None
    assert reports["b"].history_hash is not None
    assert reports["c"].verdict == "unreadable"


def test_a_batch_and_single_checks_give_the_same_reports() -> None:
    texts = {"a": "2025-Q3;reported;3", "b": "2025-Q4;reported;-4"}
    together = check_many([CheckJob(k, t.encode(), "return.csv") for k, t in texts.items()], registry=REGISTRY)
    for key, text in texts.items():
        assert together[key].as_json() == _check(text).as_json()


def test_undeclared_form_is_rejected() -> None:
    with pytest.raises(UnknownFormError, match="QQ-JUSTICE-1"):
        _check("2025-Q4;reported;3", form="QQ-NONE")


def test_sender_may_mark_a_return_as_a_patch() -> None:
    assert _check("2025-Q4;reported;3", kind="patch").kind == "patch"


def test_a_nil_document_counts_as_reported() -> None:
    data = nil.write_nil_document(nil.NilReturn("QQ-JUSTICE-1", ("2025-Q4", "2025-Q3"), "quiet"))
    assert data == nil.write_nil_document(nil.NilReturn("QQ-JUSTICE-1", ("2025-Q3", "2025-Q4"), "quiet"))
    report = check_file(data, "nil.json", registry=REGISTRY)
    assert (report.verdict, report.kind, report.format, report.observations) == ("good", "nil", "nil", 0)
    assert [(b.period, b.rows, b.nil) for b in report.blocks] == [("2025-Q3", 0, True), ("2025-Q4", 0, True)]
    assert nil.parse_nil_document(b'{"class": "dataset"}') is None
    assert nil.parse_nil_document(b"{broken") is None


def test_totals_count_only_wholes() -> None:
    frame = make_observations("S", {("2025-Q4", "reported"): 5}).with_columns(offence=pl.lit("ICCS0204"))
    women = frame.with_columns(sex=pl.lit("F"), value=pl.lit(2.0))
    article = frame.with_columns(law_article=pl.lit("388"), value=pl.lit(5.0))
    missing = frame.with_columns(sex=pl.lit("M"), value=pl.lit(None, pl.Float64))
    (row,) = compute_totals(pl.concat([frame, women, article, missing]))
    assert (row["offence_group"], row["total"], row["sum"], row["cells"], row["missing"]) == ("TIP", 5, 12, 3, 1)
    (parts,) = compute_totals(women)
    assert (parts["total"], parts["sum"]) == (None, 2)
    assert compute_totals(frame.clear()) == []


# --------------------------------------------------------------------------------------------------------------- steps


def test_steps_of_a_check_are_reported_with_their_results() -> None:
    steps: list[CheckProgress] = []
    report = _check("2025-Q4;reported;101", history=_history(), on_progress=steps.append)
    assert [s.name for s in steps] == ["reading", "read", "judging", "judged"]
    assert (steps[0].form, steps[0].periods, steps[0].findings) == (None, (), ())
    assert (steps[1].form, steps[1].periods) == ("QQ-JUSTICE-1", ("2025-Q4",))
    assert [f.rule for f in steps[1].findings] == ["test.high"]
    assert [f.rule for f in steps[3].findings] == ["test.high", "test.changed"]
    assert steps[3].findings == report.findings


@pytest.mark.parametrize(("text", "rule"), [("broken", "read.malformed"), ("unknown", "return.not_recognised")])
def test_a_file_without_content_goes_through_the_same_steps(text: str, rule: str) -> None:
    steps: list[CheckProgress] = []
    report = _check(text, on_progress=steps.append)
    assert [s.name for s in steps] == ["reading", "read", "judging", "judged"]
    assert [f.rule for f in steps[1].findings] == [rule] == [f.rule for f in report.findings]
    assert steps[1].form is None


def test_listener_may_interrupt_the_check() -> None:
    def interrupt_after_reading(step: CheckProgress) -> None:
        if step.name == "read":
            raise InterruptedError

    with pytest.raises(InterruptedError):
        _check("2025-Q4;reported;3", on_progress=interrupt_after_reading)


def test_file_that_is_too_big_is_rejected_without_a_reading_process(monkeypatch: pytest.MonkeyPatch) -> None:
    accounts: list[str | None] = []
    monkeypatch.setattr(check_fakes.Pool, "accounts", accounts)
    monkeypatch.setattr(check_fakes, "read_task", lambda task: pytest.fail("it was read"))
    report = _check("x" * (50 * 1024 * 1024 + 1))
    assert (report.verdict, report.findings[0].rule) == ("unreadable", "read.too_big")
    assert report.findings[0].params == {"megabytes": 51, "limit": 50}
