"""The desk: what it stores, repeated bytes, justifications offered again, and power cuts at every step."""

from __future__ import annotations

from datetime import datetime
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest

from pipelines.core import clock
from pipelines.findings.finding import Finding
from pipelines.findings.texts import describe_finding
from pipelines.ledger import facts, queries, supersession
from pipelines.ledger.identity import Grant, NotAllowedError
from pipelines.ledger.transitions import TransitionError
from pipelines.ledger.verification import verify_ledger
from pipelines.model.content import Where
from pipelines.submissions import intake, receipts, store, waiting_checks
from pipelines.submissions import service as door
from pipelines.submissions.accounts import accounts, tokens
from pipelines.submissions.service import Desk, SubmissionRefusedError, memory
from pipelines.submissions.service.rights import NotThereError
from tests.support.fakes import desk_fakes
from tests.support.fakes.desk_fakes import (
    get_identity,
    make_accepted_return,
    make_draft_with_warning,
    make_file,
    make_sent_return,
)
from tests.support.fakes.ledger_fakes import time_at


@pytest.fixture(autouse=True)
def _fakes(monkeypatch: pytest.MonkeyPatch) -> None:
    desk_fakes.install_fakes(monkeypatch)


@pytest.fixture
def desk(tmp_path: Path) -> Desk:
    return desk_fakes.open_desk(tmp_path)


def _list_stored(desk: Desk) -> list[str]:
    return [p.name for p in desk.home.store.rglob("*") if p.is_file()]


# ------------------------------------------------------------------------------------------------------ what is kept


def test_upload_is_a_draft_until_sent(desk: Desk) -> None:
    sender = get_identity(desk, "qq-sender")
    upload = door.upload_file(desk, sender, make_file(), "C:\\returns\\2025 Q4.csv")
    assert (upload.filename, upload.state, upload.new, upload.open_warnings) == ("2025 Q4.csv", "checked", True, ())
    assert _list_stored(desk) == [upload.sha256]
    assert upload.submission_id is not None
    entry = door.get_submission(desk, sender, upload.submission_id)
    assert (entry.mine, entry.may_send, entry.may_approve, entry.may_withdraw) == (True, True, False, True)
    assert door.get_receipt(desk, sender, upload.submission_id) is None
    receipt = door.send_submission(desk, sender, upload.submission_id, comment="for the fourth quarter")
    assert door.get_receipt(desk, sender, upload.submission_id) == receipt
    after = door.get_submission(desk, sender, upload.submission_id)
    assert (after.state, after.last_comment, after.may_send) == ("sent", "for the fourth quarter", False)
    assert door.read_original(desk, sender, upload.submission_id) == ("2025 Q4.csv", make_file())
    assert [e["action"] for e in door.list_events(desk, sender, upload.submission_id)] == ["receive", "check", "send"]


@pytest.mark.parametrize(
    ("form", "office"),
    [("RR-JUSTICE-1", "Office RR"), (desk_fakes.BOTH, "Office RR")],
)
def test_upload_for_another_office_is_not_stored(desk: Desk, form: str, office: str) -> None:
    upload = door.upload_file(desk, get_identity(desk, "qq-sender"), make_file(form), "theirs.csv")
    first = upload.report.findings[0]
    assert (upload.submission_id, upload.state, upload.report.verdict) == (None, None, "error")
    assert (first.rule, first.severity, first.params["name"]) == ("desk.not_yours", "error", office)
    title = "Return of RR" if form != desk_fakes.BOTH else "Return of QQ"
    assert first.params["form"] == f"{title} ({form})"
    assert (_list_stored(desk), queries.list_submissions(desk.engine)) == ([], [])


def test_upload_for_instrument_not_granted_is_not_stored(desk: Desk) -> None:
    from dataclasses import replace

    narrow = replace(get_identity(desk, "qq-sender"), grants=(Grant("submitter", "QQ", "victims"),))
    assert door.upload_file(desk, narrow, make_file("QQ-JUSTICE-1"), "a.csv").submission_id is None
    assert door.upload_file(desk, narrow, make_file("QQ-VICTIMS-1"), "a.csv").submission_id is not None


@pytest.mark.parametrize("text", ["broken", "unknown", "person 2025-Q4;reported;3"])
def test_upload_unreadable_unknown_or_with_persons_is_not_stored(desk: Desk, text: str) -> None:
    upload = door.upload_file(desk, get_identity(desk, "qq-sender"), text.encode(), "a.csv")
    assert (upload.submission_id, upload.report.verdict in ("error", "unreadable")) == (None, True)
    assert (_list_stored(desk), queries.list_submissions(desk.engine)) == ([], [])


def test_check_stores_nothing(desk: Desk) -> None:
    assert door.check_file(desk, get_identity(desk, "qq-viewer"), make_file(value=101), "a.csv").verdict == "warning"
    assert (_list_stored(desk), queries.list_submissions(desk.engine)) == ([], [])
    with pytest.raises(NotAllowedError):
        door.check_file(desk, get_identity(desk, "nobody-yet"), make_file(), "a.csv")


