"""Tests of practice: a return from its upload to the colleague's decision, in a separate home."""

from __future__ import annotations

from pipelines.submissions import service
from pipelines.submissions.accounts import accounts
from pipelines.submissions.service import practice
from tests.support.service.office_client import Document, Office, Visitor

ACCOUNT = "al-sender"


def list_practice_returns(office: Office) -> list[service.SubmissionEntry]:
    """Return the practice returns of the account."""
    desk = practice.open(office.desk, accounts.get_identity(office.desk.engine, ACCOUNT))
    identity = practice.make_practice_identity(desk, accounts.get_identity(office.desk.engine, ACCOUNT))
    return list(service.list_submissions(desk, identity))


def upload_practice_file(visitor: Visitor, number: int) -> Document:
    """Upload one of the practice files and reload the page until it is checked."""
    page = visitor.open_page("/practice")
    file = visitor.open_page(page.find_links("practice-")[number])
    disposition = file.response.headers["content-disposition"]
    assert disposition.startswith("attachment; filename=")
    name = disposition.split('"')[1]
    page = page.submit_form("Upload and check", [("files", (name, file.response.content))])
    for _ in range(100):
        if not page.find_elements("[data-events]"):
            return page
        page = visitor.open_page(page.address)
    raise AssertionError("the check did not end")


def test_return_without_errors_is_sent_and_approved_by_the_colleague(office: Office) -> None:
    visitor = office.start_visit(ACCOUNT)
    before = service.list_submissions(office.desk, accounts.get_identity(office.desk.engine, ACCOUNT))
    page = visitor.open_page("/practice")
    assert "This is only for practice" in page.main and "None yet." in page.main
    assert "Signed in: Prosecution service: sender · Albania" in page.text, (
        "the person's real office, not that of practice"
    )
    report = upload_practice_file(visitor, 0).follow_link("Yes, this is right: show the validation report")
    assert report.address.startswith("/practice?id=S") and "Back to practice" in report.main
    assert "This is only for practice" in report.main
    sent = report.submit_form("Send for approval")
    assert sent.result.startswith("Sent.")
    approved = sent.submit_form("Let the colleague approve it")
    assert approved.result.startswith("The colleague has approved it.")
    assert [entry.state for entry in list_practice_returns(office)] == ["approved"]
    after = service.list_submissions(office.desk, accounts.get_identity(office.desk.engine, ACCOUNT))
    assert [entry.submission_id for entry in before] == [entry.submission_id for entry in after]


def test_colleague_returns_a_return_with_a_comment(office: Office) -> None:
    visitor = office.start_visit(ACCOUNT)
    report = upload_practice_file(visitor, 0).follow_link("Yes, this is right: show the validation report")
    returned_page = report.submit_form("Send for approval").submit_form("Let the colleague return it")
    assert returned_page.result == "The colleague has returned it with a comment."
    assert "Please check the figure in the first row again" in returned_page.main
    assert [entry.state for entry in list_practice_returns(office)] == ["checked"]


def test_return_of_the_colleague_can_be_approved(office: Office) -> None:
    visitor = office.start_visit(ACCOUNT)
    page = visitor.open_page("/practice").submit_form("Let the colleague send a return for me to approve")
    assert page.address.startswith("/practice?id=S")
    page.submit_form("Approve")
    assert [entry.state for entry in list_practice_returns(office)] == ["approved"]


def test_return_with_errors_cannot_be_sent(office: Office) -> None:
    report = upload_practice_file(office.start_visit(ACCOUNT), 1).follow_link(
        "Yes, this is right: show the validation report"
    )
    assert "You cannot send this return yet" in report.main and "Send for approval" not in report.list_buttons()


def test_start_again_asks_first_and_deletes_everything(office: Office) -> None:
    visitor = office.start_visit(ACCOUNT)
    upload_practice_file(visitor, 0)
    assert len(list_practice_returns(office)) == 1
    question = visitor.open_page("/practice").follow_link("Start again")
    assert "Everything you did in practice will be deleted." in question.main
    assert question.follow_link("No, keep it").heading == "Practice" and len(list_practice_returns(office)) == 1
    page_after_reset = question.submit_form("Yes, start again")
    assert (page_after_reset.heading, page_after_reset.result) == (
        "Practice",
        "Practice starts again.",
    ) and list_practice_returns(office) == []


def test_real_return_cannot_be_opened_in_practice(office: Office) -> None:
    identity = accounts.get_identity(office.desk.engine, ACCOUNT)
    real = service.list_submissions(office.desk, identity)[0]
    page = office.open(ACCOUNT, "/practice", id=real.submission_id)
    assert page.status == 403 and real.row.filename not in page.response.text


def test_practice_of_one_person_is_closed_to_another(office: Office) -> None:
    page = upload_practice_file(office.start_visit(ACCOUNT), 0)
    (entry,) = list_practice_returns(office)
    other_visitor = office.start_visit("mk-sender")
    assert other_visitor.open_page("/practice", id=entry.submission_id).status == 403
    assert "no longer shown here" in other_visitor.open_page(page.address).main


def test_practice_is_refused_without_a_role(office: Office) -> None:
    page = office.open("nobody", "/practice")
    assert page.status == 403 and "You do not have the role for this." in page.main
