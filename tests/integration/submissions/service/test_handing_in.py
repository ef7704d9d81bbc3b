"""Upload and send in one step: receipts, repeated files, refusals, crashes between steps, many arrivals at once."""

from __future__ import annotations

import hashlib
from pathlib import Path
from typing import Any

import polars as pl
import pytest

from pipelines.core import clock
from pipelines.core.home import Home, initialise_home
from pipelines.ledger import facts, queries
from pipelines.ledger.acts import Act, Arrival
from pipelines.ledger.identity import NotAllowedError
from pipelines.ledger.opening import open_ledger
from pipelines.submissions import admission, arrivals, decisions, intake, store, waiting_checks
from pipelines.submissions import service as door
from pipelines.submissions.accounts import accounts
from pipelines.submissions.checking.history import gather_history
from pipelines.submissions.service import Desk, SubmissionRefusedError, UploadResult
from tests.support.fakes import check_fakes
from tests.support.fakes.arrivals_fakes import write_arrivals
from tests.support.fakes.check_fakes import REGISTRY
from tests.support.fakes.ledger_fakes import create_people, time_at
from tests.support.ledger_template import open_prepared_ledger


@pytest.fixture(autouse=True)
def _fakes(monkeypatch: pytest.MonkeyPatch) -> None:
    check_fakes.install_fakes(monkeypatch)


@pytest.fixture
def home(tmp_path: Path) -> Home:
    created = initialise_home(tmp_path / "home", "demonstration")
    facts.prepare_fact_folders(created)
    open_prepared_ledger(created, create_people).dispose()
    return created


def _submit(
    home: Home, text: str, sender: str = "office", name: str = "return.csv", days: float = 0, **options: Any
) -> UploadResult:
    """Submit like `rti submit`, at `days` after the start of the tests."""
    desk = Desk(home, open_ledger(home), REGISTRY)
    with clock.freeze_time(time_at(days)):
        return door.hand_in(desk, accounts.get_identity(desk.engine, sender), text.encode(), name, **options)


def _list_stored(home: Home) -> list[str]:
    return [p.name for p in home.store.rglob("*") if p.is_file()]


def test_good_return_is_stored_checked_and_sent(home: Home) -> None:
    receipt = _submit(home, "2025-Q4;reported;3")
    assert (receipt.state, receipt.new, receipt.open_warnings) == ("sent", True, ())
    assert _list_stored(home) == [receipt.sha256]
    assert receipt.submission_id is not None
    engine = open_ledger(home)
    assert [b["rows"] for b in queries.list_blocks(engine, receipt.submission_id)] == [1]
    assert list((home.facts / "observation").glob("S*")) == []
    decisions.approve_submission(engine, home, Act(receipt.submission_id, "secretariat", time_at(1)))
    assert pl.read_parquet(facts.path_of(home, "observation", receipt.submission_id))["value"].to_list() == [3]
    history = gather_history(home, engine, ["QQ"])
    assert history is not None
    assert history.observations["value"].to_list() == [3]
    assert gather_history(home, engine, ["ZZ"]) is None


def test_return_with_warning_waits_for_justification(home: Home) -> None:
    receipt = _submit(home, "2025-Q4;reported;101")
    assert receipt.state == "checked"
    assert [rule for _, rule in receipt.open_warnings] == ["test.high"]
    assert receipt.as_json()["to_justify"][0]["rule"] == "test.high"


def test_return_with_error_is_stored_and_refused(home: Home) -> None:
    receipt = _submit(home, "2025-Q4;reported;-1")
    assert (receipt.state, _list_stored(home)) == ("refused", [receipt.sha256])
    assert receipt.submission_id is not None
    findings = pl.read_parquet(facts.path_of(home, "finding", receipt.submission_id))
    assert findings["rule"].to_list() == ["test.negative"]


@pytest.mark.parametrize("text", ["broken", "person 2025-Q4;reported;3"])
def test_return_unreadable_or_with_persons_is_not_stored(home: Home, text: str) -> None:
    receipt = _submit(home, text)
    assert (receipt.submission_id, receipt.state, _list_stored(home)) == (None, None, [])
    assert receipt.report is not None
    assert queries.list_submissions(open_ledger(home)) == []


def test_same_file_twice_returns_first_submission(home: Home) -> None:
    first = _submit(home, "2025-Q4;reported;3")
    second = _submit(home, "2025-Q4;reported;3")
    assert (second.new, second.submission_id, second.state) == (False, first.submission_id, "sent")
    assert second.same_file == ((first.submission_id, "sent"),)
    assert len(queries.list_submissions(open_ledger(home))) == 1


def test_sender_without_account_or_role_is_refused(home: Home) -> None:
    for sender in ("nobody", "chief"):
        with pytest.raises(NotAllowedError):
            _submit(home, "2025-Q4;reported;3", sender)
    assert _list_stored(home) == []


