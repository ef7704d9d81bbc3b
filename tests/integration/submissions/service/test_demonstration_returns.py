"""The desk on the demonstration's own returns: read again, replaced, and served over HTTP as workbooks."""

from __future__ import annotations

import csv
import io
from collections.abc import Callable

import polars as pl
import pytest
from fastapi.testclient import TestClient

from pipelines.core.home import Home
from pipelines.ledger import facts, queries
from pipelines.ledger.export import export_ledger
from pipelines.ledger.identity import SYSTEM, Grant, Identity
from pipelines.office import answers
from pipelines.submissions import receipts
from pipelines.submissions import service as door
from pipelines.submissions.accounts import accounts, tokens
from pipelines.submissions.service import Desk
from pipelines.web.api.app import create_api
from tests.support.service import portal_fixture

SERIES = "MK-JUSTICE-MK_SSO"


@pytest.fixture
def desk(copied_home: Home) -> Desk:
    return door.open_desk(copied_home)


def _made(desk: Desk, name: str, *grants: Grant) -> Identity:
    accounts.create_account(desk.engine, name, name, grants=grants, by=SYSTEM)
    return accounts.get_identity(desk.engine, name)


def _of_series(desk: Desk, who: Identity) -> list[door.Entry]:
    return [e for e in door.list_submissions(desk, who) if {b.form for b in e.blocks} == {SERIES}]


def test_each_return_reads_again_as_it_was_accepted(desk: Desk) -> None:
    steward = _made(desk, "desk-steward", Grant("steward"))
    newest: dict[str, door.Entry] = {}
    for entry in door.list_submissions(desk, steward):
        if entry.row.kind == "full" and entry.row.format != "nil":
            newest.setdefault(str(entry.row.form), entry)
    assert len(newest) > 15
    for entry in list(newest.values())[::3]:
        report = door.make_report(desk, steward, entry.submission_id)
        assert report.count_findings("error") == 0, entry.row.filename
        assert report.blocks == entry.blocks
        kept = pl.read_parquet(facts.path_of(desk.home, "observation", entry.submission_id))
        assert report.reading is not None
        assert report.reading.observations["value"].sum() == pytest.approx(kept["value"].sum())


def test_a_quarter_is_replaced_and_its_history_stands_beside(desk: Desk, at: Callable[[str], None]) -> None:
    sender = _made(desk, "desk-sender", Grant("submitter", "MK", "justice"))
    entry = next(e for e in _of_series(desk, sender) if e.periods == ("2026-Q3",))
    name, data = door.read_original(desk, sender, entry.submission_id)
    steward = _made(desk, "desk-steward", Grant("steward"))
    door.withdraw_submission(
        desk, steward, entry.submission_id, "wrong_return", "for the test of replacing", override=True
    )
    at("2026-11-20T10:00:00Z")
    done = door.upload_file(desk, sender, data, name)
    assert (done.state, done.new) == ("checked", True)
    assert done.submission_id is not None
    assert done.same_file == ((entry.submission_id, "withdrawn"),)
    known = door.read_history(desk, sender, done.submission_id)
    quarters = sorted(known.filter(pl.col("freq") == "Q")["period"].unique().to_list())
    assert (len(quarters), quarters[-1]) == (12, "2026-Q2")
    assert door.read_previous_figures(desk, sender, done.submission_id).height == 0
    given = door.send_submission(desk, sender, done.submission_id)
    content = given.as_json()
    assert receipts.verify_receipt(given.as_bytes(), file=data).outcome == "good"
    assert content["counts"]["observations"] == sum(b.rows for b in entry.blocks)
    assert content["periods"] == ["2026-Q3"]
    assert queries.find_submission(desk.engine, done.submission_id).state == "sent"