def test_upload_without_role_submitter_raises(desk: Desk) -> None:
    for account in ("qq-viewer", "qq-approver", "the-steward", "nobody-yet"):
        with pytest.raises(NotAllowedError):
            door.upload_file(desk, get_identity(desk, account), make_file(), "a.csv")
    assert _list_stored(desk) == []


def test_training_and_real_returns_are_refused_on_the_other_desk(desk: Desk, tmp_path: Path) -> None:
    from dataclasses import replace

    everybody = replace(get_identity(desk, "qq-sender"), grants=(Grant("submitter"),))
    real = door.upload_file(desk, everybody, make_file("TT-JUSTICE-1"), "a.csv")
    assert (real.submission_id, real.report.findings[0].rule) == (None, "desk.practice")
    practice = desk_fakes.open_desk(tmp_path / "practice", kind="training")
    practice_upload = door.upload_file(practice, everybody, make_file("QQ-JUSTICE-1"), "a.csv")
    assert (practice_upload.submission_id, practice_upload.report.findings[0].rule) == (None, "desk.not_practice")


def test_desk_rules_have_message_and_remedy(desk: Desk) -> None:

    for rule in door.RULES:
        text = describe_finding(Finding(rule, "error", params={"name": "X", "form": "F", "instrument": "justice"}))
        assert "?" not in text.message + text.remedy
        assert text.remedy


def test_office_name_has_its_footnote(desk: Desk, monkeypatch: pytest.MonkeyPatch) -> None:
    name = SimpleNamespace(language="en", name="Office RR", accepted_only=False, footnote="A note.")
    monkeypatch.setattr(desk_fakes.TERRITORIES["RR"], "names", [name])
    upload = door.upload_file(desk, get_identity(desk, "qq-sender"), make_file("RR-JUSTICE-1"), "a.csv")
    assert upload.report.findings[0].params["name"] == "Office RR (A note.)"


def test_real_home_refuses_demonstration_returns(desk: Desk, monkeypatch: pytest.MonkeyPatch) -> None:
    from dataclasses import replace

    from pipelines.submissions import admission

    monkeypatch.setattr(admission, "demonstration_files", lambda: {store.compute_digest(make_file()): "QQ/a.csv"})
    real = replace(desk, home=replace(desk.home, kind="real"))
    with pytest.raises(SubmissionRefusedError, match="real home"):
        door.upload_file(real, get_identity(desk, "qq-sender"), make_file(), "a.csv")


# ----------------------------------------------------------------------------------------------------- the same twice


def test_upload_of_same_bytes_returns_first_submission(desk: Desk) -> None:
    sender = get_identity(desk, "qq-sender")
    first = door.upload_file(desk, sender, make_file(), "a.csv")
    second = door.upload_file(desk, sender, make_file(), "b.csv")
    assert (second.submission_id, second.new, second.state) == (first.submission_id, False, "checked")
    assert second.report.findings == first.report.findings
    colleague = door.upload_file(desk, get_identity(desk, "qq-second"), make_file(), "c.csv")
    assert (colleague.submission_id, colleague.new) == (first.submission_id, False)
    assert len(queries.list_submissions(desk.engine)) == 1


