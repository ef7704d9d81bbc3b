"""Tests that all pages are listed and have content, and that every address refuses people who may not use it.

The addresses are those of forms, pages and files.
The visitors are signed out, come from another site, or belong to another office. What they ask for exists: every page
has content, and every field of every form has a value that somebody else could send.
"""

from __future__ import annotations

import ast
import fnmatch
from collections.abc import Iterator, Mapping
from types import ModuleType
from typing import Any

import pytest
from fastapi import APIRouter
from fastapi.routing import APIRoute
from starlette.routing import Route

from dashboards.office import pages
from dashboards.office.pages import returns
from pipelines.ledger import audit_log
from pipelines.submissions import service
from pipelines.submissions.accounts import accounts
from pipelines.submissions.experts.store import LOOKED_UP
from tests.support.releases import two_editions
from tests.support.service import office_pages, portal_fixture
from tests.support.service.example_returns import send_return
from tests.support.service.form_fields import FieldFinder, list_form_fields
from tests.support.service.office_client import Office
from tests.support.service.office_pages import PRIVATE, STRANGERS
from tests.support.service.visitor import Visitor

HARMLESS = {"/language", "/sign-out"}
"""Addresses that every signed-in person may use; they affect nobody else."""

_WITH_ROLE = ("mk-sender", "xk-viewer", "ba-brc-sender")
_SENDERS = ("mk-sender", "ba-brc-sender")
NOT_REFUSED: dict[str, tuple[int, tuple[str, ...]]] = {
    # Everyone with a role for cooperation may write to an expert; the home of the tests has no sender address.
    "/experts/message": (409, _WITH_ROLE),
    # Everybody may fill in a model document, and nothing of it is stored; here fields are missing.
    "/model-documents/download": (422, STRANGERS),
    # The form is not one of theirs, so their own page is shown again.
    "/nil/confirm": (422, _SENDERS),
    "/nil/declare": (409, _SENDERS),
    "/nil/edit": (200, _SENDERS),
    # No file was chosen, and nobody else's upload can be named.
    "/upload": (400, _SENDERS),
    "/upload/again": (303, _SENDERS),
}
"""Addresses that answer some strangers with another status than 403: the status, and the strangers."""


def list_form_addresses() -> list[str]:
    """Return every address to which a page submits a form."""
    routers = [pages.language.router, *(page.router for page in pages.PAGES)]
    routes = [route for router in routers for route in router.routes]
    assert all(isinstance(route, APIRoute | Route) for route in routes), "a nested router hides its addresses"
    return sorted({route.path for route in routes if "POST" in (getattr(route, "methods", None) or ())})  # type: ignore[attr-defined]


ADDRESSES = list_form_addresses()


@pytest.fixture(scope="module")
def state(shared_office: Office) -> dict[str, str]:
    """The fields of the addresses of all pages, and the ids of what waits for a decision of its people."""
    return office_pages.prepare_pages(shared_office.desk, send_return(shared_office.desk))


@pytest.fixture
def unchanged(shared_office: Office, state: dict[str, str]) -> Iterator[dict[str, str]]:
    """The state; nothing of it may be changed by the test."""
    before = read_state(shared_office, state["waiting"])
    yield state
    assert read_state(shared_office, state["waiting"]) == before, "something was changed"


def read_state(office: Office, submission_id: str) -> Any:
    """Return the state that an act on the return, on an account or on the audit log would change."""
    steward = accounts.get_identity(office.desk.engine, "secretariat")
    events = service.list_events(office.desk, steward, submission_id)
    people = [
        (account.account_id, account.disabled, account.must_change, account.grants)
        for account in accounts.all_accounts(office.desk.engine)
    ]
    # Everybody with a role may look experts up, and each search is recorded.
    acts = [entry for entry in audit_log.list_entries(office.desk.engine) if entry["action"] != LOOKED_UP]
    return len(events), people, len(acts)


