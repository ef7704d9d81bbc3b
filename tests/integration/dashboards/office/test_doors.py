"""Tests that every address that changes something refuses people who may not use it.

The visitors are signed out, come from another site, or belong to another office.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest
from fastapi.routing import APIRoute
from starlette.routing import Route

from dashboards.office import pages
from pipelines.ledger import audit_log
from pipelines.submissions import service
from pipelines.submissions.accounts import accounts
from tests.support.service.example_returns import send_return
from tests.support.service.office_client import Office

HARMLESS = {"/language", "/sign-out"}
"""Addresses that every signed-in person may use; they affect nobody else."""


def list_form_addresses() -> list[str]:
    """Return every address to which a page submits a form."""
    routers = [pages.language.router, *(page.router for page in pages.PAGES)]
    routes = [route for router in routers for route in router.routes]
    assert all(isinstance(route, APIRoute | Route) for route in routes), "a nested router hides its addresses"
    return sorted({route.path for route in routes if "POST" in (getattr(route, "methods", None) or ())})  # type: ignore[attr-defined]


ADDRESSES = list_form_addresses()


@pytest.fixture(scope="module")
def stored_return(shared_office: Office) -> str:
    """A return that waits for approval."""
    return send_return(shared_office.desk)


@pytest.fixture
def sent_return(shared_office: Office, stored_return: str) -> Iterator[str]:
    """A return that waits for approval; it must be unchanged after the test."""
    before = read_state(shared_office, stored_return)
    yield stored_return
    assert read_state(shared_office, stored_return) == before, "something was changed"


def read_state(office: Office, submission_id: str) -> Any:
    """Return the state that an act on the return, on an account or on the audit log would change."""
    steward = accounts.get_identity(office.desk.engine, "secretariat")
    events = service.list_events(office.desk, steward, submission_id)
    people = [
        (account.account_id, account.disabled, account.must_change, account.grants)
        for account in accounts.all_accounts(office.desk.engine)
    ]
    return len(events), people, len(audit_log.list_entries(office.desk.engine))


def fill_all_fields(submission_id: str) -> dict[str, str]:
    """Return the fields of every form, so that no address refuses because a field is missing."""
    return {
        "id": submission_id, "reason": "late_data", "comment": "because", "text": "Two large cases in September.",
        "account": "al-approver", "grant": "0", "role": "approver", "place": "AL", "instrument": "justice",
        "form": "AL-JUSTICE-1", "periods": "2026-Q4", "language": "sq", "name": "x", "new": "zz-new", "session": "1",
        "token": "1", "upload": "0123456789abcdef", "confirm": "yes",
    }  # fmt: skip


def test_list_of_addresses_is_complete() -> None:
    assert {"/upload", "/answer/send", "/answer/approve", "/practice/reset", "/language"} <= set(ADDRESSES)
    assert len(ADDRESSES) > 30


def test_signed_out_visitor_is_redirected_to_sign_in_at_every_address(shared_office: Office, sent_return: str) -> None:
    for address in ADDRESSES:
        answer = shared_office.start_visit(None).post_raw(address, data=fill_all_fields(sent_return), follow=False)
        assert (answer.status, answer.response.headers["location"]) == (303, "/sign-in"), address


@pytest.mark.parametrize("account", ["secretariat", "al-approver"])
def test_form_without_the_token_of_the_session_is_refused(
    shared_office: Office, sent_return: str, account: str
) -> None:
    visitor, other_session = shared_office.start_visit(account), shared_office.start_visit(account)
    foreign_token = other_session.open_page("/account").find_elements("input[name=csrf]")[0].get("value")
    for address in ADDRESSES:
        for token in ({}, {"csrf": ""}, {"csrf": foreign_token}):
            request: Any = {"data": fill_all_fields(sent_return) | token}
            if address in ("/upload", "/practice"):
                request["files"] = [("files", ("a.csv", b"1"))]
            answer = visitor.post_raw(address, **request)
            assert answer.status == 403, (address, token, answer.main[:200])


def test_form_submitted_by_another_site_is_refused(shared_office: Office, sent_return: str) -> None:
    visitor = shared_office.start_visit("al-approver")
    token = visitor.open_page("/account").find_elements("input[name=csrf]")[0].get("value")
    for address in ADDRESSES:
        for headers in ({"Origin": "https://elsewhere.example"}, {"Sec-Fetch-Site": "cross-site"}):
            answer = visitor.post_raw(address, data=fill_all_fields(sent_return) | {"csrf": token}, headers=headers)
            assert answer.status == 403, (address, headers)


@pytest.mark.parametrize("account", ["mk-sender", "xk-viewer", "nobody", "ba-brc-sender"])
def test_stranger_cannot_change_a_return_or_an_account_at_any_address(
    shared_office: Office, sent_return: str, account: str
) -> None:
    visitor = shared_office.start_visit(account)
    token = visitor.open_page("/account").find_elements("input[name=csrf]")[0].get("value")
    for address in ADDRESSES:
        if address in HARMLESS or address.startswith(("/account", "/practice")):
            continue
        answer = visitor.post_raw(address, data=fill_all_fields(sent_return) | {"csrf": token})
        assert "third.xlsx" not in answer.response.text, address
        assert answer.status in (200, 400, 403, 404, 409, 413, 422), (address, answer.status)