def test_upload_of_same_bytes_does_not_name_unrecognised_one_of_another(
    desk: Desk, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Upload the bytes of a colleague's file that is not recognised yet and so visible to its sender only."""
    monkeypatch.setattr(waiting_checks, "record_reports", lambda *_: (_ for _ in ()).throw(RuntimeError("cut")))
    with pytest.raises(RuntimeError):
        door.upload_file(desk, get_identity(desk, "qq-sender"), make_file(), "a.csv")
    monkeypatch.undo()
    desk_fakes.install_fakes(monkeypatch)
    colleague = door.upload_file(desk, get_identity(desk, "qq-second"), make_file(), "a.csv")
    assert (colleague.new, colleague.same_file) == (True, ())
    assert {s.sender for s in queries.list_submissions(desk.engine)} == {"qq-sender", "qq-second"}


@pytest.mark.parametrize("by_token", [False, True])
def test_upload_during_same_upload_makes_one_submission(
    desk: Desk, monkeypatch: pytest.MonkeyPatch, by_token: bool
) -> None:
    """Upload again when the first upload has recorded the arrival but not yet the check."""
    person = get_identity(desk, "qq-sender")
    if by_token:
        person = tokens.verify_token(desk.engine, tokens.issue_token(desk.engine, person, "test").text)
    second: list[door.UploadResult] = []
    record_arrival = intake.record_arrival

    def record_and_upload_again(*args: Any, **kwargs: Any) -> Any:
        received = record_arrival(*args, **kwargs)
        if not second:
            monkeypatch.setattr(intake, "record_arrival", record_arrival)
            second.append(door.upload_file(desk, person, make_file(value=101), "b.csv"))
        return received

    monkeypatch.setattr(intake, "record_arrival", record_and_upload_again)
    first = door.upload_file(desk, person, make_file(value=101), "a.csv")
    assert (first.submission_id, first.new, second[0].new) == (second[0].submission_id, True, False)
    assert len(queries.list_submissions(desk.engine)) == 1
    assert queries.find_submission(desk.engine, first.submission_id or "").state == "checked"


def test_concurrent_uploads_of_same_bytes_make_one_submission(database: str, tmp_path: Path) -> None:
    from concurrent.futures import ThreadPoolExecutor

    desk = desk_fakes.open_desk(tmp_path)
    assert desk.engine.dialect.name == database
    person = get_identity(desk, "qq-sender")
    with ThreadPoolExecutor(8) as pool:
        uploads = list(pool.map(lambda n: door.upload_file(desk, person, make_file(), f"{n}.csv"), range(16)))
    assert {m.submission_id for m in uploads} == {queries.list_submissions(desk.engine)[0].submission_id}
    assert sum(m.new for m in uploads) == 1
    assert len(queries.list_submissions(desk.engine)) == 1
    assert verify_ledger(desk.engine).faults == ()


def test_upload_of_withdrawn_bytes_in_same_second_is_new(desk: Desk) -> None:
    sender = get_identity(desk, "qq-sender")
    with clock.freeze_time(time_at(0)):
        first = door.upload_file(desk, sender, make_file(), "a.csv").submission_id
        assert first is not None
        door.withdraw_submission(desk, sender, first, "duplicate", "sent too early")
        second = door.upload_file(desk, sender, make_file(), "a.csv")
    assert (second.new, second.state, second.same_file) == (True, "checked", ((first, "withdrawn"),))
    assert second.submission_id != first
    assert second.report.reading is not None
    assert set(second.report.reading.observations["submission_id"]) == {second.submission_id}


def test_upload_correcting_foreign_return_raises(desk: Desk) -> None:
    foreign = make_sent_return(desk, "rr-sender", form="RR-JUSTICE-1")
    with pytest.raises(NotThereError):
        door.upload_file(desk, get_identity(desk, "qq-sender"), make_file(), "a.csv", corrects=foreign)
    assert len(queries.list_submissions(desk.engine)) == 1


# ------------------------------------------------------------------------------------------------------------- nil


def test_nil_return_is_a_draft_until_sent(desk: Desk) -> None:
    sender = get_identity(desk, "qq-sender")
    upload = door.upload_nil(desk, sender, "QQ-JUSTICE-1", ["2025-Q3", "2025-Q4"], "nothing in two quarters")
    assert (upload.state, [b.nil for b in upload.report.blocks]) == ("checked", [True, True])
    assert upload.submission_id is not None
    door.send_submission(desk, sender, upload.submission_id)
    door.approve_submission(desk, get_identity(desk, "qq-approver"), upload.submission_id)
    assert door.get_submission(desk, sender, upload.submission_id).state == "approved"


def test_nil_return_with_wrong_form_or_period_raises(desk: Desk) -> None:
    sender = get_identity(desk, "qq-sender")
    for form in ("RR-JUSTICE-1", "NO-FORM-1"):
        with pytest.raises(NotAllowedError) as error:
            door.upload_nil(desk, sender, form, ["2025-Q4"])
        assert str(error.value).startswith("You do not have the role")
    for periods in (["2025"], ["2025-Q7"], ["2019-Q4"], []):
        with pytest.raises(SubmissionRefusedError):
            door.upload_nil(desk, sender, "QQ-JUSTICE-1", periods)


# ---------------------------------------------------------------------------------------------------- justifications


def test_justification_is_offered_again_for_a_year(desk: Desk) -> None:
    sender = get_identity(desk, "qq-sender")
    with clock.freeze_time(time_at(0)):
        first = make_draft_with_warning(desk, period="2025-Q1")
        (key, _), *_ = door.get_submission(desk, sender, first).open_warnings
        assert door.find_earlier_justifications(desk, sender, first) == {}
        assert door.justify_warnings(desk, sender, first, key, "large_case", "one case of many persons") == 0
        second = make_draft_with_warning(desk, period="2025-Q2")
        # Only what was accepted is remembered.
        assert door.find_earlier_justifications(desk, sender, second) == {}
        door.send_submission(desk, sender, first)
        door.approve_submission(desk, get_identity(desk, "qq-approver"), first)
        offered = door.find_earlier_justifications(desk, sender, second)
        assert [(r.reason, r.text) for r in offered.values()] == [("large_case", "one case of many persons")]
        assert set(offered) == {k for k, _ in door.get_submission(desk, sender, second).open_warnings}
    with clock.freeze_time(time_at(364)):
        assert len(door.find_earlier_justifications(desk, sender, second)) == 1
    with clock.freeze_time(time_at(366)):
        assert door.find_earlier_justifications(desk, sender, second) == {}
    # A warning of another instrument or measure is a different warning.
    with clock.freeze_time(time_at(1)):
        assert door.find_earlier_justifications(desk, sender, make_draft_with_warning(desk, form="QQ-VICTIMS-1")) == {}
        assert (
            door.find_earlier_justifications(
                desk, sender, make_draft_with_warning(desk, measure="indicted", period="2025-Q3")
            )
            == {}
        )


def test_send_with_open_warning_raises(desk: Desk) -> None:
    sender = get_identity(desk, "qq-sender")
    identity = make_draft_with_warning(desk)
    assert not door.get_submission(desk, sender, identity).may_send
    with pytest.raises(TransitionError, match="without a justification"):
        door.send_submission(desk, sender, identity)
    with pytest.raises(TransitionError, match="characters"):
        door.justify_warnings(desk, sender, identity, None, "large_case", "short")
    assert door.justify_warnings(desk, sender, identity, None, "large_case", "one case of many persons") == 0
    assert door.send_submission(desk, sender, identity).as_json()["counts"]["justified"] == 1


@pytest.mark.parametrize(
    ("first_params", "second_params", "same"),
    [
        # As in the demonstration: the period, the mean, the number of quarters and the probability change.
        (
            {"measure": "indicted", "offence_group": "TIP", "period": "2025-Q2", "mean": "5.9", "n": 10, "p": "0.0006"},
            {"measure": "indicted", "offence_group": "TIP", "period": "2025-Q3", "mean": "6.1", "n": 11, "p": "0.0001"},
            True,
        ),
        ({"measure": "indicted", "period": "2025-Q2"}, {"measure": "reported", "period": "2025-Q2"}, False),
        ({"label": "Gjykata", "dim": "sex"}, {"label": "Gjykata", "dim": "age"}, False),
        ({"what": "12,5"}, {"what": "13"}, True),
    ],
)
def test_memory_key_depends_on_lasting_parameters(
    first_params: dict[str, Any], second_params: dict[str, Any], same: bool
) -> None:
    place, other_place = Where(sheet="T1", cell="B10"), Where(sheet="T1", cell="B14")
    first = memory.memory_key("S", Finding("r", "warning", place, first_params, seen="21"))
    second = memory.memory_key("S", Finding("r", "warning", other_place, second_params, seen="30"))
    assert (first == second) is same
    assert len(first) == 16
    assert memory.memory_key("T", Finding("r", "warning", place, first_params)) != first
    assert memory.memory_key("S", Finding("q", "warning", place, first_params)) != first


@pytest.mark.parametrize(
    ("first", "second", "same"),
    [
        (Where(sheet="T1", cell="B10"), Where(sheet="T1", cell="B11"), True),
        (Where(sheet="T1", cell="B10"), Where(sheet="T1", cell="C10"), False),
        (Where(sheet="T1", cell="B10"), Where(sheet="T2", cell="B10"), False),
        (Where(line=3, column=4), Where(line=9, column=4), True),
        (Where(line=3, column=4), Where(line=3, column=5), False),
        (Where(table=1, cell="R3C2"), Where(table=1, cell="R4C2"), True),
        (Where(table=1, cell="R3C2"), Where(table=1, cell="R3C3"), False),
    ],
)
def test_memory_key_without_parameters_depends_on_place_without_row(first: Where, second: Where, same: bool) -> None:
    keys = {memory.memory_key("S", Finding("r", "warning", where)) for where in (first, second)}
    assert (len(keys) == 1) is same


def test_expiry_of_leap_day_is_a_day_earlier() -> None:
    assert memory.expiry_of(datetime(2028, 2, 29)) == datetime(2029, 2, 28)


# ---------------------------------------------------------------------------------------------- reports and history


def test_make_report_checks_again_only_when_inputs_change(desk: Desk, monkeypatch: pytest.MonkeyPatch) -> None:
    from pipelines.submissions.service import reports

    sender = get_identity(desk, "qq-sender")
    checked_files: list[str] = []
    check_file = reports.check_file

    def check_and_count(*args: Any, **kwargs: Any) -> Any:
        checked_files.append(args[1])
        return check_file(*args, **kwargs)

    monkeypatch.setattr(reports, "check_file", check_and_count)
    draft = make_draft_with_warning(desk, period="2025-Q4")
    first_report = door.make_report(desk, sender, draft)
    assert (checked_files, first_report.verdict, first_report.reading is not None) == ([], "warning", True)
    make_accepted_return(desk, period="2025-Q3")  # this makes a report too
    checked_files.clear()
    second_report = door.make_report(desk, sender, draft)
    assert (checked_files, [f.rule for f in second_report.findings]) == (["warned.csv"], ["test.high", "test.changed"])
    assert second_report.hash == first_report.hash
    assert second_report.history_hash != first_report.history_hash
    door.make_report(desk, sender, draft)
    assert len(checked_files) == 1
    import sys

    monkeypatch.setattr(sys.modules["expectations.judge"], "RULES_VERSION", "test.2")
    door.make_report(desk, sender, draft)
    assert len(checked_files) == 2
    assert queries.find_submission(desk.engine, draft).rules_version == "test.2"


def test_accepted_return_is_not_compared_with_itself(desk: Desk) -> None:
    sender = get_identity(desk, "qq-sender")
    with clock.freeze_time(time_at(0)):
        first = make_accepted_return(desk, period="2025-Q3")
    with clock.freeze_time(time_at(1)):
        second = make_accepted_return(desk, period="2025-Q4")
    with clock.freeze_time(time_at(2)):
        assert door.make_report(desk, sender, first).history_hash is None
        assert door.make_report(desk, sender, second).history_hash is not None


def test_previous_figures_and_history_are_those_accepted_before(desk: Desk) -> None:
    sender = get_identity(desk, "qq-sender")
    quarters = [f"{year}-Q{q}" for year in range(2021, 2025) for q in (1, 2, 3, 4)]
    for day, quarter in enumerate(quarters):
        with clock.freeze_time(time_at(day)):
            make_accepted_return(desk, period=quarter, value=day)
    with clock.freeze_time(time_at(50)):
        make_accepted_return(desk, form="QQ-VICTIMS-1", period="2024-Q4", value=77)
    with clock.freeze_time(time_at(51)):
        draft = door.upload_file(desk, sender, make_file(period="2024-Q4", value=99), "new.csv").submission_id
        assert draft is not None
        assert door.read_previous_figures(desk, sender, draft)["value"].to_list() == [15]
        history = door.read_history(desk, sender, draft)
        assert sorted(history["period"].to_list()) == quarters[-12:]
        assert sorted(history["value"].to_list()) == list(range(4, 16))
        earlier = door.upload_file(desk, sender, make_file(period="2022-Q1", value=98), "old.csv").submission_id
        assert earlier is not None
        assert sorted(door.read_history(desk, sender, earlier)["period"].to_list()) == quarters[:5]
        assert door.read_accepted_figures(desk, sender, "QQ-JUSTICE-1").height == 16
        for form in ("RR-JUSTICE-1", "NONE"):
            with pytest.raises(NotThereError):
                door.read_accepted_figures(desk, sender, form)


def test_check_by_other_office_uses_no_history(desk: Desk) -> None:
    make_accepted_return(desk, period="2025-Q3")
    own_report = door.check_file(desk, get_identity(desk, "qq-viewer"), make_file(), "a.csv")
    assert [f.rule for f in own_report.findings] == ["test.changed"]
    foreign_report = door.check_file(desk, get_identity(desk, "rr-sender"), make_file(), "a.csv")
    assert (foreign_report.findings, foreign_report.history_hash) == ((), None)
    assert foreign_report.hash == own_report.hash


# ------------------------------------------------------------------------------------------------- replace, withdraw


def test_send_replacement_needs_reason(desk: Desk) -> None:
    sender = get_identity(desk, "qq-sender")
    first = make_accepted_return(desk)
    second = door.upload_file(desk, sender, make_file(value=4), "again.csv", corrects=first)
    assert second.submission_id is not None
    assert (second.replaces, second.as_json()["replaces"]) == (("2025-Q4",), ["2025-Q4"])
    assert door.get_submission(desk, sender, second.submission_id).replaces
    with pytest.raises(TransitionError, match="replaces"):
        door.send_submission(desk, sender, second.submission_id)
    receipt = door.send_submission(desk, sender, second.submission_id, reason="late_data")
    assert receipt.as_json()["revision_reason"] == "late_data"
    door.approve_submission(desk, get_identity(desk, "qq-approver"), second.submission_id)
    with pytest.raises(NotAllowedError):
        door.withdraw_submission(
            desk, get_identity(desk, "the-steward"), second.submission_id, "wrong_return", "it was another quarter's"
        )
    door.withdraw_submission(
        desk,
        get_identity(desk, "the-steward"),
        second.submission_id,
        "wrong_return",
        "it was another quarter's",
        override=True,
    )
    assert supersession.accepted_blocks(desk.engine).popitem()[1] == first


def test_replaced_return_names_replacement_and_date(desk: Desk) -> None:
    """Accept three returns of one quarter: each names the next, and a withdrawn one replaces nothing."""
    sender, ids = get_identity(desk, "qq-sender"), []
    for day, value in enumerate((3, 4, 5)):
        with clock.freeze_time(time_at(day)):
            ids.append(make_accepted_return(desk, value=value, reason="late_data" if day else None))

    def list_replacements(identity: str) -> list[tuple[str, str]]:
        return [(r.submission_id, r.since[:10]) for r in door.get_submission(desk, sender, identity).replaced_by]

    assert list_replacements(ids[0]) == [(ids[1], f"{time_at(1):%Y-%m-%d}")]
    assert list_replacements(ids[1]) == [(ids[2], f"{time_at(2):%Y-%m-%d}")]
    assert list_replacements(ids[2]) == []
    replaced = {entry.submission_id: entry.is_replaced for entry in door.list_submissions(desk, sender)}
    assert replaced == {ids[0]: True, ids[1]: True, ids[2]: False}
    with clock.freeze_time(time_at(3)):
        door.withdraw_submission(
            desk, get_identity(desk, "the-steward"), ids[1], "wrong_return", "another quarter's", override=True
        )
        waiting = make_sent_return(desk, value=6, reason="late_data")
    assert list_replacements(ids[0]) == [(ids[2], f"{time_at(2):%Y-%m-%d}")], "the one in between was withdrawn"
    assert list_replacements(ids[1]) == [] and list_replacements(ids[2]) == [] and list_replacements(waiting) == [], (
        "a return that waits for approval replaces nothing"
    )


def test_returns_accepted_in_same_second_replace_in_order_of_acceptance(desk: Desk) -> None:
    with clock.freeze_time(time_at(0)):
        first, second = make_accepted_return(desk), make_accepted_return(desk, value=4, reason="late_data")
    sender = get_identity(desk, "qq-sender")
    assert [r.submission_id for r in door.get_submission(desk, sender, first).replaced_by] == [second]
    assert door.get_submission(desk, sender, second).replaced_by == ()


def test_return_of_two_quarters_is_replaced_in_parts(desk: Desk) -> None:
    sender = get_identity(desk, "qq-sender")
    two_quarters = make_file(period="2025-Q3") + b"\n2025-Q4;reported;3"
    with clock.freeze_time(time_at(0)):
        wide = door.upload_file(desk, sender, two_quarters, "two.csv").submission_id
        assert wide is not None
        door.send_submission(desk, sender, wide)
        door.approve_submission(desk, get_identity(desk, "qq-approver"), wide)
    with clock.freeze_time(time_at(1)):
        later = make_accepted_return(desk, period="2025-Q4", value=4, reason="late_data")
    entry = door.get_submission(desk, sender, wide)
    assert [(r.submission_id, [k[-1] for k in r.keys]) for r in entry.replaced_by] == [(later, ["2025-Q4"])]
    assert not entry.is_replaced and entry.periods == ("2025-Q3", "2025-Q4")
    with clock.freeze_time(time_at(2)):
        last = make_accepted_return(desk, period="2025-Q3", value=4, reason="late_data")
    entry = door.get_submission(desk, sender, wide)
    assert [r.submission_id for r in entry.replaced_by] == [later, last] and entry.is_replaced


def test_withdrawal_of_accepted_return_needs_two_people(desk: Desk) -> None:
    """Let the sender ask, which the whole office can see, and another approver withdraw the return."""
    sender, approver = get_identity(desk, "qq-sender"), get_identity(desk, "qq-approver")
    identity = make_accepted_return(desk)
    entry = door.get_submission(desk, sender, identity)
    assert (entry.may_withdraw, entry.may_ask_withdrawal, entry.may_override_withdrawal) == (False, True, False)
    with pytest.raises(TransitionError, match="ask a second person"):
        door.withdraw_submission(desk, sender, identity, "wrong_return", "it was another quarter's")
    door.ask_withdrawal(desk, sender, identity, "wrong_return", "it was another quarter's")
    assert not door.get_submission(desk, sender, identity).may_ask_withdrawal
    for account in ("qq-sender", "qq-approver", "qq-viewer", "the-steward"):
        (request,) = door.get_submission(desk, get_identity(desk, account), identity).withdrawal_asked
        assert (request.actor, request.reason, request.comment) == (
            "qq-sender",
            "wrong_return",
            "it was another quarter's",
        )
    steward_entry = door.get_submission(desk, get_identity(desk, "the-steward"), identity)
    assert (steward_entry.may_withdraw, steward_entry.may_override_withdrawal, steward_entry.state) == (
        False,
        True,
        "approved",
    )
    assert door.get_submission(desk, approver, identity).may_withdraw
    for account in ("qq-viewer", "rr-sender", "rr-approver"):
        with pytest.raises(NotAllowedError):
            door.ask_withdrawal(desk, get_identity(desk, account), identity, "wrong_return", "it was another quarter's")
    door.withdraw_submission(desk, approver, identity, "wrong_return", "yes, it was")
    assert door.get_submission(desk, sender, identity).withdrawal_asked == ()
    assert [e["action"] for e in door.list_events(desk, sender, identity)][-2:] == ["ask_withdrawal", "withdraw"]
    assert (supersession.accepted_blocks(desk.engine), verify_ledger(desk.engine).faults) == ({}, ())


def test_withdrawal_by_token_without_role_raises(desk: Desk) -> None:
    identity = make_accepted_return(desk)
    viewing = [Grant("viewer", "QQ")]
    for account in ("qq-sender", "qq-approver"):
        accounts.grant_role(desk.engine, account, viewing[0], by="the-steward")
        limited = tokens.verify_token(
            desk.engine, tokens.issue_token(desk.engine, get_identity(desk, account), "t", grants=viewing).text
        )
        with pytest.raises(NotAllowedError):
            door.ask_withdrawal(desk, limited, identity, "wrong_return", "it was another quarter's")
        with pytest.raises((NotAllowedError, TransitionError)):
            door.withdraw_submission(desk, limited, identity, "wrong_return", "it was another quarter's")
    assert queries.find_submission(desk.engine, identity).state == "approved"


def test_return_given_back_is_a_draft_and_gets_new_receipt_when_sent(desk: Desk) -> None:
    sender = get_identity(desk, "qq-sender")
    with clock.freeze_time(time_at(0)):
        identity = make_sent_return(desk)
        first = door.get_receipt(desk, sender, identity)
        door.give_back(desk, get_identity(desk, "qq-approver"), identity, "look at the total again")
    entry = door.get_submission(desk, sender, identity)
    assert (entry.state, entry.last_comment, entry.may_send) == ("checked", "look at the total again", True)
    with pytest.raises(NotThereError):
        door.get_submission(desk, get_identity(desk, "qq-viewer"), identity)
    with clock.freeze_time(time_at(1)):
        second = door.send_submission(desk, sender, identity)
    assert first is not None
    assert second.receipt_id != first.receipt_id
    assert door.get_receipt(desk, sender, identity) == second
    assert receipts.find_receipt(desk.engine, first.receipt_id) == first


def test_override_needs_steward_and_comment(desk: Desk) -> None:
    identity = make_sent_return(desk)
    steward = get_identity(desk, "the-steward")
    with pytest.raises(NotAllowedError):
        door.approve_submission(desk, steward, identity)
    with pytest.raises(TransitionError):
        door.approve_submission(desk, steward, identity, override=True)
    door.approve_submission(desk, steward, identity, override=True, comment="the office has one person only")
    assert door.get_submission(desk, steward, identity).state == "approved"


def test_approve_own_return_raises(desk: Desk) -> None:
    from pipelines.submissions.accounts import accounts

    accounts.grant_role(desk.engine, "qq-sender", Grant("approver", "QQ"), by="the-steward")
    accounts.grant_role(desk.engine, "qq-sender", Grant("steward", "QQ"), by="the-steward")
    identity = make_sent_return(desk)
    person = get_identity(desk, "qq-sender")
    assert not door.get_submission(desk, person, identity).may_approve
    for override in (False, True):
        with pytest.raises((TransitionError, NotAllowedError)):
            door.approve_submission(desk, person, identity, override=override, comment="all is well with it")
    assert queries.find_submission(desk.engine, identity).state == "sent"


# --------------------------------------------------------------------------------------------------------------- kills


class PowerCutError(Exception):
    """Simulated end of the process."""


_UPLOAD_STEPS = {
    "before the store": (store, "put_bytes"),
    "before the ledger": (intake, "record_arrival"),
    "before the reading is kept": (facts, "keep_reading"),
    "before the check is recorded": (intake, "record_check_many"),
}


@pytest.mark.parametrize("after", [False, True], ids=["cut before", "cut after"])
@pytest.mark.parametrize("step", list(_UPLOAD_STEPS))
def test_power_cut_at_any_step_of_upload_leaves_consistent_state(
    desk: Desk, monkeypatch: pytest.MonkeyPatch, step: str, after: bool
) -> None:
    sender = get_identity(desk, "qq-sender")
    module, name = _UPLOAD_STEPS[step]
    real = getattr(module, name)

    def cut_power(*args: Any, **kwargs: Any) -> Any:
        if after:
            real(*args, **kwargs)
        raise PowerCutError

    with monkeypatch.context() as patch:
        patch.setattr(module, name, cut_power)
        with pytest.raises(PowerCutError):
            door.upload_file(desk, sender, make_file(value=101), "a.csv")
    states = [s.state for s in queries.list_submissions(desk.engine)]
    assert states in ([], ["received"], ["checked"])
    assert not list(desk.home.store.rglob("*.new"))
    # Each recorded submission has its bytes; a second upload completes it once.
    for submission in queries.list_submissions(desk.engine):
        assert store.get_bytes(desk.home, submission.sha256) == make_file(value=101)
    upload = door.upload_file(desk, sender, make_file(value=101), "a.csv")
    assert (upload.state, len(upload.open_warnings)) == ("checked", 1)
    assert len(queries.list_submissions(desk.engine)) == 1
    assert _list_stored(desk) == [upload.sha256]
    assert verify_ledger(desk.engine).faults == ()


@pytest.mark.parametrize("step", ["before the hook", "signing", "storing", "after the hook"])
def test_power_cut_while_sending_leaves_state_and_receipt_consistent(
    desk: Desk, monkeypatch: pytest.MonkeyPatch, step: str
) -> None:
    sender = get_identity(desk, "qq-sender")
    identity = door.upload_file(desk, sender, make_file(), "a.csv").submission_id
    assert identity is not None
    real = receipts._issue

    def cut_power(*_: Any, **__: Any) -> Any:
        raise PowerCutError

    def issue_then_cut_power(*args: Any, **kwargs: Any) -> Any:
        real(*args, **kwargs)
        raise PowerCutError

    target, name, broken = {
        "before the hook": (receipts, "_issue", cut_power),
        "signing": (receipts, "sign_receipt", cut_power),
        "storing": (receipts, "SignedReceipt", cut_power),
        "after the hook": (receipts, "_issue", issue_then_cut_power),
    }[step]
    before = verify_ledger(desk.engine).entries
    with monkeypatch.context() as patch:
        patch.setattr(target, name, broken)
        with pytest.raises(PowerCutError):
            door.send_submission(desk, sender, identity)
    assert queries.find_submission(desk.engine, identity).state == "checked"
    assert door.get_receipt(desk, sender, identity) is None
    assert verify_ledger(desk.engine).entries == before
    receipt = door.send_submission(desk, sender, identity)
    assert queries.find_submission(desk.engine, identity).state == "sent"
    assert receipts.verify_receipt(receipt.as_bytes(), file=make_file()).outcome == "good"
    assert verify_ledger(desk.engine).faults == ()


def test_make_report_completes_upload_after_crash(desk: Desk, monkeypatch: pytest.MonkeyPatch) -> None:
    sender = get_identity(desk, "qq-sender")

    def cut_power(*_: Any) -> Any:
        raise PowerCutError

    with monkeypatch.context() as patch:
        patch.setattr(waiting_checks, "record_reports", cut_power)
        with pytest.raises(PowerCutError):
            door.upload_file(desk, sender, make_file(value=101), "a.csv")
    entry = door.list_submissions(desk, sender)[0]
    assert entry.state == "received"
    assert door.make_report(desk, sender, entry.submission_id).verdict == "warning"
    assert door.get_submission(desk, sender, entry.submission_id).state == "checked"


def test_token_is_limited_to_its_grants(desk: Desk) -> None:
    sender = get_identity(desk, "both-sender")
    narrow = tokens.verify_token(
        desk.engine, tokens.issue_token(desk.engine, sender, "rr only", grants=[Grant("submitter", "RR")]).text
    )
    identity = make_sent_return(desk, "both-sender")
    assert door.get_submission(desk, sender, identity).mine
    with pytest.raises(NotThereError):
        door.get_submission(desk, narrow, identity)
    assert door.list_submissions(desk, narrow) == []
    assert door.upload_file(desk, narrow, make_file(value=8), "a.csv").submission_id is None
    assert door.upload_file(desk, narrow, make_file("RR-JUSTICE-1"), "a.csv").state == "checked"


# ----------------------------------------------------------------------------------------------------- both databases


def test_whole_life_of_return_on_each_database(database: str, tmp_path: Path) -> None:
    desk = desk_fakes.open_desk(tmp_path)
    assert desk.engine.dialect.name == database
    sender, approver = get_identity(desk, "qq-sender"), get_identity(desk, "qq-approver")
    with clock.freeze_time(time_at(0)):
        first = make_draft_with_warning(desk, period="2025-Q3")
        assert door.justify_warnings(desk, sender, first, None, "large_case", "one case of many persons") == 0
        door.send_submission(desk, sender, first)
        door.give_back(desk, approver, first, "say more of that case")
        receipt = door.send_submission(desk, sender, first)
        door.approve_submission(desk, approver, first)
    with clock.freeze_time(time_at(1)):
        second = make_draft_with_warning(desk, period="2025-Q4")
        assert [r.reason for r in door.find_earlier_justifications(desk, sender, second).values()] == ["large_case"]
        assert door.read_history(desk, sender, second)["value"].to_list() == [101]
        assert door.make_report(desk, sender, second).history_hash is not None
        third = door.upload_file(desk, sender, make_file(period="2025-Q3", value=7), "again.csv").submission_id
        assert third is not None
        assert door.read_previous_figures(desk, sender, third)["value"].to_list() == [101]
        door.send_submission(desk, sender, third, reason="source_error")
        door.withdraw_submission(desk, approver, third, "wrong_return", "it was another year's")
    listed = {e.submission_id: e.state for e in door.list_submissions(desk, approver)}
    assert listed == {first: "approved", second: "checked", third: "withdrawn"}
    assert door.list_submissions(desk, get_identity(desk, "rr-approver")) == []
    assert door.get_receipt(desk, approver, first) == receipt
    assert receipts.verify_receipt(receipt.as_bytes(), file=make_file(period="2025-Q3", value=101)).outcome == "good"
    assert verify_ledger(desk.engine).faults == ()
