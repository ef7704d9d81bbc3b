"""Tests of withdrawing a return: by one person before it is accepted, by a second person afterwards."""

from __future__ import annotations

from typing import TYPE_CHECKING

from pipelines.submissions import service
from tests.support.service.example_returns import approve_return, get_identity, upload_draft

if TYPE_CHECKING:
    from tests.support.service.office_client import Office

REASON = {"withdraw-reason": "wrong_return", "withdraw-comment": "The wrong year"}


def _state(office: Office, number: str) -> str:
    return service.get_submission(office.desk, get_identity(office.desk, "secretariat"), number).state


def test_withdrawal_asks_for_confirmation_and_states_the_consequences(office: Office) -> None:
    number = upload_draft(office.desk)
    page = office.open("al-sender", "/answer", id=number)
    refused = page.submit_form("Withdraw", **{"withdraw-comment": "The wrong year"})
    assert refused.status == 422 and refused.errors == ["Choose a reason and explain it in your own words."]
    assert refused.find_elements("details[open] #withdraw-reason")
    assert refused.find_elements("#withdraw-comment")[0].get("value") == "The wrong year"
    confirmation = refused.submit_form("Withdraw", **REASON)
    assert confirmation.heading == "Withdraw this draft?"
    assert "Nobody will decide on it any more." in confirmation.main and "The wrong year" in confirmation.main
    assert _state(office, number) == "checked", "not yet"
    unchanged_page = confirmation.follow_link("No, leave it as it is")
    assert unchanged_page.address == f"/answer?id={number}" and _state(office, number) == "checked"
    page = confirmation.submit_form("Yes, withdraw it")
    assert page.result == "Withdrawn." and _state(office, number) == "withdrawn"
    assert page.address == f"/answer?id={number}" and "Withdrawn" in page.main


def test_accepted_return_is_withdrawn_by_a_second_person(office: Office) -> None:
    number = approve_return(office.desk)
    page = office.open("al-sender", "/answer", id=number)
    assert "Withdraw" not in page.list_buttons()
    ask = "Request the withdrawal"
    refused = page.submit_form(ask)
    assert refused.status == 422 and refused.errors == ["Choose a reason and explain it in your own words."]
    page = refused.submit_form(ask, **{"request-reason": "wrong_return", "request-comment": "The wrong year"})
    assert page.result == "Request sent. Your colleagues who can approve it will be notified."
    sender_page = office.open("al-sender", "/answer", id=number)
    assert "A withdrawal has been requested" in sender_page.main and "The wrong year" in sender_page.main
    assert ask not in sender_page.list_buttons() and "Withdraw" not in sender_page.list_buttons()
    steward = office.open("secretariat", "/answer", id=number)
    assert "A withdrawal has been requested" in steward.main
    offers = [e.text_content() for e in steward.find_elements("summary") if "ithdraw" in e.text_content()]
    assert offers == ["Withdraw by override as steward"]
    page = office.open("al-approver", "/answer", id=number)
    assert "The wrong year" in page.main
    confirmation = page.submit_form("Withdraw", **{**REASON, "withdraw-comment": "Indeed"})
    assert "From the next update of the figures it no longer counts" in confirmation.main
    assert confirmation.submit_form("Yes, withdraw it").result == "Withdrawn."
    assert _state(office, number) == "withdrawn"
    assert "Withdrawal requested" in office.open("al-sender", "/answer", id=number, view="events").main


def test_steward_withdraws_by_override_and_the_comment_is_shown(office: Office) -> None:
    number = approve_return(office.desk)
    page = office.open("secretariat", "/answer", id=number)
    confirmation = page.submit_form("Withdraw", **REASON)
    assert "Withdraw by override as steward" in confirmation.main
    page = confirmation.submit_form("Yes, withdraw it")
    assert page.result == "Withdrawn." and _state(office, number) == "withdrawn"
    sender_page = office.open("al-sender", "/answer", id=number)
    assert "Withdrawn by override of the steward" in sender_page.main and "The wrong year" in sender_page.main


def test_confirmation_of_a_withdrawal_that_is_no_longer_possible_shows_the_page(office: Office) -> None:
    number = upload_draft(office.desk)
    page = office.open("al-sender", "/answer", id=number)
    confirmation = page.submit_form("Withdraw", **REASON)
    confirmation.submit_form("Yes, withdraw it")
    second_attempt = confirmation.submit_form("Yes, withdraw it")
    assert second_attempt.status in (403, 409) and second_attempt.errors
    second_request = page.submit_form("Withdraw", **REASON)
    assert second_request.address == f"/answer?id={number}" and second_request.heading != "Withdraw this return?"