FIELDS: dict[str, str] = {
    "account": "al-approver", "address": "new@tests.example", "answer-TR08": "2", "applies_from": "2024-05",
    "area": "AL", "article": "Article 7", "at": "2027-02-15T09:00", "back": "/board", "check": "coverage",
    "checklist": "1", "citation": "Official Gazette 7/2024", "comment": "This is the reason of a stranger.",
    "confirmed": "1", "crimes": "TIP", "date": "2003", "days": "30", "deadline": "2027-03-31",
    "decide-comment": "This is the reason of a stranger.", "document": "jit_agreement", "element": "COSTS",
    "email": "new@tests.example", "entry-case": "Case 7", "event": "signed", "evidence": "It was done in March by all.",
    "expected": two_editions.NEWER, "form": "AL-JUSTICE-1", "format": "docx", "grant": "approver AL justice",
    "group": "1", "indicator": "executed_outgoing", "institution": "Office of a stranger", "is_provided": "yes",
    "issuer": portal_fixture.ISSUER, "jurisdiction": "AL", "label": "token", "language": "sq", "languages": "sq",
    "letter_language": "sq", "mail": "new@tests.example", "name": "Reader of the tests", "new": "zz-new", "news": "on",
    "organisation": "Office of a stranger", "override": "1", "override-comment": "This is the reason of a stranger.",
    "owner": "police", "patch": "1", "period": "2026-Q4", "place": "AL", "position": "Expert 8 of the office",
    "procedures": "joint_team", "question": "FR01", "reason": "late_data", "reason-1": "large_case", "region": "North",
    "release": two_editions.EARLIER, "request-comment": "This is the reason of a stranger.",
    "request-reason": "late_data", "result-EU_MLA": "met", "reviewer_role": "judge", "role": "approver",
    "send-comment": "This is the reason of a stranger.", "send-reason": "late_data", "session": "1",
    "source": "Register of a stranger", "status": "done", "subject": "zz-new", "territory": "AL",
    "text": "Two large cases were reported in September.", "text-1": "Two large cases in September.", "token": "1",
    "treaty": "ETS182", "upload": "0123456789abcdef", "upload_id": "0123456789abcdef", "view": "findings",
    "what": "justice", "withdraw-comment": "This is the reason of a stranger.", "withdraw-reason": "late_data",
    "year": "2026",
}  # fmt: skip
"""A value for each field that a page reads from a form, except for the ids of what exists in the home of the tests."""
IDS = ("id", "proposal", "statement", "round", "digest")
"""Fields with such ids."""


def fill_all_fields(state: Mapping[str, str], address: str) -> dict[str, str]:
    """Return every field that a form may have, so that no address refuses because a field is missing or unknown."""
    page = address.split("/")[1]
    if address in ("/upload", "/practice"):
        return {name: FIELDS[name] for name in ("form", "patch", "upload_id")}
    ids = {"measures": state["measure"], "experts": state["expert"]}
    return FIELDS | {
        "id": ids.get(page, state["waiting"]),
        "proposal": state.get(f"proposal of {page}", "P1"),
        "statement": state["statement"],
        "round": state["round"],
        "digest": state["digest"],
    }


def test_every_field_that_a_page_reads_is_filled_in() -> None:
    filled, read = {*FIELDS, *IDS}, list_form_fields()
    assert [name for name in read if not fnmatch.filter(filled, name)] == []
    assert [name for name in filled if not any(fnmatch.fnmatch(name, pattern) for pattern in read)] == []


def test_field_that_is_not_filled_in_is_noticed() -> None:
    source = "FIELD = 'planted'\ndef act(form):\n    return form.read_text(FIELD), form.has_field(f'planted-{FIELD}')\n"
    module = ModuleType("planted")
    module.FIELD = "planted"  # type: ignore[attr-defined]
    assert set(FieldFinder(module, ast.parse(source)).find_names()) == {"planted", "planted-*"}
    assert not fnmatch.filter(FIELDS, "planted*")


def get_routes(office: Office) -> list[object]:
    return list(office.client.app.routes)  # type: ignore[attr-defined]


