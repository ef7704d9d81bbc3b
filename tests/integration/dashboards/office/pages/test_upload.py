"""Tests of the upload page without scripts, and of the responses to its script."""

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


def make_part(name: str, data: bytes) -> Any:
    """Return one file of a form."""
    return ("files", (name, data, "application/octet-stream"))


@cache
def make_unusual_return() -> bytes:
    """Return the bytes of a return with a warning, the same each time."""
    return portal_fixture.make_workbook(portal_fixture.UNUSUAL)


def hand_in(visitor: Visitor, *files: Any, **fields: Any) -> Document:
    """Submit files on the page and reload it until every check has ended."""
    page = visitor.open_page("/upload").submit_form("Upload and check", list(files), **fields)
    for _ in range(100):
        if not page.find_elements("[data-events]"):
            return page
        page = visitor.open_page(page.address)
    raise AssertionError("the check did not end")


def list_uploads(office: Office, account: str = ACCOUNT) -> list[service.SubmissionEntry]:
    """Return the returns that an account has uploaded here."""
    identity = accounts.get_identity(office.desk.engine, account)
    return list(service.list_submissions(office.desk, identity, mine=True))


def test_uploaded_file_is_checked_and_saved_as_a_draft(office: Office) -> None:
    page = hand_in(office.start_visit(ACCOUNT), make_part("third.xlsx", make_unusual_return()))
    (draft,) = list_uploads(office)
    assert draft.state == "checked"
    assert "This is what we read" in page.main and "AL-JUSTICE-1" in page.main
    assert "A draft. Nothing has been sent." in page.main
    assert "warnings to explain" in page.main
    report = page.follow_link("Yes, this is right: show the validation report")
    assert report.heading.startswith("Albania: Justice counts")


def test_running_check_reloads_the_page_and_shows_progress_without_scripts(
    office: Office, monkeypatch: pytest.MonkeyPatch
) -> None:
    import threading

    gate, check_return = threading.Event(), getattr(uploading, "check_return")  # noqa: B009

    def check_slowly(*arguments: Any, on_progress: Any, **options: Any) -> Any:
        def pass_on(step: Any) -> None:
            if step.name == "judging":
                assert gate.wait(60)
            on_progress(step)

        return check_return(*arguments, on_progress=pass_on, **options)

    monkeypatch.setattr(uploading, "check_return", check_slowly)
    visitor = office.start_visit(ACCOUNT)
    page = visitor.open_page("/upload").submit_form(
        "Upload and check", [make_part("third.xlsx", make_unusual_return())]
    )
    for _ in range(100):
        if "so far" in page.main:
            break
        page = visitor.open_page(page.address)
    assert page.find_elements("noscript meta[http-equiv=refresh]")
    assert "Comparing with the rules and with your earlier returns" in page.main
    assert page.find_elements("progress")[0].get("aria-label")
    gate.set()
    for _ in range(100):
        page = visitor.open_page(page.address)
        if not page.find_elements("[data-events]"):
            break
    assert "This is what we read" in page.main
    assert not page.find_elements("meta[http-equiv=refresh]")


def test_several_files_have_one_card_each_in_order(office: Office) -> None:
    broken = portal_fixture.make_workbook(portal_fixture.BROKEN)
    page = hand_in(office.start_visit(ACCOUNT), make_part("b.xlsx", make_unusual_return()), make_part("a.xlsx", broken))
    assert [e.text_content() for e in page.find_elements("article h2")] == ["b.xlsx", "a.xlsx"]
    assert len(list_uploads(office)) == 2
    assert page.find_elements(".rti-clear a")[0].get("href") == "/upload"


def test_same_file_again_is_recognised(office: Office) -> None:
    visitor = office.start_visit(ACCOUNT)
    hand_in(visitor, make_part("third.xlsx", make_unusual_return()))
    page = hand_in(visitor, make_part("copy.xlsx", make_unusual_return()))
    assert "This exact file was uploaded before. Its state: Draft, not yet sent." in page.main
    assert len(list_uploads(office)) == 1


def test_published_file_uploaded_again_is_shown_as_published(office: Office) -> None:
    page = hand_in(
        office.start_visit(ACCOUNT), make_part(portal_fixture.RETURN.name, portal_fixture.RETURN.read_bytes())
    )
    assert "Its state: Published. Uploading it again changed nothing." in page.main
    assert re.search(r"Published, uploaded on 2026-\d\d-\d\d\.", page.main)
    assert "A draft" not in page.main and "Nothing has been sent" not in page.main
    assert not list_uploads(office)


