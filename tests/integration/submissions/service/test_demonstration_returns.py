"""The desk with returns of the demonstration: read again, replaced, and served over HTTP as workbooks."""

from __future__ import annotations

import csv
import io
from collections.abc import Callable
from pathlib import Path

import polars as pl
import pytest
from fastapi.testclient import TestClient

from pipelines.core.home import open_home
from pipelines.ledger import facts, queries
from pipelines.ledger.export import export_ledger
from pipelines.ledger.identity import SYSTEM, Grant, Identity
from pipelines.office import answers
from pipelines.submissions import receipts
from pipelines.submissions import service as door
from pipelines.submissions.accounts import accounts, tokens
from pipelines.submissions.service import Desk
from pipelines.web.api.app import create_api
from tests.support.demonstration import CLOCK, copy_for_pages
from tests.support.service import portal_fixture

SERIES = "MK-JUSTICE-MK_SSO"


@pytest.fixture
def desk(built_home: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Desk:
    root = tmp_path / "home"
    copy_for_pages(built_home, root)
    monkeypatch.setenv("RTI_NOW", CLOCK)
    monkeypatch.setenv("RTI_HOME", str(root))
    return door.open_desk(open_home(root))


def _create_identity(desk: Desk, name: str, *grants: Grant) -> Identity:
    accounts.create_account(desk.engine, name, name, grants=grants, by=SYSTEM)
    return accounts.get_identity(desk.engine, name)


def _list_entries_of_series(desk: Desk, person: Identity) -> list[door.SubmissionEntry]:
    return [e for e in door.list_submissions(desk, person) if {b.form for b in e.blocks} == {SERIES}]


@pytest.mark.sampled(turn=3)
def test_accepted_returns_read_again_with_same_figures(desk: Desk) -> None:
    steward = _create_identity(desk, "desk-steward", Grant("steward"))
    newest: dict[str, door.SubmissionEntry] = {}
    for entry in door.list_submissions(desk, steward):
        if entry.row.kind == "full" and entry.row.format != "nil":
            newest.setdefault(str(entry.row.form), entry)
    assert len(newest) > 15
    for entry in list(newest.values())[::3]:
        report = door.make_report(desk, steward, entry.submission_id)
        assert report.count_findings("error") == 0, entry.row.filename
        assert report.blocks == entry.blocks
        stored = pl.read_parquet(facts.path_of(desk.home, "observation", entry.submission_id))
        assert report.reading is not None
        assert report.reading.observations["value"].sum() == pytest.approx(stored["value"].sum())


def test_replacement_of_quarter_is_compared_with_its_history(desk: Desk, at: Callable[[str], None]) -> None:
    sender = _create_identity(desk, "desk-sender", Grant("submitter", "MK", "justice"))
    entry = next(e for e in _list_entries_of_series(desk, sender) if e.periods == ("2026-Q3",))
    name, data = door.read_original(desk, sender, entry.submission_id)
    steward = _create_identity(desk, "desk-steward", Grant("steward"))
    door.withdraw_submission(
        desk, steward, entry.submission_id, "wrong_return", "for the test of replacing", override=True
    )
    at("2026-11-20T10:00:00Z")
    upload = door.upload_file(desk, sender, data, name)
    assert (upload.state, upload.new) == ("checked", True)
    assert upload.submission_id is not None
    assert upload.same_file == ((entry.submission_id, "withdrawn"),)
    history = door.read_history(desk, sender, upload.submission_id)
    quarters = sorted(history.filter(pl.col("freq") == "Q")["period"].unique().to_list())
    assert (len(quarters), quarters[-1]) == (12, "2026-Q2")
    assert door.read_previous_figures(desk, sender, upload.submission_id).height == 0
    receipt = door.send_submission(desk, sender, upload.submission_id)
    content = receipt.as_json()
    assert receipts.verify_receipt(receipt.as_bytes(), file=data).outcome == "good"
    assert content["counts"]["observations"] == sum(b.rows for b in entry.blocks)
    assert content["periods"] == ["2026-Q3"]
    assert queries.find_submission(desk.engine, upload.submission_id).state == "sent"


def test_justification_is_offered_for_next_quarter_and_expires(desk: Desk, at: Callable[[str], None]) -> None:
    """Submit two quarters with about four hundred smugglers each, of which the office explained the first."""
    sender = _create_identity(desk, "desk-sender", Grant("submitter", "MK", "justice"))
    approver = _create_identity(desk, "desk-approver", Grant("approver", "MK", "justice"))
    words = "Two large groups were reported in September."
    at("2026-11-20T10:00:00Z")
    first = door.upload_file(desk, sender, _make_workbook_with_smugglers("3. квартал", 400), "K3.xlsx").submission_id
    assert first is not None and door.find_earlier_justifications(desk, sender, first) == {}
    assert door.justify_warnings(desk, sender, first, None, "large_case", words) == 0
    door.send_submission(desk, sender, first, reason="late_data")
    door.approve_submission(desk, approver, first)
    export = export_ledger(desk.engine, desk.home.root / "export")
    assert export
    justifications = pl.read_parquet(desk.home.root / "export" / "justification.parquet").filter(submission_id=first)
    assert set(justifications["rule"]) == {"plausible.bounds", "plausible.balance"} and set(justifications["text"]) == {
        words
    }

    at("2027-02-05T10:00:00Z")
    second = door.upload_file(desk, sender, _make_workbook_with_smugglers("4. квартал", 410), "K4.xlsx").submission_id
    assert second is not None
    report = door.make_report(desk, sender, second)
    offered = door.find_earlier_justifications(desk, sender, second)
    by_rule = {f.rule: f.key for f in report.findings if f.key in offered}
    assert by_rule.keys() == {"plausible.bounds"}, "the warnings about stocks are different and were not justified"
    assert {(justification.reason, justification.text) for justification in offered.values()} == {("large_case", words)}
    assert door.get_submission(desk, sender, second).open_warnings, (
        "an offered justification must not close the warning"
    )
    at("2027-11-20T09:59:59Z")
    assert len(door.find_earlier_justifications(desk, sender, second)) == 1
    at("2027-11-20T10:00:00Z")
    assert door.find_earlier_justifications(desk, sender, second) == {}


def _make_workbook_with_smugglers(quarter: str, number: int) -> bytes:
    """Return the office's workbook of a quarter with this number of men reported for smuggling, and matching totals."""
    import openpyxl

    book = openpyxl.load_workbook(portal_fixture.RETURN.parents[2] / "MK/justice/Pravosudstvo_2026_K3.xlsx")
    for cell in (cell for sheet in book.worksheets for row in sheet.iter_rows() for cell in row):
        if isinstance(cell.value, str):
            cell.value = cell.value.replace("3. квартал", quarter)
    for place, value in (("B12", number), ("C12", number), ("B9", number + 5), ("C9", number + 4)):
        book["Т-01"][place].value = value
    buffer = io.BytesIO()
    book.save(buffer)
    return buffer.getvalue()


def test_previous_register_is_compared_for_its_own_office_only(desk: Desk) -> None:
    sender = _create_identity(desk, "desk-register", Grant("submitter", "HR", "register"))
    lines = list(csv.reader(portal_fixture.register_lines()[2:], delimiter=";"))
    indicted = [line for line in lines[1:] if line[lines[0].index("Datum optužnice")]]
    upload = door.upload_file(desk, sender, portal_fixture.register_without(2), "registar.csv")
    assert upload.state == "checked" and upload.submission_id is not None
    old_events = door.previous_events(desk, sender, upload.submission_id)
    assert old_events["period"].unique().to_list() == ["2026-Q2"]
    assert old_events.filter(pl.col("event") == "indicted").height == len(indicted)
    assert door.read_previous_figures(desk, sender, upload.submission_id).is_empty()
    reading = door.make_report(desk, sender, upload.submission_id).reading
    assert reading is not None
    changes = answers.register_changes(reading.events, old_events)
    assert (changes.events_added, changes.events_withdrawn, changes.persons_changed) == (0, 2, 0)
    assert {(c.event, c.old - c.new) for c in changes.by_event if c.old != c.new} == {("indicted", 2)}
    for foreign in (Grant("steward", "RS"), Grant("submitter", "HR", "justice")):
        stranger = _create_identity(desk, f"desk-stranger-{foreign.jurisdiction.lower()}", foreign)
        with pytest.raises(door.NotAllowedError, match="do not have access"):
            door.previous_events(desk, stranger, upload.submission_id)


def test_api_serves_workbooks_and_reports(desk: Desk) -> None:
    import openpyxl

    viewer = _create_identity(desk, "desk-viewer", Grant("viewer", "MK", "justice"))
    client = TestClient(create_api(desk))
    head = {"Authorization": f"Bearer {tokens.issue_token(desk.engine, viewer, 'test').text}"}
    entry = next(e for e in _list_entries_of_series(desk, viewer) if e.periods == ("2025-Q2",))
    report = client.get(f"/v1/submissions/{entry.submission_id}/report", headers=head).json()
    assert [f["rule"] for f in report["findings"] if f["severity"] == "warning"] == ["plausible.jump"] * 3
    annotated = client.get(f"/v1/submissions/{entry.submission_id}/annotated", headers=head)
    book = openpyxl.load_workbook(io.BytesIO(annotated.content))
    comments = {cell.coordinate for sheet in book for row in sheet.iter_rows() for cell in row if cell.comment}
    assert {f["where"]["cell"] for f in report["findings"] if f["severity"] == "warning"} <= comments
    lines = client.get(f"/v1/submissions/{entry.submission_id}/findings.csv", headers=head).text
    assert lines.count("plausible.jump") == 3
    template = client.get("/v1/templates/MK-JUSTICE-2/2026-Q4", headers=head)
    assert openpyxl.load_workbook(io.BytesIO(template.content)).sheetnames
    assert client.get("/v1/templates/MK-JUSTICE-2/2026", headers=head).status_code == 422
    assert client.get("/v1/templates/AL-JUSTICE-1/2026-Q4", headers=head).status_code == 404
    calendar = client.get("/v1/timetable.ics", headers=head).text
    assert calendar.startswith("BEGIN:VCALENDAR")