def test_replacement_of_accepted_return_waits_for_reason(home: Home) -> None:
    engine = open_ledger(home)
    first = _submit(home, "2025-Q4;reported;3")
    assert (first.state, first.replaces) == ("sent", ())
    assert first.submission_id is not None
    decisions.approve_submission(engine, home, Act(first.submission_id, "secretariat", time_at(1)))
    second = _submit(home, "2025-Q4;reported;4", days=2)
    assert (second.state, second.replaces, second.as_json()["replaces"]) == ("checked", ("2025-Q4",), ["2025-Q4"])
    resubmitted = _submit(home, "2025-Q4;reported;4", days=2, reason="late_data")
    assert (resubmitted.submission_id, resubmitted.state, resubmitted.replaces) == (second.submission_id, "sent", ())
    third = _submit(home, "2025-Q4;reported;5", days=2, reason="entry_error")
    assert third.submission_id is not None
    assert (third.state, queries.find_submission(engine, third.submission_id).revision_reason) == (
        "sent",
        "entry_error",
    )


def test_real_home_refuses_demonstration_returns(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    real = initialise_home(tmp_path / "real", "real")
    data = b"2025-Q4;reported;3"
    listed = {hashlib.sha256(data).hexdigest(): "QQ/justice/return.csv"}
    monkeypatch.setattr(admission, "demonstration_files", lambda: listed)
    create_people(open_ledger(real))
    with pytest.raises(SubmissionRefusedError, match=r"invented return QQ/justice/return.csv.*real home") as error:
        _submit(real, data.decode(), name="renamed.csv")
    assert str(real.root) not in str(error.value), "the path of a home must not be shown to offices"
    assert "renamed.csv" in error.value.localize_message("mk") and "real home" not in error.value.localize_message("mk")
    assert _list_stored(real) == []


@pytest.mark.parametrize("completed_by", ["refresh", "submitting again"])
@pytest.mark.parametrize("step", ["put_bytes", "record_arrival", "record_reports", "send_submission"])
def test_crash_between_steps_loses_nothing_and_is_completed_later(
    home: Home, monkeypatch: pytest.MonkeyPatch, step: str, completed_by: str
) -> None:
    class PowerCutError(Exception):
        pass

    def cut_power(*_: object, **__: object) -> None:
        raise PowerCutError

    modules = {
        "put_bytes": store,
        "record_arrival": intake,
        "record_reports": waiting_checks,
        "send_submission": decisions,
    }
    with monkeypatch.context() as patch:
        patch.setattr(modules[step], step, cut_power)
        with pytest.raises(PowerCutError):
            _submit(home, "2025-Q4;reported;3")
    engine = open_ledger(home)
    states = [s.state for s in queries.list_submissions(engine)]
    expected = {"put_bytes": [], "record_arrival": [], "record_reports": ["received"], "send_submission": ["checked"]}
    assert states == expected[step]
    if completed_by == "refresh":
        with clock.freeze_time(time_at(0)):
            checked = waiting_checks.check_waiting(home, engine, REGISTRY)
        assert len(checked) == (1 if step == "record_reports" else 0)
        assert all(report.blocks and report.reading is None for report in checked.values()), "rows are in the facts"
    assert _submit(home, "2025-Q4;reported;3").state == "sent"
    assert len(queries.list_submissions(engine)) == 1
    assert len(_list_stored(home)) == 1


def test_crash_between_facts_and_ledger_is_completed_by_approving_again(
    home: Home, monkeypatch: pytest.MonkeyPatch
) -> None:
    receipt = _submit(home, "2025-Q4;reported;3")
    assert receipt.submission_id is not None
    engine = open_ledger(home)

    def cut_power(*_: object) -> None:
        raise RuntimeError("power cut")

    with monkeypatch.context() as patch:
        patch.setattr(decisions, "apply_changes", cut_power)
        with pytest.raises(RuntimeError):
            decisions.approve_submission(engine, home, Act(receipt.submission_id, "secretariat", time_at(1)))
    assert queries.find_submission(engine, receipt.submission_id).state == "sent"
    decisions.approve_submission(engine, home, Act(receipt.submission_id, "secretariat", time_at(1)))
    assert queries.find_submission(engine, receipt.submission_id).state == "approved"


def test_check_waiting_checks_once_per_version_of_rules(home: Home, monkeypatch: pytest.MonkeyPatch) -> None:
    engine = open_ledger(home)
    sha256 = store.put_bytes(home, b"2025-Q4;reported;-1")
    intake.record_arrival(engine, Arrival(sha256, 19, "a.csv", "office", time_at(0), demonstration=True))
    assert [r.verdict for r in waiting_checks.check_waiting(home, engine, REGISTRY).values()] == ["error"]
    assert waiting_checks.check_waiting(home, engine, REGISTRY) == {}
    import sys

    monkeypatch.setattr(sys.modules["expectations.judge"], "RULES_VERSION", "test.2")
    assert len(waiting_checks.check_waiting(home, engine, REGISTRY)) == 1
    assert waiting_checks.check_waiting(home, engine, REGISTRY, territory="QQ") == {}


# ------------------------------------------------------------------------------------------------------- demonstration


def _format_day(days: float) -> str:
    return clock.format_timestamp(time_at(days))


def _list_rows() -> list[dict[str, str]]:
    return [
        {"file": "1.csv", "text": "2025-Q3;reported;3", "received_at": _format_day(0), "kind": "full"},
        {"file": "2.csv", "text": "2025-Q3;indicted;200", "received_at": _format_day(1), "kind": "patch",
         "corrects": "1.csv", "justification_reason": "large_case", "justification_text": "one case of many persons"},
        {"file": "3.csv", "text": "2025-Q4;reported;300", "received_at": _format_day(2), "kind": "full"},
        {"file": "4.csv", "text": "2025-Q4;reported;1", "received_at": _format_day(99), "kind": "full"},
    ]  # fmt: skip


def test_demonstration_arrives_and_is_decided_by_its_list(home: Home, tmp_path: Path) -> None:
    folder = write_arrivals(tmp_path, _list_rows())
    engine = open_ledger(home)
    with clock.freeze_time(time_at(50)):
        assert arrivals.record_arrivals(home, engine, folder) == 3
        assert arrivals.record_arrivals(home, engine, folder) == 0
        assert (
            len(waiting_checks.check_waiting(home, engine, REGISTRY, territory="QQ", after=arrivals.CHECKED_AFTER)) == 3
        )
        refused = arrivals.replay_decisions(home, engine, folder)
    assert ["without a justification" in str(e) for e in refused.values()] == [True]
    states = {s.filename: s for s in queries.list_submissions(engine)}
    assert {n: s.state for n, s in states.items()} == {"1.csv": "approved", "2.csv": "approved", "3.csv": "checked"}
    assert states["2.csv"].corrects_submission_id == states["1.csv"].submission_id
    assert (states["1.csv"].revision_reason, states["2.csv"].revision_reason) == (None, "source_error")
    assert states["1.csv"].accepted_at == clock.format_timestamp(time_at(0) + arrivals.APPROVED_AFTER)
    laid = pl.read_parquet(facts.path_of(home, "observation", states["2.csv"].submission_id))
    assert sorted(laid["value"].to_list()) == [3, 200]
    with clock.freeze_time(time_at(50)):
        assert list(arrivals.replay_decisions(home, engine, folder)) == list(refused)


def test_second_return_of_same_period_has_reason_late_data(home: Home, tmp_path: Path) -> None:
    rows = [
        *_list_rows()[:1],
        {
            "file": "5.csv",
            "text": "2025-Q3;reported;4",
            "received_at": clock.format_timestamp(time_at(3)),
            "kind": "full",
        },
        {
            "file": "6.csv",
            "text": "2025-Q2;reported;4",
            "received_at": clock.format_timestamp(time_at(4)),
            "kind": "full",
        },
    ]
    folder = write_arrivals(tmp_path, rows)
    engine = open_ledger(home)
    with clock.freeze_time(time_at(50)):
        arrivals.record_arrivals(home, engine, folder)
        waiting_checks.check_waiting(home, engine, REGISTRY, after=arrivals.CHECKED_AFTER)
        assert arrivals.replay_decisions(home, engine, folder) == {}
    reasons = {s.filename: (s.state, s.revision_reason) for s in queries.list_submissions(engine)}
    assert reasons == {"1.csv": ("approved", None), "5.csv": ("approved", "late_data"), "6.csv": ("approved", None)}


def test_real_home_refuses_demonstration_arrivals(tmp_path: Path) -> None:
    real = initialise_home(tmp_path / "real", "real")
    with pytest.raises(arrivals.ArrivalsError, match="real home"):
        arrivals.record_arrivals(real, open_ledger(real), write_arrivals(tmp_path, _list_rows()))


@pytest.mark.parametrize(("fault", "words"), [("change", "is not the file"), ("remove", "is listed and not there")])
def test_list_that_does_not_match_its_files_is_refused_completely(
    home: Home, tmp_path: Path, fault: str, words: str
) -> None:
    folder = write_arrivals(tmp_path, _list_rows())
    if fault == "change":
        (folder / "2.csv").write_text("changed")
    else:
        (folder / "2.csv").unlink()
    engine = open_ledger(home)
    with clock.freeze_time(time_at(50)), pytest.raises(arrivals.ArrivalsError, match=words):
        arrivals.record_arrivals(home, engine, folder)
    assert queries.list_submissions(engine) == []
    with pytest.raises(arrivals.ArrivalsError, match="make samples"):
        arrivals.read_list(tmp_path)
