"""Tests of the files of a validation report, which are made on request."""

from __future__ import annotations

import csv
import json
from io import BytesIO, StringIO
from typing import TYPE_CHECKING

import pytest
from openpyxl import load_workbook

from pipelines.submissions import service
from tests.support.service import portal_fixture
from tests.support.service.example_returns import get_identity, send_return

if TYPE_CHECKING:
    import httpx

    from tests.support.service.office_client import Office


def _download(office: Office, account: str, number: str, kind: str) -> httpx.Response:
    response = office.open(account, f"/answer/files/{kind}", id=number).response
    assert response.status_code == 200, response.text
    assert response.headers["cache-control"] == "no-store"
    return response


@pytest.mark.sampled(turn=7)
def test_every_offered_file_can_be_downloaded(shared_office: Office, draft: str) -> None:
    page = shared_office.open("al-sender", "/answer", id=draft, view="files")
    addresses = [address for address in page.find_links() if "/files/" in address]
    assert len(addresses) == 5
    for address in addresses:
        response = page.visitor.open_page(address).response
        assert response.status_code == 200 and response.content
        assert response.headers["content-disposition"].startswith("attachment; ")


def test_workbook_has_the_findings_in_its_cells(shared_office: Office, broken_draft: str) -> None:
    response = _download(shared_office, "al-sender", broken_draft, "workbook")
    assert f'filename="demonstration-third-{broken_draft}.xlsx"' in response.headers["content-disposition"]
    comment = load_workbook(BytesIO(response.content))[portal_fixture.SHEET]["C9"].comment
    assert comment is not None and "dhjetë" in comment.text


def test_report_can_be_downloaded_as_page_table_and_json(shared_office: Office, broken_draft: str) -> None:
    page = _download(shared_office, "al-sender", broken_draft, "page")
    assert page.headers["content-type"].startswith("text/html") and "dhjetë" in page.text
    assert "<script" not in page.text
    rows = list(
        csv.DictReader(
            StringIO(_download(shared_office, "al-sender", broken_draft, "table").content.decode("utf-8-sig"))
        )
    )
    report = json.loads(_download(shared_office, "al-sender", broken_draft, "report").content)
    assert len(rows) == len(report["findings"]) > 0
    assert report["file"]["name"] == "third.xlsx" and report["verdict"] == "error"


def test_original_is_the_uploaded_file(office: Office) -> None:
    data, sender = portal_fixture.make_workbook(portal_fixture.UNUSUAL), get_identity(office.desk, "al-sender")
    number = service.upload_file(office.desk, sender, data, "tremujori i tretë.xlsx").submission_id
    assert number is not None
    response = _download(office, "al-approver", number, "original")
    assert response.content == data
    assert "filename*=UTF-8''tremujori%20i%20tret%C3%AB.xlsx" in response.headers["content-disposition"]


def test_corrected_copy_applies_only_the_certain_suggestion(shared_office: Office, broken_draft: str) -> None:
    page = shared_office.open("al-sender", "/answer", id=broken_draft)
    copy = page.follow_link("already made").response
    assert 'filename="corrected-third.xlsx"' in copy.headers["content-disposition"]
    sheet = load_workbook(BytesIO(copy.content))[portal_fixture.SHEET]
    assert sheet["A12"].value == "128/b – Trafikimi i të miturve" and sheet["C9"].value == "dhjetë"


@pytest.mark.parametrize(("account", "number_fixture"), [("al-approver", "broken_draft"), ("al-sender", "draft")])
def test_corrected_copy_is_only_for_the_sender_of_a_file_with_certain_suggestions(
    shared_office: Office, request: pytest.FixtureRequest, account: str, number_fixture: str
) -> None:
    number = request.getfixturevalue(number_fixture)
    assert not shared_office.open(account, "/answer", id=number).find_links("already made")
    assert shared_office.open(account, "/answer/files/corrected", id=number).status == 404


def test_receipt_is_downloaded_as_signed(office: Office) -> None:
    number = send_return(office.desk)
    page = office.open("al-sender", "/answer", id=number)
    response = page.follow_link("Download the receipt").response
    receipt = service.get_receipt(office.desk, get_identity(office.desk, "al-sender"), number)
    assert receipt is not None and response.content == receipt.as_bytes()
    assert receipt.filename in response.headers["content-disposition"]
    assert f"rti receipt verify {receipt.filename}" in page.main


def test_file_that_an_answer_does_not_have_is_not_found(shared_office: Office, draft: str) -> None:
    for kind in ("receipt", "ledger", "%2e%2e"):
        assert shared_office.open("al-sender", f"/answer/files/{kind}", id=draft).status == 404, kind
