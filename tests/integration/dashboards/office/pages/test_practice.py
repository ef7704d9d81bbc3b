"""Practice: a return from its upload to the colleague's decision, in a home where nothing counts."""

from __future__ import annotations

from pipelines.submissions import service
from pipelines.submissions.accounts import accounts
from pipelines.submissions.service import practice
from tests.support.service.office_client import Document, Office, Visitor

ACCOUNT = "al-sender"


def mine(office: Office) -> list[service.Entry]:
    """The practice returns of the account."""
    desk = practice.open(office.desk, accounts.get_identity(office.desk.engine, ACCOUNT))
    who = practice.make_practice_identity(desk, accounts.get_identity(office.desk.engine, ACCOUNT))
    return list(service.list_submissions(desk, who))


def upload(visitor: Visitor, number: int) -> Document:
    """Upload one of the practice files, and load the page until it is checked."""
    page = visitor.get("/practice")
    file = visitor.get(page.links("practice-")[number])
    disposition = file.response.headers["content-disposition"]
    assert disposition.startswith("attachment; filename=")
    name = disposition.split('"')[1]
    page = page.submit("Upload and check", [("files", (name, file.response.content))])
    for _ in range(100):
        if not page.select("[data-events]"):
            return page
        page = visitor.get(page.address)
    raise AssertionError("the check did not end")


def test_good_return_goes_all_the_way_and_the_colleague_approves_it(office: Office) -> None:
    visitor = office.visit(ACCOUNT)
    before = service.list_submissions(office.desk, accounts.get_identity(office.desk.engine, ACCOUNT))
    page = visitor.get("/practice")
    assert "This is only for practice" in page.main and "None yet." in page.main
    assert "Signed in: Prosecution service: sender · Albania" in page.text, (
        "the person's own office, not that of practice"
    )
    report = upload(visitor, 0).follow("Yes, this is right: show the validation report")
    assert report.address.startswith("/practice?id=S") and "Back to practice" in report.main
    assert "This is only for practice" in report.main
    sent = report.submit("Send for approval")
    assert sent.result.startswith("Sent.")
    approved = sent.submit("Let the colleague approve it")
    assert approved.result.startswith("The colleague has approved it.")
    assert [entry.state for entry in mine(office)] == ["approved"]
    after = service.list_submissions(office.desk, accounts.get_identity(office.desk.engine, ACCOUNT))
    assert [entry.submission_id for entry in before] == [entry.submission_id for entry in after]


def test_colleague_returns_a_return_with_a_comment(office: Office) -> None:
    visitor = office.visit(ACCOUNT)
    report = upload(visitor, 0).follow("Yes, this is right: show the validation report")
    back = report.submit("Send for approval").submit("Let the colleague return it")
    assert back.result == "The colleague has returned it with a comment."
    assert "Please check the figure in the first row again" in back.main
    assert [entry.state for entry in mine(office)] == ["checked"]


def test_return_of_the_colleague_can_be_approved(office: Office) -> None:
    visitor = office.visit(ACCOUNT)
    page = visitor.get("/practice").submit("Let the colleague send a return for me to approve")
    assert page.address.startswith("/practice?id=S")
    page.submit("Approve")
    assert [entry.state for entry in mine(office)] == ["approved"]


def test_mistakes_are_found_and_nothing_is_sent(office: Office) -> None:
    report = upload(office.visit(ACCOUNT), 1).follow("Yes, this is right: show the validation report")
    assert "You cannot send this return yet" in report.main and "Send for approval" not in report.buttons()


def test_start_again_asks_first_and_deletes_everything(office: Office) -> None:
    visitor = office.visit(ACCOUNT)
    upload(visitor, 0)
    assert len(mine(office)) == 1
    question = visitor.get("/practice").follow("Start again")
    assert "Everything you did in practice will be deleted." in question.main
    assert question.follow("No, keep it").heading == "Practice" and len(mine(office)) == 1
    done = question.submit("Yes, start again")
    assert (done.heading, done.result) == ("Practice", "Practice starts again.") and mine(office) == []


def test_number_of_a_real_return_opens_nothing_in_practice(office: Office) -> None:
    who = accounts.get_identity(office.desk.engine, ACCOUNT)
    real = service.list_submissions(office.desk, who)[0]
    page = office.open(ACCOUNT, "/practice", id=real.submission_id)
    assert page.status == 403 and real.row.filename not in page.response.text


def test_practice_of_one_person_is_closed_to_another(office: Office) -> None:
    page = upload(office.visit(ACCOUNT), 0)
    (entry,) = mine(office)
    other = office.visit("mk-sender")
    assert other.get("/practice", id=entry.submission_id).status == 403
    assert "no longer shown here" in other.get(page.address).main


def test_person_without_a_role_has_no_practice(office: Office) -> None:
    page = office.open("nobody", "/practice")
    assert page.status == 403 and "You lack the role that this needs." in page.main