def test_card_warns_of_withdrawals_only_if_a_return_is_replaced(office: Office) -> None:
    replacing = hand_in(office.start_visit(ACCOUNT), make_part("third.xlsx", make_unusual_return()))
    assert "Whole return: what it leaves out is withdrawn" in replacing.main
    published_page = hand_in(
        office.start_visit(ACCOUNT), make_part(portal_fixture.RETURN.name, portal_fixture.RETURN.read_bytes())
    )
    card = published_page.main.rpartition("This is what we read")[2]
    assert "Whole return" in card and "what it leaves out is withdrawn" not in card


def test_unrecognised_file_is_not_saved_and_can_be_checked_as_a_form(office: Office) -> None:
    visitor = office.start_visit(ACCOUNT)
    page = hand_in(visitor, make_part("notes.csv", b"a;b\n1;2\n"))
    assert "Not saved: see below what to do" in page.main and "Why it was not saved" in page.main
    assert not page.find_links("show the validation report") and not list_uploads(office)
    assert "This file cannot be read" not in page.main
    assert "Choose the form yourself" in page.find_elements("article")[0].text_content()
    rechecked_page = page.submit_form("Check again", form="AL-JUSTICE-1")
    for _ in range(100):
        if not rechecked_page.find_elements("[data-events]"):
            break
        rechecked_page = visitor.open_page(rechecked_page.address)
    assert [e.text_content() for e in rechecked_page.find_elements("article h2")] == ["notes.csv"]
    assert "AL-JUSTICE-1" in rechecked_page.main


def test_unreadable_file_is_not_said_to_lack_a_form(office: Office) -> None:
    page = hand_in(office.start_visit(ACCOUNT), make_part("empty.xlsx", b""))
    assert "Why it was not saved" in page.main and "The file is empty." in page.main
    assert "This is what we read" not in page.main
    assert "No form was recognised" not in page.main


def test_check_as_corrections_replaces_the_draft(office: Office) -> None:
    visitor = office.start_visit(ACCOUNT)
    page = hand_in(visitor, make_part("third.xlsx", make_unusual_return()))
    rechecked_page = page.submit_form("Check again", patch="1")
    for _ in range(100):
        if not rechecked_page.find_elements("[data-events]"):
            break
        rechecked_page = visitor.open_page(rechecked_page.address)
    assert "Corrections only: what it leaves out stays as it was" in rechecked_page.main
    assert sorted((entry.state, entry.row.kind) for entry in list_uploads(office)) == [
        ("checked", "patch"),
        ("withdrawn", "full"),
    ]


def test_sent_upload_is_not_withdrawn_by_a_second_check(office: Office) -> None:
    visitor = office.start_visit(ACCOUNT)
    page = hand_in(visitor, make_part("third.xlsx", make_unusual_return()))
    (draft,) = list_uploads(office)
    sender = accounts.get_identity(office.desk.engine, ACCOUNT)
    service.justify_warnings(
        office.desk, sender, draft.submission_id, None, "large_case", "Two large cases in September."
    )
    service.send_submission(office.desk, sender, draft.submission_id, reason="late_data")
    page.submit_form("Check again", patch="1")
    assert "sent" in {entry.state for entry in list_uploads(office)}


def test_form_that_the_person_may_not_submit_is_refused(office: Office) -> None:
    visitor = office.start_visit(ACCOUNT)
    page = hand_in(visitor, make_part("notes.csv", b"a;b\n1;2\n"))
    assert "HR-REGISTER-1" not in page.response.text
    refused = page.submit_form("Check again", form="HR-REGISTER-1")
    assert not refused.find_elements("article") and not list_uploads(office)


def test_upload_without_a_file_shows_an_error_at_the_field(office: Office) -> None:
    page = office.start_visit(ACCOUNT).open_page("/upload").submit_form("Upload and check")
    assert (page.status, page.errors) == (422, ["Choose a file first."])
    assert page.find_elements("#files")[0].get("aria-invalid") == "true"


def test_upload_of_another_person_is_not_shown(office: Office) -> None:
    page = hand_in(office.start_visit(ACCOUNT), make_part("third.xlsx", make_unusual_return()))
    foreign_page = office.open("mk-sender", page.address)
    assert "third.xlsx" not in foreign_page.response.text and "Albania" not in foreign_page.main
    assert "This upload is no longer shown here" in foreign_page.main
    assert "Nothing was saved" not in foreign_page.main, "nobody knows what became of it"


