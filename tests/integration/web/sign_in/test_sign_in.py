"""Tests of signing in with a password in browsers: forms, limits, first passwords, languages, and signing out."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from typing import Any

import pytest
import sqlalchemy as sa
from starlette.testclient import TestClient

from pipelines.core import clock, i18n
from pipelines.core.home import Home
from pipelines.ledger import audit_log
from pipelines.ledger.identity import SYSTEM, Grant
from pipelines.submissions.accounts import accounts, password_sign_in
from pipelines.web.settings import Provider, WebSettings
from pipelines.web.sign_in import routes
from pipelines.web.sign_in.devices import DEVICE_COOKIE
from pipelines.web.sign_in.language import LANGUAGE_COOKIE
from pipelines.web.sign_in.sessions import LONGEST_HOURS, SESSION_COOKIE
from pipelines.web.sign_in.tickets import TICKET_COOKIE
from tests.support.service.sign_in_fixture import (
    ANOTHER_PASSWORD,
    FIRST_PASSWORD,
    HOST,
    PASSWORD,
    SECRET,
    find_ticket,
    get_signed_in_account,
    make_app,
    open_browser,
    sign_in,
    sign_out,
)

OpenBrowser = Callable[..., TestClient]
WRONG = "wrong wrong wrong"


def make_change_form(old: str = PASSWORD, new: str = ANOTHER_PASSWORD, account: str = "rs-sender") -> dict[str, str]:
    return {"account": account, "old": old, "new": new, "again": new}


def change_password(browser: TestClient, **form: str) -> Any:
    page = browser.get("/password")
    return browser.post("/password", data={**make_change_form(**form), "ticket": find_ticket(page.text)})


# ----------------------------------------------------------------------------------------------------------- signing in


def test_right_password_begins_a_session_and_shows_the_requested_page(browser: TestClient) -> None:
    assert get_signed_in_account(browser) is None
    answer = sign_in(browser, " RS-Sender ", PASSWORD, "/answer?id=S1&view=sheet")
    assert (answer.status_code, answer.headers["location"]) == (303, "/answer?id=S1&view=sheet")
    assert answer.headers["cache-control"] == "no-store"
    assert get_signed_in_account(browser) == "rs-sender"
    # Other tabs and later visits of the same browser share the session.
    assert browser.get("/upload").json()["account"] == "rs-sender"
    assert browser.get("/sign-in?next=/board").headers["location"] == "/board"


def test_form_of_one_process_is_accepted_by_another_and_its_session_too(engine: sa.Engine, home: Home) -> None:
    """Let a proxy send the requests of one browser to two processes of the service in turn."""
    first, second = (open_browser(make_app(engine, WebSettings(HOST, SECRET), home)) for _ in range(2))
    page = first.get("/sign-in?next=/board")
    second.cookies = first.cookies
    form = {"account": "rs-sender", "password": PASSWORD, "ticket": find_ticket(page.text)}
    answer = second.post("/sign-in", data=form)
    assert (answer.status_code, answer.headers["location"]) == (303, "/board")
    first.cookies = second.cookies
    assert get_signed_in_account(first) == get_signed_in_account(second) == "rs-sender"


def test_form_of_a_service_with_another_secret_is_refused(engine: sa.Engine, home: Home) -> None:
    browser, foreign_browser = (
        open_browser(make_app(engine, WebSettings(HOST, secret), home)) for secret in (SECRET, SECRET + "x")
    )
    page = foreign_browser.get("/sign-in")
    browser.cookies = foreign_browser.cookies
    form = {"account": "rs-sender", "password": PASSWORD, "ticket": find_ticket(page.text)}
    assert browser.post("/sign-in", data=form).status_code == 400


def test_sign_in_page_names_the_service_and_asks_only_for_account_and_password(browser: TestClient) -> None:
    page = browser.get("/sign-in")
    assert page.status_code == 200
    for text in ("For offices: upload and follow returns", "Sign in to continue", "published figures", "invented"):
        assert text in page.text
    assert re.findall(r'<input id="(\w+)"', page.text) == ["account", "password"]
    assert "Your session has ended" not in page.text


def test_sign_in_page_links_to_the_published_figures_if_their_address_is_set(
    browser: TestClient, monkeypatch: pytest.MonkeyPatch
) -> None:
    assert "Go to the published figures" not in browser.get("/sign-in").text
    monkeypatch.setenv("RTI_PUBLIC_URL", "https://figures.example")
    page = browser.get("/sign-in").text
    assert re.search(r'href="https://figures\.example/?">Go to the published figures<', page)


def test_sign_in_and_password_pages_have_the_contact_and_a_way_back(
    browser: TestClient, monkeypatch: pytest.MonkeyPatch
) -> None:
    assert "Questions to" not in browser.get("/sign-in").text
    monkeypatch.setenv("RTI_CONTACT", "figures@secretariat.example")
    for path in ("/sign-in", "/password"):
        assert "Questions to: figures@secretariat.example" in browser.get(path).text, path
    page = browser.get("/password").text
    assert "Have you forgotten the current password?" in page and 'href="/"' in page


@pytest.mark.parametrize("path", ["/", "/people", "/board", "/answer"])
def test_page_is_not_shown_before_signing_in(browser: TestClient, path: str) -> None:
    answer = browser.get(path)
    assert (answer.status_code, answer.headers["location"].partition("?")[0]) == (303, "/sign-in")


def test_wrong_account_and_wrong_password_get_the_same_answer(browser: TestClient) -> None:
    texts = []
    for account in ("rs-sender", "nobody-at-all"):
        answer = sign_in(browser, account, "not the password")
        assert answer.status_code == 401
        assert SESSION_COOKIE not in browser.cookies
        texts.append(re.sub(r'value="[^"]*"', "", answer.text))
    assert texts[0] == texts[1]
    assert "Account or password is wrong" in texts[0]
    assert re.search(r'<input id="account"[^>]*aria-describedby="account-error" aria-invalid="true"', texts[0])


def test_entered_name_is_escaped_and_password_never_shown(browser: TestClient) -> None:
    answer = sign_in(browser, '"><script>x</script>', "a wrong secret")
    assert "<script" not in answer.text
    assert "a wrong secret" not in answer.text
    assert "script-src" not in answer.headers["content-security-policy"]
    assert "default-src 'none'" in answer.headers["content-security-policy"]
    second_answer = sign_in(browser, "rs-sender", "a wrong secret")
    assert 'value="rs-sender"' in second_answer.text


def test_disabled_account_is_signed_out_and_cannot_sign_in(
    browser: TestClient, open_browser: OpenBrowser, engine: sa.Engine
) -> None:
    sign_in(browser, "rs-sender", PASSWORD)
    accounts.disable_account(engine, "rs-sender", by=SYSTEM)
    assert get_signed_in_account(browser) is None
    assert "Your session has ended" in browser.get("/sign-in").text
    assert sign_in(open_browser(), "rs-sender", PASSWORD).status_code == 401


def test_revoked_role_is_gone_at_the_next_request(browser: TestClient, engine: sa.Engine) -> None:
    sign_in(browser, "rs-sender", PASSWORD)
    assert browser.get("/").json()["grants"] == 1
    accounts.revoke_role(engine, "rs-sender", Grant("submitter", "RS", "justice"), by=SYSTEM)
    assert browser.get("/").json()["grants"] == 0


@pytest.mark.parametrize(("hours", "stays"), [(3.9, True), (4.1, False), (12.1, False), (24 * 20, False)])
def test_session_ends_after_its_time_even_with_its_cookie(
    browser: TestClient, monkeypatch: pytest.MonkeyPatch, hours: float, stays: bool
) -> None:
    sign_in(browser, "rs-sender", PASSWORD)
    now = clock.read_wall_clock()
    monkeypatch.setattr(clock, "read_wall_clock", lambda: now + hours * 3600)
    # The cookie jar applies `Max-Age` by the real clock only, so that the cookie is still sent, like a copied one.
    assert get_signed_in_account(browser) == ("rs-sender" if stays else None)
    assert ("Your session has ended" in browser.get("/sign-in").text) is not stays


def test_demonstration_account_signs_in_with_the_password_of_the_file(browser: TestClient, home: Home) -> None:
    lines = (home.restricted / "demonstration-accounts.txt").read_text(encoding="utf-8")
    password = re.search(r"^password: (\S+)$", lines, re.MULTILINE)
    assert password is not None and re.search(r"^rs-demonstration\s+submitter$", lines, re.MULTILINE)
    assert sign_in(browser, "rs-demonstration", password[1]).status_code == 303
    assert get_signed_in_account(browser) == "rs-demonstration"


# ------------------------------------------------------------------------------------------------------------- sessions


def test_sign_in_replaces_an_earlier_session_cookie(browser: TestClient, open_browser: OpenBrowser) -> None:
    attacker = open_browser()
    sign_in(attacker, "rs-other", PASSWORD)
    planted = attacker.cookies[SESSION_COOKIE]
    page = browser.get("/sign-in")
    browser.cookies.set(SESSION_COOKIE, planted, domain="127.0.0.1", path="/")
    form = {"ticket": find_ticket(page.text), "account": "rs-sender", "password": PASSWORD}
    assert browser.post("/sign-in", data=form).status_code == 303
    assert browser.cookies[SESSION_COOKIE] != planted
    assert get_signed_in_account(browser) == "rs-sender"
    assert get_signed_in_account(attacker) is None, "the planted session is ended"
    invented = open_browser()
    invented.cookies.set(SESSION_COOKIE, "x" * 43, domain="127.0.0.1", path="/")
    sign_in(invented, "rs-sender", PASSWORD)
    assert invented.cookies[SESSION_COOKIE] != "x" * 43


def test_forged_session_cookie_is_ignored(browser: TestClient, open_browser: OpenBrowser) -> None:
    sign_in(browser, "rs-sender", PASSWORD)
    forged = open_browser()
    forged.cookies.set(SESSION_COOKIE, browser.cookies[SESSION_COOKIE][:-2] + "xx", domain="127.0.0.1", path="/")
    assert get_signed_in_account(forged) is None
    assert get_signed_in_account(browser) == "rs-sender"


def test_cookies_are_http_only_and_same_site(browser: TestClient) -> None:
    answer = sign_in(browser, "rs-sender", PASSWORD)
    cookies = {c.split("=")[0]: c for c in answer.headers.get_list("set-cookie") if "Max-Age=0" not in c}
    assert cookies.keys() == {SESSION_COOKIE, DEVICE_COOKIE}
    for cookie in cookies.values():
        assert "; HttpOnly" in cookie and "; SameSite=lax" in cookie and "; Path=/" in cookie
        assert "Domain" not in cookie


def test_cookies_over_tls_are_secure_and_for_this_host_only(tls_browser: TestClient) -> None:
    page = tls_browser.get("/sign-in")
    answer = sign_in(tls_browser, "rs-sender", PASSWORD)
    cookies = [*page.headers.get_list("set-cookie"), *answer.headers.get_list("set-cookie")]
    assert {c.split("=")[0] for c in cookies} == {
        f"__Host-{name}" for name in (TICKET_COOKIE, SESSION_COOKIE, DEVICE_COOKIE)
    }
    assert all("; Secure" in c and "; Path=/" in c and "Domain" not in c for c in cookies)
    assert get_signed_in_account(tls_browser) == "rs-sender"


# --------------------------------------------------------------------------------------------------------- signing out


def test_sign_out_ends_the_session_in_every_tab_and_deletes_the_cookie(
    browser: TestClient, open_browser: OpenBrowser
) -> None:
    sign_in(browser, "rs-sender", PASSWORD)
    copied_session = open_browser()
    copied_session.cookies.set(SESSION_COOKIE, browser.cookies[SESSION_COOKIE], domain="127.0.0.1", path="/")
    assert get_signed_in_account(copied_session) == "rs-sender"
    answer = sign_out(browser)
    assert (answer.status_code, answer.headers["location"]) == (303, "/sign-in")
    assert SESSION_COOKIE not in browser.cookies
    assert get_signed_in_account(browser) is None
    assert get_signed_in_account(copied_session) is None
    assert "Your session has ended" not in browser.get("/sign-in").text


def test_sign_out_needs_the_token_of_the_session_and_a_form_of_this_site(
    browser: TestClient, open_browser: OpenBrowser
) -> None:
    sign_in(browser, "rs-sender", PASSWORD)
    token = browser.get("/").json()["csrf"]
    other_browser = open_browser()
    sign_in(other_browser, "rs-sender", PASSWORD)
    for form in ({}, {"csrf": "wrong"}, {"csrf": other_browser.get("/").json()["csrf"]}):
        assert browser.post("/sign-out", data=form).status_code == 403
    for headers in (
        {"origin": "https://elsewhere.example"}, {"origin": "null"}, {"sec-fetch-site": "cross-site"},
        {"sec-fetch-site": "same-site"}, {"origin": "http://127.0.0.1:9999"},
    ):  # fmt: skip
        assert browser.post("/sign-out", data={"csrf": token}, headers=headers).status_code == 403
    assert get_signed_in_account(browser) == "rs-sender"
    own_headers = {"origin": HOST, "sec-fetch-site": "same-origin"}
    assert browser.post("/sign-out", data={"csrf": token}, headers=own_headers).status_code == 303


def test_sign_out_needs_a_post(browser: TestClient) -> None:
    sign_in(browser, "rs-sender", PASSWORD)
    browser.get("/sign-out")
    assert get_signed_in_account(browser) == "rs-sender"


def test_sign_out_without_a_session_redirects_to_the_sign_in(browser: TestClient) -> None:
    answer = browser.post("/sign-out", data={})
    assert (answer.status_code, answer.headers["location"]) == (303, "/sign-in")


# --------------------------------------------------------------------------------------------------------------- limits


def test_five_wrong_passwords_stop_their_address_for_any_account_name(browser: TestClient) -> None:
    answers_by_account: dict[str, list[tuple[int, str]]] = {}
    for account in ("rs-sender", "rs-nobody"):
        answers = [sign_in(browser, account, WRONG) for _ in range(7)]
        answers_by_account[account] = [(a.status_code, re.sub(r'value="[^"]*"', "", a.text)) for a in answers]
    assert answers_by_account["rs-sender"] == answers_by_account["rs-nobody"]
    assert [status for status, _ in answers_by_account["rs-sender"]] == [401] * 5 + [429] * 2
    assert "too many wrong passwords" in answers_by_account["rs-sender"][6][1]
    refused = sign_in(browser, "rs-sender", PASSWORD)
    assert refused.status_code == 429
    assert 1 <= int(refused.headers["retry-after"]) <= 900
    assert get_signed_in_account(browser) is None


def test_wrong_passwords_do_not_lock_another_persons_account(open_browser: OpenBrowser) -> None:
    for _ in range(8):
        sign_in(open_browser("192.0.2.66"), "rs-sender", WRONG)
    assert sign_in(open_browser("198.51.100.1"), "rs-sender", PASSWORD).status_code == 303


def test_address_is_stopped_after_wrong_passwords_for_many_accounts(open_browser: OpenBrowser) -> None:
    outcomes = [sign_in(open_browser("192.0.2.66"), f"rs-{n}", "one password").status_code for n in range(40)]
    assert outcomes == [401] * 30 + [429] * 10
    assert sign_in(open_browser("192.0.2.67"), "rs-sender", PASSWORD).status_code == 303


def test_right_passwords_of_one_address_are_not_counted(open_browser: OpenBrowser) -> None:
    browsers = [open_browser("192.0.2.66") for _ in range(32)]
    assert [sign_in(browser, "rs-sender", PASSWORD).status_code for browser in browsers] == [303] * 32


def test_attempts_from_many_addresses_delay_only_unknown_browsers(
    open_browser: OpenBrowser, monkeypatch: pytest.MonkeyPatch
) -> None:
    waits: list[float] = []

    async def record_wait(seconds: float) -> None:
        waits.append(seconds)

    known_browser = open_browser("203.0.113.5")
    assert sign_in(known_browser, "rs-sender", PASSWORD).status_code == 303
    sign_out(known_browser)
    monkeypatch.setattr(routes, "sleep", record_wait)
    for number in range(16):
        assert sign_in(open_browser(f"192.0.2.{number}"), "rs-sender", WRONG).status_code == 401
    assert waits == [1, 2, 4, 8, 8, 8]
    waits.clear()
    assert sign_in(known_browser, "rs-sender", PASSWORD).status_code == 303
    assert waits == []
    # From an unknown browser the right password is accepted too, after a delay.
    assert sign_in(open_browser("198.51.100.9"), "rs-sender", PASSWORD).status_code == 303
    assert waits == [8]


def test_wrong_passwords_stop_only_unknown_browsers_of_their_address(
    open_browser: OpenBrowser,
) -> None:
    known_browser, unknown_browser = open_browser("192.0.2.66"), open_browser("192.0.2.66")
    sign_in(known_browser, "rs-sender", PASSWORD)
    sign_out(known_browser)
    assert [sign_in(unknown_browser, "rs-sender", WRONG).status_code for _ in range(5)] == [401] * 5
    assert sign_in(unknown_browser, "rs-sender", PASSWORD).status_code == 429
    assert sign_in(known_browser, "rs-sender", PASSWORD).status_code == 303


def test_device_cookie_counts_for_its_account_and_needs_a_valid_signature(open_browser: OpenBrowser) -> None:
    known_browser = open_browser("203.0.113.5")
    assert sign_in(known_browser, "rs-sender", PASSWORD).status_code == 303
    sign_out(known_browser)
    assert [sign_in(known_browser, "rs-stranger", WRONG).status_code for _ in range(6)] == [401] * 5 + [429]
    # The browser has ten attempts of its own, then those of any browser at its address.
    assert [sign_in(known_browser, "rs-sender", WRONG).status_code for _ in range(16)] == [401] * 15 + [429]
    forged = open_browser("203.0.113.6")
    forged.cookies.set(DEVICE_COOKIE, known_browser.cookies[DEVICE_COOKIE][:-3] + "xxx", domain="127.0.0.1", path="/")
    assert [sign_in(forged, "rs-new", WRONG).status_code for _ in range(6)] == [401] * 5 + [429]


def test_password_form_is_limited_too(browser: TestClient) -> None:
    assert [change_password(browser, old=WRONG).status_code for _ in range(7)] == [400] * 5 + [429] * 2


# ------------------------------------------------------------------------------------------------------------ passwords


def test_first_password_must_be_changed_before_a_session_begins(browser: TestClient, engine: sa.Engine) -> None:
    change_page = sign_in(browser, "rs-new", FIRST_PASSWORD, "/board")
    assert change_page.status_code == 200
    assert FIRST_PASSWORD not in change_page.text
    assert SESSION_COOKIE not in browser.cookies
    assert get_signed_in_account(browser) is None
    form = {
        "ticket": find_ticket(change_page.text),
        "account": "rs-sender",
        "new": "three dry winters",
        "again": "three dry winterz",
    }
    unequal = browser.post("/password", data=form)
    assert (unequal.status_code, "do not match" in unequal.text) == (400, True)
    form |= {"ticket": find_ticket(unequal.text), "again": "three dry winters"}
    changed = browser.post("/password", data=form)
    assert (changed.status_code, changed.headers["location"]) == (303, "/board")
    # The account is the one that signed in, regardless of the form.
    assert get_signed_in_account(browser) == "rs-new"
    assert password_sign_in.sign_in(engine, "rs-new", "three dry winters").outcome == "ok"
    assert password_sign_in.sign_in(engine, "rs-sender", PASSWORD).outcome == "ok"
    assert browser.post("/password", data=form).status_code == 400
    sign_out(browser)
    assert sign_in(browser, "rs-new", FIRST_PASSWORD).status_code == 401
    assert sign_in(browser, "rs-new", "three dry winters").status_code == 303


def test_weak_new_password_is_refused_with_a_message(browser: TestClient) -> None:
    change_page = sign_in(browser, "rs-new", FIRST_PASSWORD)
    short = {"ticket": find_ticket(change_page.text), "new": "short", "again": "short"}
    answer = browser.post("/password", data=short)
    assert (answer.status_code, "12 characters" in answer.text) == (400, True)
    assert 'href="#new"' in answer.text


def test_password_change_needs_the_present_password(browser: TestClient, engine: sa.Engine) -> None:
    refused = change_password(browser, old=WRONG)
    assert (refused.status_code, 'href="#old"' in refused.text) == (400, True)
    changed = change_password(browser)
    assert (changed.status_code, "Your password is changed." in changed.text) == (200, True)
    assert get_signed_in_account(browser) is None, "changing a password is not signing in"
    assert password_sign_in.sign_in(engine, "rs-sender", ANOTHER_PASSWORD).outcome == "ok"


def test_changed_password_ends_other_sessions_and_renews_this_one(
    browser: TestClient, open_browser: OpenBrowser
) -> None:
    elsewhere, stranger = open_browser(), open_browser()
    for each_browser, account in ((browser, "rs-sender"), (elsewhere, "rs-sender"), (stranger, "rs-other")):
        sign_in(each_browser, account, PASSWORD)
    before = browser.cookies[SESSION_COOKIE]
    assert 'value="rs-sender"' in browser.get("/password").text
    assert change_password(browser).status_code == 200
    assert browser.cookies[SESSION_COOKIE] != before
    assert get_signed_in_account(browser) == "rs-sender"
    assert get_signed_in_account(elsewhere) is None
    assert get_signed_in_account(stranger) == "rs-other"


def test_changing_another_accounts_password_keeps_the_session(browser: TestClient) -> None:
    sign_in(browser, "rs-sender", PASSWORD)
    assert change_password(browser, account="rs-other").status_code == 200
    assert get_signed_in_account(browser) == "rs-sender"


def test_sign_in_is_in_the_audit_log(browser: TestClient, engine: sa.Engine) -> None:
    sign_in(browser, "rs-sender", WRONG)
    sign_in(browser, "rs-sender", PASSWORD)
    entries = audit_log.list_entries(engine, subject="rs-sender")
    assert [e["action"] for e in entries if e["action"] == "account.sign_in"] == ["account.sign_in"]
    account = accounts.find_account(engine, "rs-sender")
    assert account is not None and account.signed_in_at is not None


# ---------------------------------------------------------------------------------------------------------------- forms


def test_form_of_another_browser_or_site_is_refused(browser: TestClient, open_browser: OpenBrowser) -> None:
    page = browser.get("/sign-in")
    data = {"ticket": find_ticket(page.text), "account": "rs-sender", "password": PASSWORD}
    assert open_browser().post("/sign-in", data=data).status_code == 400
    for ticket in ("forged", "", data["ticket"][:-2]):
        assert browser.post("/sign-in", data={**data, "ticket": ticket}).status_code == 400
    for headers in ({"origin": "https://elsewhere.example"}, {"sec-fetch-site": "cross-site"}):
        assert browser.post("/sign-in", data=data, headers=headers).status_code == 400
    assert browser.post("/sign-in", data=data).status_code == 303
    assert browser.post("/sign-in", data=data).status_code == 400, "the ticket is void after the sign-in"


def test_ticket_expires_after_half_an_hour(browser: TestClient, monkeypatch: pytest.MonkeyPatch) -> None:
    from itsdangerous import TimestampSigner

    page = browser.get("/sign-in")
    original = TimestampSigner.get_timestamp
    monkeypatch.setattr(TimestampSigner, "get_timestamp", lambda self: original(self) + 1801)
    data = {"ticket": find_ticket(page.text), "account": "rs-sender", "password": PASSWORD}
    answer = browser.post("/sign-in", data=data)
    assert (answer.status_code, "open for too long" in answer.text) == (400, True)


@pytest.mark.parametrize(
    "address", ["https://elsewhere.example/", "//elsewhere.example", "/\\elsewhere.example", "javascript:alert(1)"]
)
def test_sign_in_never_redirects_to_another_site(browser: TestClient, address: str) -> None:
    page = browser.get("/sign-in", params={"next": address})
    data = {"ticket": find_ticket(page.text), "account": "rs-sender", "password": PASSWORD}
    assert browser.post("/sign-in", data=data).headers["location"] == "/"
    assert browser.get("/sign-in", params={"next": address}).headers["location"] == "/"


def test_oversized_form_is_refused_before_it_is_read_completely(browser: TestClient) -> None:
    def yield_parts() -> Iterator[bytes]:
        for _ in range(100):
            yield b"a" * 16 * 1024

    for path in ("/sign-in", "/password", "/sign-out"):
        answer = browser.post(
            path, content=yield_parts(), headers={"Content-Type": "application/x-www-form-urlencoded"}
        )
        assert (answer.status_code, answer.text) == (413, "The form is too big.")
    assert browser.post("/sign-in", data={"account": "a" * 60_000}).status_code == 400


def test_file_in_a_form_is_refused(browser: TestClient) -> None:
    page = browser.get("/sign-in")
    data = {"ticket": find_ticket(page.text), "account": "rs-sender"}
    answer = browser.post("/sign-in", data=data, files={"password": ("a.txt", b"content")})
    assert answer.status_code == 400


# ------------------------------------------------------------------------------------------------------------ languages


@pytest.mark.parametrize("language", i18n.list_languages())
def test_sign_in_page_is_shown_in_every_language(browser: TestClient, language: str) -> None:
    answer = browser.get(f"/sign-in?next=/board&lang={language}")
    assert f'<html lang="{i18n.html_lang(language)}">' in answer.text
    assert browser.cookies[LANGUAGE_COOKIE] == language
    second_answer = browser.get("/sign-in?next=/board")
    assert f'<html lang="{i18n.html_lang(language)}">' in second_answer.text
    for other_language in set(i18n.list_languages()) - {language}:
        assert f'href="/sign-in?next=%2Fboard&amp;lang={other_language}"' in second_answer.text


def test_refused_sign_in_offers_the_other_languages(browser: TestClient) -> None:
    page = browser.get("/sign-in?lang=en")
    form = {"ticket": find_ticket(page.text), "account": "nobody-at-all", "password": "not the password"}
    refused = browser.post("/sign-in", data=form)
    assert refused.status_code == 401 and 'href="/sign-in?lang=mk"' in refused.text


def test_sign_in_page_uses_the_browsers_language_by_default(browser: TestClient) -> None:
    for header, expected in (("xx;q=1, en-GB", "en"), ("", "en"), ("mk-MK, en", "mk")):
        answer = browser.get("/sign-in", headers={"accept-language": header})
        assert f'<html lang="{expected}">' in answer.text


# ---------------------------------------------------------------------------------------------------- external provider


def test_service_with_a_provider_has_no_password_form(engine: sa.Engine, home: Home) -> None:
    (home.restricted / "demonstration-accounts.txt").unlink(missing_ok=True)
    provider = Provider("http://127.0.0.1:9/.well-known/openid-configuration", "the-offices", "a secret of both")
    provider_browser = open_browser(make_app(engine, WebSettings(HOST, SECRET, provider), home))
    page = provider_browser.get("/sign-in")
    assert (page.status_code, "<input id=" in page.text) == (200, False)
    assert provider_browser.get("/password").status_code == 303, (
        "there is no form; the page of the test redirects to the sign-in"
    )
    assert provider_browser.post("/password", data={}).status_code == 405
    form = {"ticket": find_ticket(page.text), "account": "rs-sender", "password": PASSWORD}
    answer = provider_browser.post("/sign-in", data=form)
    assert (answer.status_code, "did not succeed" in answer.text) == (503, True)
    assert SESSION_COOKIE not in provider_browser.cookies
    assert not (home.restricted / "demonstration-accounts.txt").exists()


def test_password_session_ends_when_the_service_gets_a_provider(
    browser: TestClient, engine: sa.Engine, home: Home
) -> None:
    sign_in(browser, "rs-sender", PASSWORD)
    provider = Provider("http://127.0.0.1:9/.well-known/openid-configuration", "the-offices", "a secret of both")
    provider_browser = open_browser(make_app(engine, WebSettings(HOST, SECRET, provider), home))
    provider_browser.cookies.set(SESSION_COOKIE, browser.cookies[SESSION_COOKIE], domain="127.0.0.1", path="/")
    assert get_signed_in_account(provider_browser) is None


def test_longest_session_is_twelve_hours() -> None:
    assert LONGEST_HOURS == 12
