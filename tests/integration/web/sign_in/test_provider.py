"""The pages of the built-in sign-in, as a browser and as its client meet them; no network, a ledger in a file."""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import Path
from urllib.parse import parse_qs, urlencode, urlsplit

import pytest
import sqlalchemy as sa
from argon2 import PasswordHasher
from starlette.testclient import TestClient

from pipelines.core import i18n
from pipelines.ledger.identity import SYSTEM, Grant
from pipelines.ledger.opening import open_url
from pipelines.submissions.accounts import accounts, password_sign_in, passwords
from pipelines.web.sign_in import provider
from pipelines.web.sign_in.authorization import Client, challenge_of
from pipelines.web.sign_in.devices import DEVICE_COOKIE
from pipelines.web.sign_in.language import LANGUAGE_COOKIE

HOST = "http://127.0.0.1:8502"
ISSUER = f"{HOST}/identity"
CLIENT = Client("rti-portal", "a secret", f"{HOST}/oauth2callback")
VERIFIER = "v" * 43
RIGHT = "seven green boats"


@pytest.fixture(autouse=True)
def _cheap_hashes(monkeypatch: pytest.MonkeyPatch) -> None:
    """Tens of attempts: what Argon2 costs is tested in test_accounts.py."""
    monkeypatch.setattr(passwords, "_HASHER", PasswordHasher(time_cost=1, memory_cost=64, parallelism=1))


@pytest.fixture
def engine(tmp_path: Path, _cheap_hashes: None) -> sa.Engine:
    engine = open_url(f"sqlite:///{tmp_path / 'ledger.sqlite'}")
    grants = [Grant("submitter", "RS", "justice")]
    accounts.create_account(engine, "rs-sender", "Office", grants=grants, password=RIGHT, must_change=False, by=SYSTEM)
    accounts.create_account(engine, "rs-new", "Office", grants=grants, password="first password 1", by=SYSTEM)
    return engine


@pytest.fixture
def browser(engine: sa.Engine) -> TestClient:
    from starlette.applications import Starlette
    from starlette.routing import Mount

    served = provider.create_provider(engine, CLIENT, ISSUER, demonstration=True)
    return TestClient(Starlette(routes=[Mount("/identity", served)]), base_url=HOST, follow_redirects=False)


def ask(**changed: str) -> str:
    asked = {
        "client_id": CLIENT.client_id,
        "redirect_uri": CLIENT.redirect_uri,
        "response_type": "code",
        "scope": "openid",
        "state": "the-state",
        "nonce": "the-nonce",
        "code_challenge": challenge_of(VERIFIER),
        "code_challenge_method": "S256",
    }
    return f"/identity/authorize?{urlencode({**asked, **changed})}"


def ticket(html: str) -> str:
    found = re.search(r'name="ticket" value="([^"]+)"', html)
    assert found is not None
    return found[1]


def post(browser: TestClient, account: str, password: str) -> object:
    form = browser.get(ask())
    return browser.post(
        "/identity/sign-in", data={"ticket": ticket(form.text), "account": account, "password": password}
    )


def test_a_right_password_leads_back_with_a_code_that_becomes_a_token(browser: TestClient) -> None:
    from joserfc import jwt
    from joserfc.jwk import KeySet

    back = post(browser, " RS-Sender ", RIGHT)
    assert back.status_code == 303
    address = urlsplit(back.headers["location"])
    assert f"{address.scheme}://{address.netloc}{address.path}" == CLIENT.redirect_uri
    said = {name: values[0] for name, values in parse_qs(address.query).items()}
    assert said["state"] == "the-state"
    form = {
        "grant_type": "authorization_code",
        "code": said["code"],
        "redirect_uri": CLIENT.redirect_uri,
        "code_verifier": VERIFIER,
    }
    answer = browser.post("/identity/token", data=form, auth=(CLIENT.client_id, "a%20secret"))
    assert answer.status_code == 200
    keys = KeySet.import_key_set(browser.get("/identity/jwks").json())
    claims = jwt.decode(answer.json()["id_token"], keys, algorithms=["RS256"]).claims
    assert (claims["sub"], claims["iss"], claims["nonce"]) == ("rs-sender", ISSUER, "the-nonce")
    again = browser.post("/identity/token", data=form, auth=(CLIENT.client_id, "a%20secret"))
    assert again.json()["error"] == "invalid_grant"


