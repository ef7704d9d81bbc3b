"""Tests of the validation report in practice: the same page, on a separate home."""

from __future__ import annotations

from typing import TYPE_CHECKING

from pipelines.submissions import service
from pipelines.submissions.service import practice
from tests.support.service.example_returns import get_identity, upload_draft

if TYPE_CHECKING:
    from tests.support.service.office_client import Office


def _upload_practice_return(office: Office, number: int = 0) -> str:
    sender = get_identity(office.desk, "al-sender")
    desk = practice.open(office.desk, sender)
    file = practice.make_practice_files()[number]
    uploaded = service.upload_file(desk, practice.make_practice_identity(desk, sender), file.data, file.name)
    assert uploaded.submission_id is not None
    return uploaded.submission_id


def test_practice_return_is_sent_and_approved_by_a_colleague(office: Office) -> None:
    number = _upload_practice_return(office)
    page = office.open("al-sender", "/practice", id=number)
    assert "This is only for practice" in page.main and page.find_links("Back to practice") == ["/practice"]
    page = page.submit_form("Send for approval")
    assert page.address == f"/practice?id={number}&view=findings" and page.result.startswith("Sent.")
    assert page.follow_link("Download the receipt").status == 200
    page = page.submit_form("Let the colleague approve it")
    assert "The colleague has approved it" in page.result
    sender = get_identity(office.desk, "al-sender")
    assert not service.list_submissions(office.desk, sender, mine=True), "the real ledger is unchanged"


def test_practice_answer_keeps_its_links_in_practice(office: Office) -> None:
    page = office.open("al-sender", "/practice", id=_upload_practice_return(office), view="beside")
    assert page.status == 200 and "Values we read" in page.main
    addresses = [*page.find_links(), *(form.get("action") for form in page.find_elements("#content form"))]
    assert addresses and not [address for address in addresses if "/answer" in address]


def test_first_return_of_a_form_has_no_comparison(office: Office) -> None:
    number, visitor = _upload_practice_return(office), office.start_visit("al-sender")
    changes = visitor.open_page("/practice", id=number, view="changes")
    assert "Nothing was accepted before for these periods: all of it is new." in changes.main
    quarters = visitor.open_page("/practice", id=number, view="quarters")
    assert "No earlier return of this form has been accepted." in quarters.main and not quarters.find_elements("svg")


def test_practice_return_is_replaced_in_practice(office: Office) -> None:
    number = _upload_practice_return(office)
    page = office.open("al-sender", "/practice", id=number).submit_form("Send for approval")
    page = page.submit_form("Let the colleague approve it")
    assert page.find_links("Upload a corrected return") == ["/practice"]


def test_practice_and_real_pages_do_not_show_each_others_returns(office: Office) -> None:
    real_return, practice_return = upload_draft(office.desk), _upload_practice_return(office)
    practice_page = office.open("al-sender", "/practice", id=real_return)
    real_page = office.open("al-sender", "/answer", id=practice_return)
    for page in (practice_page, real_page):
        assert page.status == 403 and "third.xlsx" not in page.text
        assert "This return does not exist" in page.main
    assert office.open("al-sender", "/practice/files/original", id=real_return).status == 403
