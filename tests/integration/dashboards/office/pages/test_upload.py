"""The page of uploads without scripts, and the answers that its script gets."""

from __future__ import annotations

import re
from functools import cache
from typing import Any

import pytest

from pipelines.submissions import service
from pipelines.submissions.accounts import accounts
from pipelines.submissions.service import uploading
from tests.support.service import portal_fixture
from tests.support.service.load import follow_events
from tests.support.service.office_client import Document, Office, Visitor

ACCOUNT = "al-sender"
SCRIPT = {"Accept": "application/json"}


def part(name: str, data: bytes) -> Any:
    """One file of a form."""
    return ("files", (name, data, "application/octet-stream"))


@cache
def unusual() -> bytes:
    """A return with a warning; the same bytes each time."""
    return portal_fixture.workbook(portal_fixture.UNUSUAL)


def hand_in(visitor: Visitor, *files: Any, **fields: Any) -> Document:
    """Submit files on the page, and load it until every check has ended."""
    page = visitor.get("/upload").submit("Upload and check", list(files), **fields)
    for _ in range(100):
        if not page.select("[data-events]"):
            return page
        page = visitor.get(page.address)
    raise AssertionError("the check did not end")


def drafts(office: Office, account: str = ACCOUNT) -> list[service.Entry]:
    """The returns that an account has uploaded here."""
    who = accounts.get_identity(office.desk.engine, account)
    return list(service.list_submissions(office.desk, who, mine=True))


def test_file_is_checked_saved_as_a_draft_and_its_report_is_offered(office: Office) -> None:
    page = hand_in(office.visit(ACCOUNT), part("third.xlsx", unusual()))
    (draft,) = drafts(office)
    assert draft.state == "checked"
    assert "This is what we read" in page.main and "AL-JUSTICE-1" in page.main
    assert f"A draft, number {draft.submission_id}. Nothing has been sent." in page.main
    assert "warnings to explain" in page.main
    report = page.follow("Yes, this is right: show the validation report")
    assert report.heading.startswith("Albania: Justice counts")


def test_check_that_goes_on_reloads_the_page_without_scripts_and_says_how_far_it_is(
    office: Office, monkeypatch: pytest.MonkeyPatch
) -> None:
    import threading

    gate, real = threading.Event(), getattr(uploading, "check_return")  # noqa: B009

    def wait(*arguments: Any, on_step: Any, **named: Any) -> Any:
        def pass_on(step: Any) -> None:
            if step.name == "judging":
                assert gate.wait(60)
            on_step(step)

        return real(*arguments, on_step=pass_on, **named)

    monkeypatch.setattr(uploading, "check_return", wait)
    visitor = office.visit(ACCOUNT)
    page = visitor.get("/upload").submit("Upload and check", [part("third.xlsx", unusual())])
    for _ in range(100):
        if "so far" in page.main:
            break
        page = visitor.get(page.address)
    assert page.select("noscript meta[http-equiv=refresh]")
    assert "Comparing with the rules and with your earlier returns" in page.main
    assert page.select("progress")[0].get("aria-label")
    gate.set()
    for _ in range(100):
        page = visitor.get(page.address)
        if not page.select("[data-events]"):
            break
    assert "This is what we read" in page.main
    assert not page.select("meta[http-equiv=refresh]")


def test_several_files_have_a_card_each_in_their_order(office: Office) -> None:
    broken = portal_fixture.workbook(portal_fixture.BROKEN)
    page = hand_in(office.visit(ACCOUNT), part("b.xlsx", unusual()), part("a.xlsx", broken))
    assert [e.text_content() for e in page.select("article h2")] == ["b.xlsx", "a.xlsx"]
    assert len(drafts(office)) == 2
    assert page.select(".rti-clear a")[0].get("href") == "/upload"


def test_same_file_again_is_said_to_be_there(office: Office) -> None:
    visitor = office.visit(ACCOUNT)
    hand_in(visitor, part("third.xlsx", unusual()))
    page = hand_in(visitor, part("copy.xlsx", unusual()))
    assert "This exact file was uploaded before. Its state: Draft, not yet sent." in page.main
    assert len(drafts(office)) == 1