def test_a_disabled_account_gets_no_token_for_a_code_it_already_has(browser: TestClient, engine: sa.Engine) -> None:
    code = parse_qs(urlsplit(post(browser, "rs-sender", RIGHT).headers["location"]).query)["code"][0]
    accounts.disable_account(engine, "rs-sender", by=SYSTEM)
    form = {"grant_type": "authorization_code", "code": code, "redirect_uri": CLIENT.redirect_uri}
    credentials = {"client_id": CLIENT.client_id, "client_secret": CLIENT.client_secret, "code_verifier": VERIFIER}
    assert browser.post("/identity/token", data=form | credentials).json()["error"] == "invalid_grant"


@pytest.mark.parametrize("secret", ["", "A secret", "a secret ", "é"])
def test_a_client_without_the_secret_gets_nothing(browser: TestClient, secret: str) -> None:
    form = {"grant_type": "authorization_code", "client_id": CLIENT.client_id, "client_secret": secret}
    answer = browser.post("/identity/token", data=form)
    assert (answer.status_code, answer.json()["error"]) == (401, "invalid_client")


def test_wrong_account_and_wrong_password_are_told_alike(browser: TestClient) -> None:
    texts = []
    for account in ("rs-sender", "nobody-at-all"):
        answer = post(browser, account, "not the password")
        assert answer.status_code == 401
        texts.append(re.sub(r'value="[^"]*"', "", answer.text))
    assert texts[0] == texts[1]


def test_the_typed_name_is_shown_as_text_and_the_password_never(browser: TestClient) -> None:
    answer = post(browser, '"><script>x</script>', "a wrong secret")
    assert "<script" not in answer.text
    assert "a wrong secret" not in answer.text
    assert "script-src" not in answer.headers["content-security-policy"]
    assert "default-src 'none'" in answer.headers["content-security-policy"]


def at(browser: TestClient, address: str) -> TestClient:
    """Another browser, at an address."""
    return TestClient(browser.app, base_url=HOST, follow_redirects=False, client=(address, 50_000))


def test_five_wrong_passwords_stop_their_address_and_no_page_tells_which_accounts_there_are(
    browser: TestClient,
) -> None:
    told: dict[str, list[tuple[int, str]]] = {}
    for account in ("rs-sender", "rs-nobody"):
        answers = [post(browser, account, "wrong wrong wrong") for _ in range(7)]
        told[account] = [(a.status_code, re.sub(r'value="[^"]*"', "", a.text)) for a in answers]
    assert told["rs-sender"] == told["rs-nobody"]
    assert [status for status, _ in told["rs-sender"]] == [401] * 5 + [429] * 2
    assert "too many wrong passwords" in told["rs-sender"][6][1]
    refused = post(browser, "rs-sender", RIGHT)
    assert refused.status_code == 429
    assert 1 <= int(refused.headers["retry-after"]) <= 900


def test_nobody_can_lock_anothers_account(browser: TestClient) -> None:
    for _ in range(8):
        post(at(browser, "192.0.2.66"), "rs-sender", "wrong wrong wrong")
    assert post(at(browser, "198.51.100.1"), "rs-sender", RIGHT).status_code == 303


def test_an_address_is_stopped_after_wrong_passwords_for_many_accounts(browser: TestClient) -> None:
    outcomes = [post(at(browser, "192.0.2.66"), f"rs-{number}", "one password").status_code for number in range(40)]
    assert outcomes == [401] * 30 + [429] * 10
    assert post(at(browser, "192.0.2.67"), "rs-sender", RIGHT).status_code == 303


def test_right_passwords_of_one_address_are_not_counted(browser: TestClient) -> None:
    assert [post(at(browser, "192.0.2.66"), "rs-sender", RIGHT).status_code for _ in range(32)] == [303] * 32


