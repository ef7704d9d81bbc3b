"""Every address that changes something, tried by people who may not use it: nobody, another site, a stranger."""

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
from tests.support.service import portal_fixture
from tests.support.service.office_client import Office

HARMLESS = {"/language", "/sign-out"}
"""Addresses that anybody who has signed in may use; they concern nobody else."""


def form_addresses() -> list[str]:
    """Every address to which a page submits a form."""
    routers = [pages.language.router, *(page.router for page in pages.PAGES)]
    routes = [route for router in routers for route in router.routes]
    assert all(isinstance(route, APIRoute | Route) for route in routes), "a nested router hides its addresses"
    return sorted({route.path for route in routes if "POST" in (getattr(route, "methods", None) or ())})  # type: ignore[attr-defined]


ADDRESSES = form_addresses()


@pytest.fixture
def sent(office: Office) -> Iterator[str]:
    """A return that waits for approval, and nothing of it changes."""
    who = accounts.get_identity(office.desk.engine, "al-sender")
    uploaded = service.upload_file(office.desk, who, portal_fixture.workbook(portal_fixture.UNUSUAL), "third.xlsx")
    assert uploaded.submission_id is not None
    text = "Two large cases were reported in September."
    service.justify_warnings(office.desk, who, uploaded.submission_id, None, "large_case", text)
    service.send_submission(office.desk, who, uploaded.submission_id, reason="late_data")
    before = marks(office, uploaded.submission_id)
    yield uploaded.submission_id
    assert marks(office, uploaded.submission_id) == before, "something was changed"


def marks(office: Office, submission_id: str) -> Any:
    """What an act on the return, on any account or on the audit log would change."""
    who = accounts.get_identity(office.desk.engine, "secretariat")
    events = service.list_events(office.desk, who, submission_id)
    people = [
        (account.account_id, account.disabled, account.must_change, account.grants)
        for account in accounts.all_accounts(office.desk.engine)
    ]
    return len(events), people, len(audit_log.list_entries(office.desk.engine))


def everything(submission_id: str) -> dict[str, str]:
    """The fields of every form, so that no address refuses for want of one."""
    return {
        "id": submission_id, "reason": "late_data", "comment": "because", "text": "Two large cases in September.",
        "account": "al-approver", "grant": "0", "role": "approver", "place": "AL", "instrument": "justice",
        "form": "AL-JUSTICE-1", "periods": "2026-Q4", "language": "sq", "name": "x", "new": "zz-new", "session": "1",
        "token": "1", "upload": "0123456789abcdef", "confirm": "yes",
    }  # fmt: skip


def test_every_page_is_in_the_list_of_addresses() -> None:
    assert {"/upload", "/answer/send", "/answer/approve", "/practice/reset", "/language"} <= set(ADDRESSES)
    assert len(ADDRESSES) > 30


def test_nobody_is_asked_to_sign_in_at_every_address(office: Office, sent: str) -> None:
    for address in ADDRESSES:
        answer = office.visit(None).post_raw(address, data=everything(sent), follow=False)
        assert (answer.status, answer.response.headers["location"]) == (303, "/sign-in"), address


@pytest.mark.parametrize("account", ["secretariat", "al-approver"])
def test_form_without_the_token_of_the_session_does_nothing(office: Office, sent: str, account: str) -> None:
    visitor, other = office.visit(account), office.visit(account)
    foreign = other.get("/account").select("input[name=csrf]")[0].get("value")
    for address in ADDRESSES:
        for token in ({}, {"csrf": ""}, {"csrf": foreign}):
            sender: Any = {"data": everything(sent) | token}
            if address in ("/upload", "/practice"):
                sender["files"] = [("files", ("a.csv", b"1"))]
            answer = visitor.post_raw(address, **sender)
            assert answer.status == 403, (address, token, answer.main[:200])


def test_form_that_another_site_submits_does_nothing(office: Office, sent: str) -> None:
    visitor = office.visit("al-approver")
    token = visitor.get("/account").select("input[name=csrf]")[0].get("value")
    for address in ADDRESSES:
        for headers in ({"Origin": "https://elsewhere.example"}, {"Sec-Fetch-Site": "cross-site"}):
            answer = visitor.post_raw(address, data=everything(sent) | {"csrf": token}, headers=headers)
            assert answer.status == 403, (address, headers)


@pytest.mark.parametrize("account", ["mk-sender", "xk-viewer", "nobody", "ba-brc-sender"])
def test_stranger_changes_nothing_of_a_return_or_an_account_at_any_address(
    office: Office, sent: str, account: str
) -> None:
    visitor = office.visit(account)
    token = visitor.get("/account").select("input[name=csrf]")[0].get("value")
    for address in ADDRESSES:
        if address in HARMLESS or address.startswith(("/account", "/practice")):
            continue
        answer = visitor.post_raw(address, data=everything(sent) | {"csrf": token})
        assert "third.xlsx" not in answer.response.text, address
        assert answer.status in (200, 400, 403, 404, 409, 413, 422), (address, answer.status)