@pytest.mark.parametrize("account", ["al-approver", "xk-viewer", "nobody"])
def test_upload_page_is_closed_to_people_who_may_not_submit(office: Office, account: str) -> None:
    visitor = office.start_visit(account)
    assert visitor.open_page("/upload").status == 403
    token = visitor.open_page("/account").find_elements("input[name=csrf]")[0].get("value")
    response = visitor.post_raw("/upload", data={"csrf": token}, files=[make_part("third.xlsx", make_unusual_return())])
    assert response.status == 403


# -------------------------------------------------------------------------------------------------------------- scripts


def test_script_receives_events_of_each_step_and_the_end(office: Office) -> None:
    visitor = office.start_visit(ACCOUNT)
    visitor.client.cookies = visitor.cookies
    response = visitor.open_page("/upload").submit_form(
        "Upload and check", [make_part("third.xlsx", make_unusual_return())], headers=SCRIPT
    )
    assert response.response.status_code == 202
    answer = response.response.json()
    events = list(follow_events(visitor, answer["events"]))
    assert [name for name, _ in events][-1] == "end" and {name for name, _ in events[:-1]} <= {"card"}
    assert "This is what we read" in events[-1][1] and "<script" not in events[-1][1]
    repeated_events = list(follow_events(visitor, answer["events"]))
    assert [name for name, _ in repeated_events] == ["end"] and repeated_events[0] == events[-1]
    assert "This is what we read" in visitor.open_page(f"/upload?upload={answer['upload']}").main


def test_script_receives_an_end_event_for_an_unknown_upload(office: Office) -> None:
    visitor = office.start_visit(ACCOUNT)
    visitor.client.cookies = visitor.cookies
    events = list(follow_events(visitor, "/upload/events?id=0123456789abcdef"))
    assert [name for name, _ in events] == ["end"] and "no longer shown here" in events[0][1]


def test_script_gets_errors_as_json(office: Office) -> None:
    visitor = office.start_visit(ACCOUNT)
    response = visitor.open_page("/upload").submit_form("Upload and check", headers=SCRIPT)
    assert (response.status, response.response.json()) == (422, {"error": "Choose a file first."})


def test_file_sent_again_after_a_broken_connection_is_saved_once(office: Office) -> None:
    visitor = office.start_visit(ACCOUNT)
    token = visitor.open_page("/upload").find_elements("input[name=csrf]")[0].get("value")
    fields = {"csrf": (None, token), "upload_id": (None, "11112222-3333-4444-5555-666677778888")}
    answers = [
        visitor.post_raw(
            "/upload", files=[*fields.items(), make_part("third.xlsx", make_unusual_return())], headers=SCRIPT
        )
        for _ in range(3)
    ]
    assert len({answer.response.text for answer in answers}) == 1
    page = visitor.open_page(f"/upload?upload={answers[0].response.json()['upload']}")
    for _ in range(100):
        if not page.find_elements("[data-events]"):
            break
        page = visitor.open_page(page.address)
    assert "already uploaded" not in page.main and len(list_uploads(office)) == 1


# --------------------------------------------------------------------------------------------------------------- faults


def test_full_disk_is_reported_and_nothing_is_saved(office: Office, monkeypatch: pytest.MonkeyPatch) -> None:
    import errno

    def fail_with_full_disk(*_: Any, **__: Any) -> Any:
        raise OSError(errno.ENOSPC, "No space left on device", "/secret/path")

    monkeypatch.setattr(service, "upload_file", fail_with_full_disk)
    page = hand_in(office.start_visit(ACCOUNT), make_part("third.xlsx", make_unusual_return()))
    assert "Nothing was saved" in page.main and "Nothing that was confirmed to you is lost" in page.main
    assert "/secret/path" not in page.response.text


def test_unexpected_fault_is_reported_without_its_message(office: Office, monkeypatch: pytest.MonkeyPatch) -> None:
    def raise_value_error(*_: Any, **__: Any) -> Any:
        raise ValueError("Ana Anić, 1990")

    monkeypatch.setattr(service, "upload_file", raise_value_error)
    page = hand_in(office.start_visit(ACCOUNT), make_part("third.xlsx", make_unusual_return()))
    assert "Nothing was saved" in page.main and "ask the steward" in page.main
    assert not re.search("Ana|1990", page.response.text)


def test_refusal_of_the_desk_is_shown(office: Office, monkeypatch: pytest.MonkeyPatch) -> None:
    def raise_refusal(*_: Any, **__: Any) -> Any:
        raise service.SubmissionRefusedError("This home takes such a file from nobody.")

    monkeypatch.setattr(service, "upload_file", raise_refusal)
    page = hand_in(office.start_visit(ACCOUNT), make_part("third.xlsx", b"anything"))
    assert "This home takes such a file from nobody." in page.main and not list_uploads(office)
