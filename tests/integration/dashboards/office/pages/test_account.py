"""Tests of the page "My account": email, tokens, and the sessions of the account."""

from __future__ import annotations

import re

import pytest

from dashboards.office.pages.account import describe_browser
from pipelines.ledger.identity import Grant, NotAllowedError
from pipelines.submissions.accounts import accounts, tokens
from tests.support.service.example_returns import get_identity
from tests.support.service.office_client import Document, Office

UNSCR = "United Nations Security Council resolution 1244"
WINDOWS = "Mozilla/5.0 (Windows NT 10.0; Win64; x64; rv:143.0) Gecko/20100101 Firefox/143.0"
TOKEN = re.compile(r"rti_[0-9a-f]{16}_[\w-]+")


def list_sessions(page: Document) -> list[str]:
    """Return the rows of the table of sessions."""
    (form,) = [form for form in page.find_elements("form") if form.get("action") == "/account/session/end"]
    return [" ".join(row.text_content().split()) for row in form.cssselect("tbody tr")]


def test_account_shows_name_roles_and_its_footnote(shared_office: Office) -> None:
    page = shared_office.open("xk-viewer", "/account")
    assert page.heading == "My account"
    assert "Prosecutorial Council: viewer" in page.main and "xk-viewer" in page.main and "may see" in page.main
    assert UNSCR in page.text


def test_account_password_is_changed_on_its_own_page(office: Office) -> None:
    assert "the password is changed there" in office.open("al-sender", "/account").main
    accounts.create_account(office.desk.engine, "al-local", "Local", password="seven green boats", by="system")
    assert office.open("al-local", "/account").find_links("Change the password") == ["/password"]


# --------------------------------------------------------------------------------------------------------------- email


def test_account_email_is_saved(office: Office) -> None:
    page = office.open("al-sender", "/account").submit_form("Save this address", email=" office@example.org ")
    assert page.address == "/account" and page.result == "Saved."
    assert "Messages need an email address" not in page.main
    assert page.find_elements("input[name=email]")[0].get("value") == "office@example.org"
    emptied = page.submit_form("Save this address", email="")
    account = accounts.find_account(office.desk.engine, "al-sender")
    assert "Messages need an email address" in emptied.main
    assert emptied.result == "Saved." and account is not None and account.email is None


def test_account_invalid_email_is_refused_and_input_kept(shared_office: Office) -> None:
    page = shared_office.open("al-sender", "/account").submit_form("Save this address", email="no address")
    assert page.status == 422 and page.errors == ["'no address' is not an email address."]
    (field,) = page.find_elements("input[name=email]")
    assert field.get("value") == "no address" and field.get("aria-invalid") == "true"
    assert field.get("aria-describedby") == "email-error"


# -------------------------------------------------------------------------------------------------------------- tokens


def test_account_token_is_shown_once_and_revoked(office: Office) -> None:
    visitor = office.start_visit("al-sender")
    page = visitor.open_page("/account").submit_form("Create a token", label="nightly export", days="30")
    token = TOKEN.search(page.main)
    assert page.status == 200 and token is not None and "can be used" in page.main
    answer = page.response
    assert not answer.history and answer.headers["cache-control"] == "no-store"
    assert token[0] not in str(answer.headers) and token[0] not in str(answer.url)
    assert not [cookie for cookie in visitor.cookies.jar if token[0] in str(cookie.value)]
    assert tokens.verify_token(office.desk.engine, token[0]).account == "al-sender"
    assert page.find_elements("#secret[tabindex='-1'][autofocus]"), "the focus goes to it"
    reloaded_page = visitor.open_page("/account")
    assert token[0] not in reloaded_page.response.text, "shown once"
    assert "nightly export" in reloaded_page.main and "2026-12-20" in reloaded_page.main, "valid for 30 days"
    question = reloaded_page.submit_form("Revoke it")
    assert "You are about to revoke a token" in question.main and "nightly export" in question.main
    assert tokens.verify_token(office.desk.engine, token[0]), "not before it is confirmed"
    assert question.follow_link("No, leave it as it is").address == "/account"
    revoked = question.submit_form("Yes, revoke it")
    assert revoked.result and "revoked" in revoked.main and not revoked.find_forms("Revoke it")
    with pytest.raises(NotAllowedError):
        tokens.verify_token(office.desk.engine, token[0])