def test_many_addresses_slow_an_account_down_but_not_a_browser_that_was_signed_in(
    browser: TestClient, monkeypatch: pytest.MonkeyPatch
) -> None:
    waits: list[float] = []

    async def wait(seconds: float) -> None:
        waits.append(seconds)

    known = at(browser, "203.0.113.5")
    assert post(known, "rs-sender", RIGHT).status_code == 303
    cookie = next(c for c in known.cookies.jar if c.name == DEVICE_COOKIE)
    assert (cookie.path, cookie.has_nonstandard_attr("HttpOnly")) == ("/identity", True)
    monkeypatch.setattr(provider, "sleep", wait)
    for number in range(16):
        assert post(at(browser, f"192.0.2.{number}"), "rs-sender", "wrong wrong wrong").status_code == 401
    assert waits == [1, 2, 4, 8, 8, 8]
    waits.clear()
    assert post(known, "rs-sender", RIGHT).status_code == 303
    assert waits == []
    # From an unknown browser the right password comes through too, late.
    assert post(at(browser, "198.51.100.9"), "rs-sender", RIGHT).status_code == 303
    assert waits == [8]


def test_a_device_cookie_counts_for_its_account_and_only_with_our_signature(browser: TestClient) -> None:
    known = at(browser, "203.0.113.5")
    assert post(known, "rs-sender", RIGHT).status_code == 303
    assert [post(known, "rs-other", "wrong wrong wrong").status_code for _ in range(6)] == [401] * 5 + [429]
    # Ten tries of its own, then those of any browser at its address.
    assert [post(known, "rs-sender", "wrong wrong wrong").status_code for _ in range(16)] == [401] * 15 + [429]
    forged = at(browser, "203.0.113.6")
    forged.cookies.set(DEVICE_COOKIE, known.cookies[DEVICE_COOKIE][:-3] + "xxx", path="/identity")
    assert [post(forged, "rs-new", "wrong wrong wrong").status_code for _ in range(6)] == [401] * 5 + [429]


def test_the_form_for_another_password_is_limited_too(browser: TestClient) -> None:
    statuses = []
    for _ in range(7):
        page = browser.get("/identity/password")
        form = {
            "account": "rs-sender",
            "old": "wrong wrong wrong",
            "new": "nine blue doors",
            "again": "nine blue doors",
        }
        statuses.append(browser.post("/identity/password", data={**form, "ticket": ticket(page.text)}).status_code)
    assert statuses == [400] * 5 + [429] * 2


def test_a_first_password_must_be_changed_before_anything_else(browser: TestClient, engine: sa.Engine) -> None:
    demanded = post(browser, "rs-new", "first password 1")
    assert demanded.status_code == 200
    assert "first password 1" not in demanded.text
    form = {
        "ticket": ticket(demanded.text),
        "account": "rs-sender",
        "new": "three dry winters",
        "again": "three dry winterz",
    }
    unequal = browser.post("/identity/password", data=form)
    assert (unequal.status_code, "do not match" in unequal.text) == (400, True)
    form |= {"ticket": ticket(unequal.text), "again": "three dry winters"}
    done = browser.post("/identity/password", data=form)
    assert done.status_code == 303
    assert "code=" in done.headers["location"]
    # The account is the one that signed in, whatever the form says.
    assert password_sign_in.sign_in(engine, "rs-new", "three dry winters").outcome == "ok"
    assert password_sign_in.sign_in(engine, "rs-sender", RIGHT).outcome == "ok"
    assert browser.post("/identity/password", data=form).status_code == 400


def test_a_weak_new_password_is_refused_in_words(browser: TestClient) -> None:
    demanded = post(browser, "rs-new", "first password 1")
    short = {"ticket": ticket(demanded.text), "new": "short", "again": "short"}
    answer = browser.post("/identity/password", data=short)
    assert (answer.status_code, "12 characters" in answer.text) == (400, True)


