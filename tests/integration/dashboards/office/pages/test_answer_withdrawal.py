"""Withdraw a return: by one person before it is accepted, with a second person afterwards."""

from __future__ import annotations

from typing import TYPE_CHECKING

from pipelines.submissions import service
from tests.support.service.returns_fixture import approve_return, find_identity, upload_draft

if TYPE_CHECKING:
    from tests.support.service.office_client import Office

REASON = {"withdraw-reason": "wrong_return", "withdraw-comment": "The wrong year"}


def _state(office: Office, number: str) -> str:
    return service.get_submission(office.desk, find_identity(office.desk, "secretariat"), number).state


def test_withdrawal_asks_twice_and_says_what_follows(office: Office) -> None:
    number = upload_draft(office.desk)
    page = office.open("al-sender", "/answer", id=number)
    refused = page.submit("Withdraw", **{"withdraw-comment": "The wrong year"})
    assert refused.status == 422 and refused.errors == ["Choose a reason and explain it in your own words."]
    assert refused.select("details[open] #withdraw-reason")
    assert refused.select("#withdraw-comment")[0].get("value") == "The wrong year"
    asked = refused.submit("Withdraw", **REASON)
    assert asked.heading == "Withdraw this return?"
    assert "Nobody will decide on it any more." in asked.main and "The wrong year" in asked.main
    assert _state(office, number) == "checked", "not yet"
    kept = asked.follow("No, leave it as it is")
    assert kept.address == f"/answer?id={number}" and _state(office, number) == "checked"
    page = asked.submit("Yes, withdraw it")
    assert page.result == "Withdrawn." and _state(office, number) == "withdrawn"
    assert page.address == f"/answer?id={number}" and "Withdrawn" in page.main


def test_accepted_return_is_withdrawn_by_a_second_person(office: Office) -> None:
    number = approve_return(office.desk)
    page = office.open("al-sender", "/answer", id=number)
    assert "Withdraw" not in page.buttons()
    ask = "Request the withdrawal"
    refused = page.submit(ask)
    assert refused.status == 422 and refused.errors == ["Choose a reason and explain it in your own words."]
    page = refused.submit(ask, **{"request-reason": "wrong_return", "request-comment": "The wrong year"})
    assert page.result == "Request sent. Your colleagues who can approve it will be notified."
    later = office.open("al-sender", "/answer", id=number)
    assert "A withdrawal has been requested" in later.main and "The wrong year" in later.main
    assert ask not in later.buttons() and "Withdraw" not in later.buttons()
    steward = office.open("secretariat", "/answer", id=number)
    assert "A withdrawal has been requested" in steward.main
    offers = [e.text_content() for e in steward.select("summary") if "ithdraw" in e.text_content()]
    assert offers == ["Withdraw by override as steward"]
    page = office.open("al-approver", "/answer", id=number)
    assert "The wrong year" in page.main
    asked = page.submit("Withdraw", **{**REASON, "withdraw-comment": "Indeed"})
    assert "From the next refresh it no longer counts" in asked.main
    assert asked.submit("Yes, withdraw it").result == "Withdrawn."
    assert _state(office, number) == "withdrawn"
    assert "Withdrawal requested" in office.open("al-sender", "/answer", id=number, view="events").main


def test_steward_withdraws_by_override_and_the_comment_stays(office: Office) -> None:
    number = approve_return(office.desk)
    page = office.open("secretariat", "/answer", id=number)
    asked = page.submit("Withdraw", **REASON)
    assert "Withdraw by override as steward" in asked.main
    page = asked.submit("Yes, withdraw it")
    assert page.result == "Withdrawn." and _state(office, number) == "withdrawn"
    later = office.open("al-sender", "/answer", id=number)
    assert "Withdrawn by override of the steward" in later.main and "The wrong year" in later.main


def test_confirmation_of_a_withdrawal_that_is_not_possible_any_more_leads_to_the_page(office: Office) -> None:
    number = upload_draft(office.desk)
    page = office.open("al-sender", "/answer", id=number)
    asked = page.submit("Withdraw", **REASON)
    asked.submit("Yes, withdraw it")
    again = asked.submit("Yes, withdraw it")
    assert again.status in (403, 409) and again.errors
    back = page.submit("Withdraw", **REASON)
    assert back.address == f"/answer?id={number}" and back.heading != "Withdraw this return?"