def test_published_file_uploaded_again_is_called_published_and_not_a_draft(office: Office) -> None:
    page = hand_in(office.visit(ACCOUNT), part(portal_fixture.RETURN.name, portal_fixture.RETURN.read_bytes()))
    assert "Its state: Published. Uploading it again changed nothing." in page.main
    assert re.search(r"Published, number S\w+, uploaded on 2026-\d\d-\d\d\.", page.main)
    assert "A draft" not in page.main and "Nothing has been sent" not in page.main
    assert not drafts(office)


def test_card_says_what_a_whole_return_withdraws_only_if_it_replaces_one(office: Office) -> None:
    replacing = hand_in(office.visit(ACCOUNT), part("third.xlsx", unusual()))
    assert "Whole return: what it leaves out is withdrawn" in replacing.main
    again = hand_in(office.visit(ACCOUNT), part(portal_fixture.RETURN.name, portal_fixture.RETURN.read_bytes()))
    shown = again.main.rpartition("This is what we read")[2]
    assert "Whole return" in shown and "what it leaves out is withdrawn" not in shown


def test_file_that_is_not_recognised_is_not_saved_and_can_be_checked_as_a_form(office: Office) -> None:
    visitor = office.visit(ACCOUNT)
    page = hand_in(visitor, part("notes.csv", b"a;b\n1;2\n"))
    assert "Not saved: see below what to do" in page.main and "Why it was not saved" in page.main
    assert not page.links("show the validation report") and not drafts(office)
    again = page.submit("Check again", form="AL-JUSTICE-1")
    for _ in range(100):
        if not again.select("[data-events]"):
            break
        again = visitor.get(again.address)
    assert [e.text_content() for e in again.select("article h2")] == ["notes.csv"]
    assert "AL-JUSTICE-1" in again.main


def test_check_as_corrections_withdraws_the_draft_and_makes_another(office: Office) -> None:
    visitor = office.visit(ACCOUNT)
    page = hand_in(visitor, part("third.xlsx", unusual()))
    again = page.submit("Check again", patch="1")
    for _ in range(100):
        if not again.select("[data-events]"):
            break
        again = visitor.get(again.address)
    assert "Corrections only: what it leaves out stays as it was" in again.main
    assert sorted((entry.state, entry.row.kind) for entry in drafts(office)) == [
        ("checked", "patch"),
        ("withdrawn", "full"),
    ]


def test_upload_that_was_sent_is_never_withdrawn_by_a_second_check(office: Office) -> None:
    visitor = office.visit(ACCOUNT)
    page = hand_in(visitor, part("third.xlsx", unusual()))
    (draft,) = drafts(office)
    who = accounts.get_identity(office.desk.engine, ACCOUNT)
    service.justify_warnings(office.desk, who, draft.submission_id, None, "large_case", "Two large cases in September.")
    service.send_submission(office.desk, who, draft.submission_id, reason="late_data")
    page.submit("Check again", patch="1")
    assert "sent" in {entry.state for entry in drafts(office)}


def test_form_that_the_person_may_not_submit_is_not_taken(office: Office) -> None:
    visitor = office.visit(ACCOUNT)
    page = hand_in(visitor, part("notes.csv", b"a;b\n1;2\n"))
    assert "HR-REGISTER-1" not in page.response.text
    refused = page.submit("Check again", form="HR-REGISTER-1")
    assert not refused.select("article") and not drafts(office)


def test_no_file_is_an_error_at_the_field(office: Office) -> None:
    page = office.visit(ACCOUNT).get("/upload").submit("Upload and check")
    assert (page.status, page.errors) == (422, ["Choose a file first."])
    assert page.select("#files")[0].get("aria-invalid") == "true"


def test_upload_of_another_person_is_not_shown(office: Office) -> None:
    page = hand_in(office.visit(ACCOUNT), part("third.xlsx", unusual()))
    seen = office.open("mk-sender", page.address)
    assert "third.xlsx" not in seen.response.text and "Albania" not in seen.main
    assert "This upload is no longer shown here" in seen.main


@pytest.mark.parametrize("account", ["al-approver", "xk-viewer", "nobody"])
def test_page_is_closed_to_people_who_may_not_submit(office: Office, account: str) -> None:
    visitor = office.visit(account)
    assert visitor.get("/upload").status == 403
    token = visitor.get("/account").select("input[name=csrf]")[0].get("value")
    sent = visitor.post_raw("/upload", data={"csrf": token}, files=[part("third.xlsx", unusual())])
    assert sent.status == 403