def test_list_has_every_route_and_no_other(shared_office: Office) -> None:
    routes = get_routes(shared_office)
    assert office_pages.find_unlisted_routes(routes) == set()
    listed = {page.route for page in (*office_pages.PAGES, *office_pages.FILES)} | office_pages.OTHER_ROUTES.keys()
    assert listed - office_pages.list_get_routes(routes) == {office_pages.NO_ROUTE}


def test_new_page_without_an_entry_is_noticed(shared_office: Office) -> None:
    planted = APIRouter()
    planted.add_api_route("/planted", returns.show_returns, methods=["GET"])
    planted.add_api_route("/planted/act", returns.show_returns, methods=["POST"])
    whole = APIRouter()
    whole.include_router(planted)
    assert office_pages.find_unlisted_routes([*get_routes(shared_office), *whole.routes]) == {"/planted"}
    assert {page.path for page in pages.PAGES} <= {page.route for page in office_pages.PAGES}


@pytest.mark.sampled()
@pytest.mark.parametrize("page", office_pages.PAGES, ids=lambda page: page.address)
def test_page_opens_with_content(shared_office: Office, state: dict[str, str], page: office_pages.OfficePage) -> None:
    document = shared_office.open(page.account, page.fill_address(state))
    assert (document.status, document.address) == (page.status, page.fill_address(state))
    assert document.heading
    assert document.find_elements(page.content), "the page has nothing to show"


def test_files_are_sent_as_files(shared_office: Office, state: dict[str, str]) -> None:
    for file in office_pages.FILES:
        answer = shared_office.open(file.account, file.fill_address(state))
        assert answer.status == 200, file.address
        assert "attachment" in answer.response.headers["content-disposition"], file.address


def test_other_routes_are_no_pages(shared_office: Office, state: dict[str, str]) -> None:
    """Open those that lead elsewhere or have the state of the service; the others need an upload or a practice."""
    visitor = shared_office.start_visit(office_pages.STEWARD)
    for route, reason in office_pages.OTHER_ROUTES.items():
        address = route.replace("{round_id}", state["round"]).replace("{token}", state["link"])
        if reason.startswith("leads"):
            assert visitor.open_page(address, follow=False).status == 303, route
        elif reason == "health":
            assert Visitor(shared_office.client).open_page(address).response.headers["content-type"] != "text/html"


def test_list_of_addresses_is_complete() -> None:
    assert {"/upload", "/answer/send", "/answer/approve", "/practice/reset", "/language"} <= set(ADDRESSES)
    assert len(ADDRESSES) > 30


def test_signed_out_visitor_is_redirected_to_sign_in_at_every_address(
    shared_office: Office, unchanged: dict[str, str]
) -> None:
    for address in ADDRESSES:
        answer = shared_office.start_visit(None).post_raw(
            address, data=fill_all_fields(unchanged, address), follow=False
        )
        assert (answer.status, answer.response.headers["location"]) == (303, "/sign-in"), address


@pytest.mark.parametrize("account", ["secretariat", "al-approver"])
def test_form_without_the_token_of_the_session_is_refused(
    shared_office: Office, unchanged: dict[str, str], account: str
) -> None:
    visitor, other_session = shared_office.start_visit(account), shared_office.start_visit(account)
    foreign_token = other_session.open_page("/account").find_elements("input[name=csrf]")[0].get("value")
    for address in ADDRESSES:
        for token in ({}, {"csrf": ""}, {"csrf": foreign_token}):
            request: Any = {"data": fill_all_fields(unchanged, address) | token}
            if address in ("/upload", "/practice"):
                request["files"] = [("files", ("a.csv", b"1"))]
            answer = visitor.post_raw(address, **request)
            assert answer.status == 403, (address, token, answer.main[:200])