def test_a_password_is_changed_by_who_knows_the_present_one(browser: TestClient, engine: sa.Engine) -> None:
    form = {"account": "rs-sender", "old": "wrong wrong wrong", "new": "nine blue doors", "again": "nine blue doors"}
    page = browser.get("/identity/password")
    assert browser.post("/identity/password", data={**form, "ticket": ticket(page.text)}).status_code == 400
    page = browser.get("/identity/password")
    done = browser.post("/identity/password", data={**form, "old": RIGHT, "ticket": ticket(page.text)})
    assert done.status_code == 200
    assert password_sign_in.sign_in(engine, "rs-sender", "nine blue doors").outcome == "ok"


def test_a_form_of_another_browser_or_none_is_refused(browser: TestClient, engine: sa.Engine) -> None:
    form = browser.get(ask())
    data = {"ticket": ticket(form.text), "account": "rs-sender", "password": RIGHT}
    other = TestClient(browser.app, base_url=HOST, follow_redirects=False)
    assert other.post("/identity/sign-in", data=data).status_code == 400
    assert browser.post("/identity/sign-in", data={**data, "ticket": "forged"}).status_code == 400
    assert browser.post("/identity/sign-in", data={**data, "ticket": data["ticket"][:-2]}).status_code == 400
    assert browser.post("/identity/sign-in", data=data).status_code == 303


def test_a_faulty_request_is_told_and_never_redirected(browser: TestClient) -> None:
    answer = browser.get(ask(redirect_uri="https://elsewhere.example/"))
    assert answer.status_code == 400
    assert "location" not in answer.headers


@pytest.mark.parametrize("language", i18n.list_languages())
def test_every_language_has_its_page_and_the_document_says_which(browser: TestClient, language: str) -> None:
    answer = browser.get(ask(lang=language))
    assert f'<html lang="{i18n.html_lang(language)}">' in answer.text
    assert browser.cookies[LANGUAGE_COOKIE] == language
    kept = browser.get(ask())
    assert f'<html lang="{i18n.html_lang(language)}">' in kept.text


def test_the_browsers_language_is_taken_where_nothing_was_chosen(browser: TestClient) -> None:
    for header, expected in (("xx;q=1, en-GB", "en"), ("", "en")):
        answer = browser.get(ask(), headers={"accept-language": header})
        assert f'<html lang="{expected}">' in answer.text


def test_a_form_of_megabytes_is_refused_before_it_is_read_whole(browser: TestClient) -> None:
    def parts() -> Iterator[bytes]:
        for _ in range(100):
            yield b"a" * 16 * 1024

    for path in ("/identity/sign-in", "/identity/password", "/identity/token"):
        answer = browser.post(path, content=parts(), headers={"Content-Type": "application/x-www-form-urlencoded"})
        assert (answer.status_code, answer.text) == (413, "The form is too big.")
    assert browser.post("/identity/sign-in", data={"account": "a" * 60_000}).status_code == 400


def test_a_sign_in_ends_after_a_working_day_and_with_a_new_password(
    engine: sa.Engine, monkeypatch: pytest.MonkeyPatch
) -> None:
    from pipelines.core import clock
    from pipelines.web.sign_in.claims import LONGEST_HOURS, identity_of_claims

    monkeypatch.setenv("RTI_NOW", "2026-11-20T09:00:00Z")
    now = clock.now().timestamp()
    monkeypatch.setattr(clock, "read_wall_clock", lambda: now + 10)
    claims = {"iss": ISSUER, "sub": "rs-sender", "auth_time": now}
    assert identity_of_claims(engine, claims, ISSUER) is not None
    assert identity_of_claims(engine, claims, "") is None, "the built-in provider's word counts where it is served only"
    monkeypatch.setenv("RTI_NOW", "2026-11-20T09:00:05Z")
    password_sign_in.change_password(engine, "rs-sender", RIGHT, "nine blue doors")
    assert identity_of_claims(engine, claims, ISSUER) is None
    assert identity_of_claims(engine, {**claims, "auth_time": now + 6}, ISSUER) is not None
    monkeypatch.setattr(clock, "read_wall_clock", lambda: now + 7 + LONGEST_HOURS * 3600)
    assert identity_of_claims(engine, {**claims, "auth_time": now + 6}, ISSUER) is None
