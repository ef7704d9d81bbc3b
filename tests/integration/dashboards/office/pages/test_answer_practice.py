"""The answer on the page of practice: the same page, with a home of its own."""

from __future__ import annotations

from typing import TYPE_CHECKING

from pipelines.submissions import service
from pipelines.submissions.service import practice
from tests.support.service.example_returns import get_identity, upload_draft

if TYPE_CHECKING:
    from tests.support.service.office_client import Office


def _upload_practice_return(office: Office, number: int = 0) -> str:
    who = get_identity(office.desk, "al-sender")
    desk = practice.open(office.desk, who)
    file = practice.make_practice_files()[number]
    uploaded = service.upload_file(desk, practice.make_practice_identity(desk, who), file.data, file.name)
    assert uploaded.submission_id is not None
    return uploaded.submission_id


def test_practice_return_is_sent_and_approved_by_the_colleague(office: Office) -> None:
    number = _upload_practice_return(office)
    page = office.open("al-sender", "/practice", id=number)
    assert "This is only for practice" in page.main and page.links("Back to practice") == ["/practice"]
    page = page.submit("Send for approval")
    assert page.address == f"/practice?id={number}&view=findings" and page.result.startswith("Sent.")
    assert page.follow("Download the receipt").status == 200
    page = page.submit("Let the colleague approve it")
    assert "The colleague has approved it" in page.result
    who = get_identity(office.desk, "al-sender")
    assert not service.list_submissions(office.desk, who, mine=True), "nothing of it is in the real ledger"


def test_practice_answer_keeps_its_links_in_practice(office: Office) -> None:
    page = office.open("al-sender", "/practice", id=_upload_practice_return(office), view="beside")
    assert page.status == 200 and "Values we read" in page.main
    addresses = [*page.links(), *(form.get("action") for form in page.select("#content form"))]
    assert addresses and not [address for address in addresses if "/answer" in address]


def test_first_return_of_a_form_has_nothing_to_compare_with(office: Office) -> None:
    number, visitor = _upload_practice_return(office), office.visit("al-sender")
    changes = visitor.get("/practice", id=number, view="changes")
    assert "Nothing was accepted before for these periods: all of it is new." in changes.main
    quarters = visitor.get("/practice", id=number, view="quarters")
    assert "No earlier return of this form has been accepted." in quarters.main and not quarters.select("svg")


def test_practice_return_is_replaced_in_practice(office: Office) -> None:
    number = _upload_practice_return(office)
    page = office.open("al-sender", "/practice", id=number).submit("Send for approval")
    page = page.submit("Let the colleague approve it")
    assert page.links("Upload a corrected return") == ["/practice"]


def test_practice_shows_no_real_return_and_the_real_page_no_practice_return(office: Office) -> None:
    real, tried = upload_draft(office.desk), _upload_practice_return(office)
    practice_page = office.open("al-sender", "/practice", id=real)
    real_page = office.open("al-sender", "/answer", id=tried)
    for page in (practice_page, real_page):
        assert page.status == 403 and "third.xlsx" not in page.text
        assert "This submission does not exist" in page.main
    assert office.open("al-sender", "/practice/files/original", id=real).status == 403