TAKING_AWAY = {
    "/account/session/end-others", "/account/token/revoke", "/experts/kept/erase", "/experts/own/erase",
    "/people/disable", "/people/revoke", "/people/sign-out", "/release-desk/end-preview", "/release-desk/override",
    "/release-desk/rollback", "/statements/withdraw", "/survey/close",
    *(f"/{page}/{act}" for page in ("law", "provisions", "treaties") for act in ("reject", "withdraw")),
}  # fmt: skip
"""Addresses of red buttons on the pages of the state. The page of an expert's link has a box to tick instead."""


@pytest.mark.sampled(turn=1)
def test_every_red_button_asks_before_anything_is_done(shared_office: Office, unchanged: dict[str, str]) -> None:
    shared_office.start_visit("mk-sender")
    shared_office.start_visit(office_pages.STEWARD)
    asking = set()
    for page in office_pages.PAGES:
        for account in (page.account, office_pages.SENDER) if page.account is not None and page.status == 200 else ():
            document = shared_office.open(account, page.fill_address(unchanged))
            for button in document.find_elements("#content button.rti-button-danger"):
                form = next(button.iterancestors("form"))
                address = button.get("formaction") or form.get("action")
                values = FIELDS | {"reason": FIELDS["comment"]}
                fields = {name: value or values.get(name, "") for name, value in form.form_values()}
                answer = document.visitor.post_raw(address, data=fields, follow=False)
                assert answer.status == 200 and answer.find_elements("input[name=confirmed]"), (account, address)
                asking.add(address)
    assert asking == TAKING_AWAY


def test_form_submitted_by_another_site_is_refused(shared_office: Office, unchanged: dict[str, str]) -> None:
    visitor = shared_office.start_visit("al-approver")
    token = visitor.open_page("/account").find_elements("input[name=csrf]")[0].get("value")
    for address in ADDRESSES:
        for headers in ({"Origin": "https://elsewhere.example"}, {"Sec-Fetch-Site": "cross-site"}):
            answer = visitor.post_raw(
                address, data=fill_all_fields(unchanged, address) | {"csrf": token}, headers=headers
            )
            assert answer.status == 403, (address, headers)


@pytest.mark.parametrize("account", STRANGERS)
def test_stranger_cannot_change_anything_at_any_address(
    shared_office: Office, unchanged: dict[str, str], account: str
) -> None:
    visitor = shared_office.start_visit(account)
    token = visitor.open_page("/account").find_elements("input[name=csrf]")[0].get("value")
    answered = {}
    for address in ADDRESSES:
        if address in HARMLESS or address.startswith(("/account", "/practice")):
            continue
        answer = visitor.post_raw(address, data=fill_all_fields(unchanged, address) | {"csrf": token}, follow=False)
        assert not [text for text in (*PRIVATE, "third.xlsx") if text in answer.response.text], address
        if answer.status != 403:
            answered[address] = answer.status
    assert answered == {address: status for address, (status, people) in NOT_REFUSED.items() if account in people}


@pytest.mark.parametrize("account", STRANGERS)
def test_stranger_opens_only_the_pages_and_files_of_everybody(
    shared_office: Office, state: dict[str, str], account: str
) -> None:
    visitor = shared_office.start_visit(account)
    opened, expected = {}, {}
    for page in (*office_pages.PAGES, *office_pages.FILES):
        if page.account is None or page.status != 200:
            continue
        address = page.fill_address(state)
        answer = visitor.open_page(address, follow=False)
        opened[address] = "refused" if answer.status in (403, 404) else answer.status
        expected[address] = 200 if account in page.open_to else "refused"
        hidden = [text for text in (*PRIVATE, "third.xlsx", page.hides) if text]
        assert not [text for text in hidden if text in answer.response.text.partition("<main")[2]], address
    assert [pair for pair in opened.items() if pair[1] != expected[pair[0]]] == []


def test_signed_out_visitor_is_redirected_from_every_page_and_file(
    shared_office: Office, unchanged: dict[str, str]
) -> None:
    for page in (*office_pages.PAGES, *office_pages.FILES):
        if page.account is None or page.status != 200:
            continue
        answer = shared_office.open(None, page.fill_address(unchanged))
        assert answer.address.startswith("/sign-in"), page.address