def test_an_explanation_stays_with_its_quarter_is_offered_for_the_next_and_expires(
    desk: Desk, at: Callable[[str], None]
) -> None:
    """Two quarters with four hundred smugglers each, of whom the office wrote once."""
    sender = _made(desk, "desk-sender", Grant("submitter", "MK", "justice"))
    approver = _made(desk, "desk-approver", Grant("approver", "MK", "justice"))
    words = "Two large groups were reported in September."
    at("2026-11-20T10:00:00Z")
    first = door.upload_file(desk, sender, _smugglers("3. квартал", 400), "K3.xlsx").submission_id
    assert first is not None and door.find_earlier_justifications(desk, sender, first) == {}
    assert door.justify_warnings(desk, sender, first, None, "large_case", words) == 0
    door.send_submission(desk, sender, first, reason="late_data")
    door.approve_submission(desk, approver, first)
    kept = export_ledger(desk.engine, desk.home.root / "export")
    assert kept
    written = pl.read_parquet(desk.home.root / "export" / "justification.parquet").filter(submission_id=first)
    assert set(written["rule"]) == {"plausible.bounds", "plausible.jump"} and set(written["text"]) == {words}

    at("2027-02-05T10:00:00Z")
    second = door.upload_file(desk, sender, _smugglers("4. квартал", 410), "K4.xlsx").submission_id
    assert second is not None
    report = door.make_report(desk, sender, second)
    offered = door.find_earlier_justifications(desk, sender, second)
    by_rule = {f.rule: f.key for f in report.findings if f.key in offered}
    assert by_rule.keys() == {"plausible.bounds"}, "the stocks are other warnings, of which nothing was written"
    assert {(one.reason, one.text) for one in offered.values()} == {("large_case", words)}
    assert door.get_submission(desk, sender, second).open_warnings, "offered, and not taken for said"
    at("2027-11-20T09:59:59Z")
    assert len(door.find_earlier_justifications(desk, sender, second)) == 1
    at("2027-11-20T10:00:00Z")
    assert door.find_earlier_justifications(desk, sender, second) == {}


def _smugglers(quarter: str, number: int) -> bytes:
    """The office's workbook of a quarter, with so many men reported for smuggling, and the totals that go with them."""
    import openpyxl

    book = openpyxl.load_workbook(portal_fixture.RETURN.parents[2] / "MK/justice/Pravosudstvo_2026_K3.xlsx")
    for cell in (cell for sheet in book.worksheets for row in sheet.iter_rows() for cell in row):
        if isinstance(cell.value, str):
            cell.value = cell.value.replace("3. квартал", quarter)
    for place, value in (("B12", number), ("C12", number), ("B9", number + 5), ("C9", number + 4)):
        book["Т-01"][place].value = value
    kept = io.BytesIO()
    book.save(kept)
    return kept.getvalue()


def test_the_register_before_stands_beside_in_counts_for_its_own_office(desk: Desk) -> None:
    sender = _made(desk, "desk-register", Grant("submitter", "HR", "register"))
    lines = list(csv.reader(portal_fixture.register_lines()[2:], delimiter=";"))
    indicted = [line for line in lines[1:] if line[lines[0].index("Datum optužnice")]]
    done = door.upload_file(desk, sender, portal_fixture.register_without(2), "registar.csv")
    assert done.state == "checked" and done.submission_id is not None
    old = door.previous_events(desk, sender, done.submission_id)
    assert old["period"].unique().to_list() == ["2026-Q2"]
    assert old.filter(pl.col("event") == "indicted").height == len(indicted)
    assert door.read_previous_figures(desk, sender, done.submission_id).is_empty()
    new = door.make_report(desk, sender, done.submission_id).reading
    assert new is not None
    made = answers.register_changes(new.events, old)
    assert (made.events_added, made.events_withdrawn, made.persons_changed) == (0, 2, 0)
    assert {(c.event, c.old - c.new) for c in made.by_event if c.old != c.new} == {("indicted", 2)}
    for foreign in (Grant("steward", "RS"), Grant("submitter", "HR", "justice")):
        stranger = _made(desk, f"desk-stranger-{foreign.jurisdiction.lower()}", foreign)
        with pytest.raises(door.NotAllowedError, match="do not have access"):
            door.previous_events(desk, stranger, done.submission_id)


def test_workbooks_come_over_http(desk: Desk) -> None:
    import openpyxl

    viewer = _made(desk, "desk-viewer", Grant("viewer", "MK", "justice"))
    client = TestClient(create_api(desk))
    head = {"Authorization": f"Bearer {tokens.issue_token(desk.engine, viewer, 'test').text}"}
    entry = next(e for e in _of_series(desk, viewer) if e.periods == ("2025-Q2",))
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