# -------------------------------------------------------------------------------------------------------------- scripts


def test_script_hears_of_each_step_and_of_the_end(office: Office) -> None:
    visitor = office.visit(ACCOUNT)
    visitor.client.cookies = visitor.cookies
    sent = visitor.get("/upload").submit("Upload and check", [part("third.xlsx", unusual())], headers=SCRIPT)
    assert sent.response.status_code == 202
    answer = sent.response.json()
    events = list(follow_events(visitor, answer["events"]))
    assert [name for name, _ in events][-1] == "end" and {name for name, _ in events[:-1]} <= {"card"}
    assert "This is what we read" in events[-1][1] and "<script" not in events[-1][1]
    again = list(follow_events(visitor, answer["events"]))
    assert [name for name, _ in again] == ["end"] and again[0] == events[-1]
    assert "This is what we read" in visitor.get(f"/upload?upload={answer['upload']}").main


def test_script_hears_that_an_upload_is_unknown(office: Office) -> None:
    visitor = office.visit(ACCOUNT)
    visitor.client.cookies = visitor.cookies
    events = list(follow_events(visitor, "/upload/events?id=0123456789abcdef"))
    assert [name for name, _ in events] == ["end"] and "no longer shown here" in events[0][1]


def test_script_gets_errors_as_json(office: Office) -> None:
    visitor = office.visit(ACCOUNT)
    sent = visitor.get("/upload").submit("Upload and check", headers=SCRIPT)
    assert (sent.status, sent.response.json()) == (422, {"error": "Choose a file first."})


def test_file_sent_again_after_a_broken_line_is_taken_once(office: Office) -> None:
    visitor = office.visit(ACCOUNT)
    token = visitor.get("/upload").select("input[name=csrf]")[0].get("value")
    fields = {"csrf": (None, token), "upload_id": (None, "11112222-3333-4444-5555-666677778888")}
    answers = [
        visitor.post_raw("/upload", files=[*fields.items(), part("third.xlsx", unusual())], headers=SCRIPT)
        for _ in range(3)
    ]
    assert len({answer.response.text for answer in answers}) == 1
    page = visitor.get(f"/upload?upload={answers[0].response.json()['upload']}")
    for _ in range(100):
        if not page.select("[data-events]"):
            break
        page = visitor.get(page.address)
    assert "already uploaded" not in page.main and len(drafts(office)) == 1


# --------------------------------------------------------------------------------------------------------------- faults


def test_fault_of_the_disk_is_named_with_its_remedy_and_nothing_is_saved(
    office: Office, monkeypatch: pytest.MonkeyPatch
) -> None:
    import errno

    def full(*_: Any, **__: Any) -> Any:
        raise OSError(errno.ENOSPC, "No space left on device", "/secret/path")

    monkeypatch.setattr(service, "upload_file", full)
    page = hand_in(office.visit(ACCOUNT), part("third.xlsx", unusual()))
    assert "Nothing was saved" in page.main and "Nothing that was confirmed to you is lost" in page.main
    assert "/secret/path" not in page.response.text


def test_fault_that_nobody_expects_quotes_nothing(office: Office, monkeypatch: pytest.MonkeyPatch) -> None:
    def fail(*_: Any, **__: Any) -> Any:
        raise ValueError("Ana Anić, 1990")

    monkeypatch.setattr(service, "upload_file", fail)
    page = hand_in(office.visit(ACCOUNT), part("third.xlsx", unusual()))
    assert "Nothing was saved" in page.main and "ask the steward" in page.main
    assert not re.search("Ana|1990", page.response.text)


def test_refusal_of_the_desk_is_shown_in_its_words(office: Office, monkeypatch: pytest.MonkeyPatch) -> None:
    def refuse(*_: Any, **__: Any) -> Any:
        raise service.SubmissionRefusedError("This home takes such a file from nobody.")

    monkeypatch.setattr(service, "upload_file", refuse)
    page = hand_in(office.visit(ACCOUNT), part("third.xlsx", b"anything"))
    assert "This home takes such a file from nobody." in page.main and not drafts(office)