def test_account_token_without_a_name_is_refused_and_input_kept(shared_office: Office) -> None:
    page = shared_office.open("al-sender", "/account").submit_form("Create a token", label=" ", days="365")
    assert page.status == 422 and page.errors == [
        "Enter what the token is for; the name is shown in the list of tokens."
    ]
    assert page.find_elements("select[name=days] option[value='365'][selected]")
    assert not tokens.list_tokens(shared_office.desk.engine, "al-sender")


def test_account_without_a_role_gets_no_token(shared_office: Office) -> None:
    page = shared_office.open("nobody", "/account").submit_form("Create a token", label="for nothing")
    assert page.status == 403 and len(page.errors) == 1
    assert page.find_elements("input[name=label]")[0].get("value") == "for nothing"


def test_account_token_of_somebody_else_cannot_be_revoked(office: Office) -> None:
    own_token = tokens.issue_token(office.desk.engine, get_identity(office.desk, "al-sender"), "mine")
    foreign_token = tokens.issue_token(office.desk.engine, get_identity(office.desk, "mk-sender"), "other")
    page = office.open("al-sender", "/account")
    assert "other" not in [row.findtext("th") for row in page.find_elements("tbody tr")]
    assert page.submit_form("Revoke it", token=foreign_token.token_id).status == 403
    for issued in (own_token, foreign_token):
        assert tokens.verify_token(office.desk.engine, issued.text)


def test_account_marks_expired_token_as_expired(office: Office, monkeypatch: pytest.MonkeyPatch) -> None:
    tokens.issue_token(office.desk.engine, get_identity(office.desk, "al-sender"), "short", days=1)
    monkeypatch.setenv("RTI_NOW", "2026-11-25T09:00:00Z")
    page = office.open("al-sender", "/account")
    (row,) = [row for row in page.find_elements("tbody tr") if row.findtext("th") == "short"]
    assert "expired" in row.text_content() and not page.find_forms("Revoke it")


# ------------------------------------------------------------------------------------------------------------ sessions


def test_account_lists_its_own_sessions_and_marks_this_one(office: Office) -> None:
    office.start_visit("al-sender")
    office.start_visit("mk-sender")
    page = office.open("al-sender", "/account")
    rows = list_sessions(page)
    assert len(rows) == 2 and len([row for row in rows if "this browser" in row]) == 1
    assert all(re.search(r"\d{4}-\d\d-\d\d \d\d:\d\d UTC", row) for row in rows)
    buttons = page.find_elements("button[name=session]")
    assert len(buttons) == 1 and re.match(r"Sign out: Browser not known, \d{4}-", buttons[0].text_content())


def test_account_session_is_ended_from_another_browser(office: Office) -> None:
    lost_browser, current_browser = office.start_visit("al-sender"), office.start_visit("al-sender")
    assert lost_browser.open_page("/account").status == 200
    question = current_browser.open_page("/account").submit_form("Sign out: ")
    assert "You are about to sign out in another browser" in question.main and "Browser not known" in question.main
    assert lost_browser.open_page("/account").status == 200, "not before it is confirmed"
    page = question.submit_form("Yes, sign out there")
    assert page.result == "Signed out there." and len(list_sessions(page)) == 1
    assert lost_browser.open_page("/account", follow=False).response.headers["location"].startswith("/sign-in")


def test_account_ends_all_other_sessions_at_once(office: Office) -> None:
    others = [office.start_visit("al-sender") for _ in range(3)]
    stranger, current_browser = office.start_visit("mk-sender"), office.start_visit("al-sender")
    question = current_browser.open_page("/account").submit_form("Sign out everywhere else")
    assert [element.text_content() for element in question.find_elements("dl.rti-facts dd")] == ["3"]
    assert others[0].open_page("/account").status == 200, "not before it is confirmed"
    page = question.submit_form("Yes, sign out there")
    assert page.result == "Signed out there." and len(list_sessions(page)) == 1
    assert not page.find_forms("Sign out everywhere else")
    for visitor in others:
        assert visitor.open_page("/account", follow=False).status == 303
    assert stranger.open_page("/account").status == 200


def test_account_cannot_end_the_session_of_somebody_else(office: Office) -> None:
    stranger = office.start_visit("mk-sender")
    (session,) = office.services.sessions.list_sessions("mk-sender")
    office.start_visit("al-sender")
    page = office.open("al-sender", "/account")
    (field, *_) = page.find_elements("form[action='/account/session/end'] input[name=csrf]")
    page.visitor.post_raw("/account/session/end", data={"csrf": field.get("value"), "session": session.session_id})
    assert stranger.open_page("/account").status == 200


@pytest.mark.parametrize(
    ("user_agent", "expected"),
    [
        (WINDOWS, "Firefox, Windows"),
        (
            "Mozilla/5.0 (Windows NT 10.0; Win64; x64) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/141.0.0.0 "
            "Safari/537.36 Edg/141.0.0.0",
            "Edge, Windows",
        ),
        (
            "Mozilla/5.0 (Macintosh; Intel Mac OS X 10_15_7) AppleWebKit/605.1.15 (KHTML, like Gecko) Version/26.0 "
            "Safari/605.1.15",
            "Safari, macOS",
        ),
        (
            "Mozilla/5.0 (iPhone; CPU iPhone OS 18_6 like Mac OS X) AppleWebKit/605.1.15 (KHTML, like Gecko) "
            "CriOS/141.0.0.0 Mobile/15E148 Safari/604.1",
            "Chrome, iPhone",
        ),
        (
            "Mozilla/5.0 (Linux; Android 10; K) AppleWebKit/537.36 (KHTML, like Gecko) SamsungBrowser/28.0 "
            "Chrome/130.0.0.0 Mobile Safari/537.36",
            "Samsung Internet, Android",
        ),
        ("Mozilla/5.0 (X11; Linux x86_64; rv:143.0) Gecko/20100101 Firefox/143.0", "Firefox, Linux"),
        ("curl/8.5.0", ""),
        ("<script>alert(1)</script> Windows", "Windows"),
        ("", ""),
    ],
)
def test_describe_browser_names_browser_and_system(user_agent: str, expected: str) -> None:
    assert describe_browser(user_agent) == expected


def test_account_has_headings_in_order_and_a_caption_for_each_table(office: Office) -> None:
    tokens.issue_token(office.desk.engine, get_identity(office.desk, "al-sender"), "mine")
    page = office.open("al-sender", "/account")
    assert [heading.tag for heading in page.find_elements("h1, h2, h3")] == ["h1", "h2", "h2", "h2", "h2", "h2"]
    assert all(table.cssselect("caption") for table in page.find_elements("table"))
    identities = [element.get("id") for element in page.find_elements("[id]")]
    assert len(identities) == len(set(identities))
    labelled = {label.get("for") for label in page.find_elements("label")}
    controls = page.find_elements("input:not([type=hidden]), select, textarea")
    assert {control.get("id") for control in controls} <= labelled


def test_account_of_a_person_with_several_roles_has_one_row_for_each_pair(office: Office) -> None:
    grants = [Grant("submitter", "MK"), Grant("approver", "MK"), Grant("viewer", "AL", "justice")]
    accounts.create_account(
        office.desk.engine, "many", "Many", grants=grants, password="seven green boats", by="system"
    )
    page = office.open("many", "/account")
    (table,) = [t for t in page.find_elements("table") if t.findtext("caption") == "Your permissions"]
    rows = [[cell.text_content() for cell in row] for row in table.cssselect("tbody tr")]
    assert rows == [
        ["Albania", "Justice counts", "may see"],
        ["North Macedonia", "everything", "may approve, may submit"],
    ]
