"""Tests of signing in with an OpenID Connect provider: `oidc-provider-mock`, and a malicious provider."""

from __future__ import annotations

import base64
import hmac
import json
import time
from collections.abc import Callable, Iterator
from typing import Any
from urllib.parse import parse_qs, urlencode, urlsplit

import httpx
import pytest
import sqlalchemy as sa
from authlib.oauth2.rfc7636 import create_s256_code_challenge
from joserfc import jwt
from joserfc.jwk import RSAKey
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import Route
from starlette.testclient import TestClient

from pipelines.core import clock
from pipelines.core.home import Home
from pipelines.ledger import audit_log
from pipelines.ledger.identity import SYSTEM
from pipelines.submissions.accounts import accounts
from pipelines.web.settings import Provider, Site, WebSettings
from pipelines.web.sign_in.claims import sign_in_with_claims
from pipelines.web.sign_in.openid_connect import (
    STATE_COOKIE,
    STATE_SECONDS,
    OpenIdConnect,
    PendingSignIn,
    ProviderError,
)
from pipelines.web.sign_in.sessions import LONGEST_HOURS, SESSION_COOKIE
from tests.support.coroutines import run_async
from tests.support.service.sign_in_fixture import (
    HOST,
    SECRET,
    find_refresh_address,
    find_ticket,
    get_signed_in_account,
    make_app,
    open_browser,
    sign_out,
)

CLIENT = "the-offices"
OpenBrowser = Callable[..., TestClient]


@pytest.fixture(scope="module")
def issuer() -> Iterator[str]:
    """The issuer of a provider on the loopback."""
    import oidc_provider_mock

    with oidc_provider_mock.run_server_in_thread() as server:
        yield f"http://localhost:{server.server_port}"


@pytest.fixture
def settings(issuer: str) -> WebSettings:
    provider = Provider(f"{issuer}/.well-known/openid-configuration", CLIENT, "a secret of both")
    return WebSettings(HOST, SECRET, provider, Site(HOST))


@pytest.fixture
def open_browser_elsewhere(engine: sa.Engine, home: Home, settings: WebSettings, issuer: str) -> OpenBrowser:
    """Return a function that opens a browser of a service with the provider; `rs-linked` is the subject `7f3a`."""
    accounts.link_provider(engine, "rs-demonstration", issuer, "7f3a", by=SYSTEM)
    app = make_app(engine, settings, home)
    return lambda: open_browser(app)


@pytest.fixture
def browser(open_browser_elsewhere: OpenBrowser) -> TestClient:
    return open_browser_elsewhere()


def go_to_provider(browser: TestClient, next_path: str = "/") -> str:
    """Press the button of the sign-in page and return the address of the provider."""
    page = browser.get("/sign-in", params={"next": next_path})
    answer = browser.post("/sign-in", data={"ticket": find_ticket(page.text)})
    assert answer.status_code == 200
    return find_refresh_address(answer.text)


def authorize_at_provider(address: str, subject: str) -> str:
    """Sign in at the provider and return path and query of the address to which it redirects."""
    answer = httpx.post(address, data={"sub": subject}, trust_env=False)
    assert answer.status_code == 302, answer.text
    back = urlsplit(answer.headers["location"])
    assert f"{back.scheme}://{back.netloc}{back.path}" == f"{HOST}/oauth2callback"
    return f"{back.path}?{back.query}"


def sign_in_elsewhere(browser: TestClient, subject: str, next_path: str = "/") -> Any:
    return browser.get(authorize_at_provider(go_to_provider(browser, next_path), subject))


# ----------------------------------------------------------------------------------------------------------- provider


def test_account_linked_to_issuer_and_subject_is_signed_in(browser: TestClient, engine: sa.Engine) -> None:
    answer = sign_in_elsewhere(browser, "7f3a", "/board")
    assert (answer.status_code, answer.headers["location"]) == (303, "/board")
    assert get_signed_in_account(browser) == "rs-demonstration"
    assert STATE_COOKIE not in browser.cookies
    actions = [e["action"] for e in audit_log.list_entries(engine, subject="rs-demonstration")]
    assert actions[-1] == "account.sign_in"


def test_request_has_state_nonce_and_an_s256_challenge(browser: TestClient) -> None:
    first, second = (
        {name: values[0] for name, values in parse_qs(urlsplit(go_to_provider(browser)).query).items()}
        for _ in range(2)
    )
    assert first["response_type"] == "code" and first["client_id"] == CLIENT
    assert first["redirect_uri"] == f"{HOST}/oauth2callback"
    assert first["code_challenge_method"] == "S256" and len(first["code_challenge"]) == 43
    assert first["prompt"] == "select_account" and first["max_age"] == str(LONGEST_HOURS * 3600)
    assert set(first["scope"].split()) == {"openid", "profile", "email"}
    assert all(first[name] != second[name] and len(first[name]) >= 43 for name in ("state", "nonce", "code_challenge"))


@pytest.mark.parametrize("subject", ["somebody else", "rs-sender", "local", "steward"])
def test_unknown_subject_gets_instructions_and_no_session(browser: TestClient, issuer: str, subject: str) -> None:
    answer = sign_in_elsewhere(browser, subject)
    assert answer.status_code == 403
    for text in ("You need an account or must sign in again", subject, issuer, "steward", "Sign out"):
        assert text in answer.text
    assert "code=" not in answer.text, "a link with the code in it would be followed again"
    assert SESSION_COOKIE not in browser.cookies
    assert get_signed_in_account(browser) is None
    leaving = browser.post("/sign-out", data={"ticket": find_ticket(answer.text)})
    assert urlsplit(find_refresh_address(leaving.text)).path == "/oauth2/end_session"


def test_disabled_account_is_signed_out_and_cannot_sign_in(browser: TestClient, engine: sa.Engine) -> None:
    sign_in_elsewhere(browser, "7f3a")
    accounts.disable_account(engine, "rs-demonstration", by=SYSTEM)
    assert get_signed_in_account(browser) is None
    assert sign_in_elsewhere(browser, "7f3a").status_code == 403


def test_sign_out_ends_the_session_and_leads_to_the_providers_sign_out(browser: TestClient, issuer: str) -> None:
    sign_in_elsewhere(browser, "7f3a")
    leaving = sign_out(browser)
    assert SESSION_COOKIE not in browser.cookies and get_signed_in_account(browser) is None
    address = urlsplit(find_refresh_address(leaving.text))
    assert f"{address.scheme}://{address.netloc}{address.path}" == f"{issuer}/oauth2/end_session"
    query = parse_qs(address.query)
    assert (query["post_logout_redirect_uri"], query["client_id"]) == ([f"{HOST}/oauth2callback"], [CLIENT])
    # The provider returns people to the registered address.
    back = browser.get("/oauth2callback", params={"state": query["state"][0]})
    assert (back.status_code, back.headers["location"]) == (303, "/sign-in")


def test_sign_in_ends_an_earlier_session(browser: TestClient) -> None:
    sign_in_elsewhere(browser, "7f3a")
    before = browser.cookies[SESSION_COOKIE]
    address = authorize_at_provider(go_to_provider_again(browser), "7f3a")
    assert browser.get(address).status_code == 303
    after = browser.cookies[SESSION_COOKIE]
    assert after != before
    browser.cookies.set(SESSION_COOKIE, before, domain="127.0.0.1", path="/")
    assert get_signed_in_account(browser) is None


def go_to_provider_again(browser: TestClient) -> str:
    """Start another sign-in in a browser with a session, from a form in another tab."""
    session = browser.cookies.pop(SESSION_COOKIE) if SESSION_COOKIE in browser.cookies else None
    address = go_to_provider(browser)
    if session:
        browser.cookies.set(SESSION_COOKIE, session, domain="127.0.0.1", path="/")
    return address


@pytest.mark.parametrize("next_path", ["https://elsewhere.example/", "//elsewhere.example"])
def test_sign_in_never_redirects_to_another_site(browser: TestClient, next_path: str) -> None:
    assert sign_in_elsewhere(browser, "7f3a", next_path).headers["location"] == "/"


# -------------------------------------------------------------------------------------------------- replays and mix-ups


def test_answer_of_the_provider_counts_once(browser: TestClient) -> None:
    address = authorize_at_provider(go_to_provider(browser), "7f3a")
    state_cookie = browser.cookies[STATE_COOKIE]
    assert browser.get(address).status_code == 303
    sign_out(browser)
    second_answer = browser.get(address)
    assert (second_answer.status_code, "open for too long" in second_answer.text) == (400, True)
    # Even the cookie of that sign-in does not help: the provider accepts a code once.
    browser.cookies.set(STATE_COOKIE, state_cookie, domain="127.0.0.1", path="/")
    replayed = browser.get(address)
    assert (replayed.status_code, "did not succeed" in replayed.text) == (400, True)
    assert get_signed_in_account(browser) is None


def test_answer_in_another_browser_is_refused(browser: TestClient, open_browser_elsewhere: OpenBrowser) -> None:
    """Prevent an attacker from signing a victim in as the attacker by sending the attacker's own answer."""
    address = authorize_at_provider(go_to_provider(browser), "7f3a")
    victim = open_browser_elsewhere()
    assert victim.get(address).status_code == 400
    go_to_provider(victim)
    assert victim.get(address).status_code == 400
    assert get_signed_in_account(victim) is None


def test_state_must_match_the_signed_cookie(browser: TestClient, engine: sa.Engine) -> None:
    address = authorize_at_provider(go_to_provider(browser), "7f3a")
    code = parse_qs(urlsplit(address).query)["code"][0]
    cookie = browser.cookies[STATE_COOKIE]
    for query in ({"code": code}, {"code": code, "state": ""}, {"code": code, "state": "é"}):
        assert browser.get("/oauth2callback", params=query).status_code == 400
        browser.cookies.set(STATE_COOKIE, cookie, domain="127.0.0.1", path="/")
    browser.cookies.set(STATE_COOKIE, cookie[:-2] + "xx", domain="127.0.0.1", path="/")
    assert browser.get(address).status_code == 400
    assert get_signed_in_account(browser) is None


def test_state_cookie_expires(browser: TestClient, monkeypatch: pytest.MonkeyPatch) -> None:
    from itsdangerous import TimestampSigner

    address = authorize_at_provider(go_to_provider(browser), "7f3a")
    original = TimestampSigner.get_timestamp
    monkeypatch.setattr(TimestampSigner, "get_timestamp", lambda self: original(self) + STATE_SECONDS + 1)
    assert browser.get(address).status_code == 400


def test_answer_of_another_issuer_is_refused(browser: TestClient) -> None:
    address = authorize_at_provider(go_to_provider(browser), "7f3a")
    answer = browser.get(f"{address}&{urlencode({'iss': 'https://another.example'})}")
    assert (answer.status_code, "did not succeed" in answer.text) == (400, True)
    assert get_signed_in_account(browser) is None


def test_refusal_of_the_provider_is_shown_without_its_message(browser: TestClient) -> None:
    state = parse_qs(urlsplit(go_to_provider(browser)).query)["state"][0]
    query = {"error": "access_denied", "error_description": "<b>words</b>", "state": state}
    answer = browser.get("/oauth2callback", params=query)
    assert (answer.status_code, "did not succeed" in answer.text, "words" in answer.text) == (400, True, False)


# ------------------------------------------------------------------------------------------------- malicious provider

MALICIOUS = "https://id.example"
KEY = RSAKey.generate_key(2048, parameters={"kid": "one"})
OTHER_KEY = RSAKey.generate_key(2048, parameters={"kid": "one"})
PENDING = PendingSignIn("the-state", "the-nonce", "v" * 48, "/")
Claims = dict[str, Any]


def sign_token(claims: Claims, key: RSAKey = KEY) -> str:
    return jwt.encode({"alg": "RS256", "kid": "one"}, claims, key)


def make_claims() -> Claims:
    now = int(time.time())
    return {"iss": MALICIOUS, "aud": CLIENT, "sub": "7f3a", "nonce": "the-nonce", "iat": now, "exp": now + 60}


def fetch_claims(
    token: Any, *, metadata: dict[str, Any] | None = None, token_requests: list[str] | None = None
) -> Claims:
    """Return the claims accepted from a provider that answers with this identity token."""

    def serve_discovery(_: Request) -> Response:
        endpoints = {"jwks_uri": f"{MALICIOUS}/jwks", "token_endpoint": f"{MALICIOUS}/token"}
        return JSONResponse({"issuer": MALICIOUS, **endpoints, **(metadata or {})})

    async def serve_token(request: Request) -> Response:
        form = await request.form()
        if token_requests is not None:
            token_requests.extend(
                [str(form["code_verifier"]), str(form["redirect_uri"]), request.headers["authorization"]]
            )
        return JSONResponse({"access_token": "x", "token_type": "Bearer", "id_token": token} if token else {"token": 1})

    def serve_keys(_: Request) -> Response:
        return JSONResponse({"keys": [KEY.as_dict(private=False)]})

    fake = Starlette(
        routes=[
            Route("/discovery", serve_discovery),
            Route("/token", serve_token, methods=["POST"]),
            Route("/jwks", serve_keys),
        ]
    )
    connect = OpenIdConnect(WebSettings(HOST, SECRET, Provider(f"{MALICIOUS}/discovery", CLIENT, "a secret of both")))
    connect._client.client_kwargs["transport"] = httpx.ASGITransport(app=fake)
    return run_async(connect.fetch_claims(PENDING, {"code": "the-code", "state": "the-state"}))


def test_valid_identity_token_is_accepted_and_the_verifier_sent() -> None:
    token_requests: list[str] = []
    assert fetch_claims(sign_token(make_claims()), token_requests=token_requests)["sub"] == "7f3a"
    assert token_requests[:2] == [PENDING.code_verifier, f"{HOST}/oauth2callback"]
    assert token_requests[2].startswith("Basic ")


@pytest.mark.parametrize(
    "changes",
    [
        {"nonce": "another"}, {"nonce": None}, {"aud": "another-client"}, {"aud": ["another-client"]}, {"aud": None},
        {"aud": "another-client", "azp": CLIENT}, {"aud": [CLIENT, "another"], "azp": "another"},
        {"iss": "https://another.example"}, {"iss": None}, {"sub": None}, {"exp": 1}, {"exp": None}, {"iat": None},
    ],
)  # fmt: skip
def test_identity_token_for_another_request_or_client_is_refused(changes: Claims) -> None:
    claims = {name: value for name, value in (make_claims() | changes).items() if value is not None}
    with pytest.raises(ProviderError):
        fetch_claims(sign_token(claims))


@pytest.mark.parametrize("algorithms", [None, ["RS256", "none", "HS256"], ["none"], ["HS256"]])
def test_token_with_another_or_missing_signature_is_refused(algorithms: list[str] | None) -> None:
    metadata = {"id_token_signing_alg_values_supported": algorithms} if algorithms else {}
    claims = make_claims()
    unsigned = f"{_encode({'alg': 'none', 'kid': 'one'})}.{_encode(claims)}"
    keyed = f"{_encode({'alg': 'HS256', 'kid': 'one'})}.{_encode(claims)}"
    # Use the public key, which everybody has, as a secret.
    signature = hmac.digest(KEY.as_pem(private=False), keyed.encode(), "sha256")
    symmetric = f"{keyed}.{base64.urlsafe_b64encode(signature).rstrip(b'=').decode()}"
    for token in (f"{unsigned}.", symmetric, sign_token(claims, OTHER_KEY), "x.y.z", "", None, 17):
        with pytest.raises(ProviderError):
            fetch_claims(token, metadata=metadata)


def _encode(part: Claims) -> str:
    return base64.urlsafe_b64encode(json.dumps(part).encode()).rstrip(b"=").decode()


@pytest.mark.parametrize("metadata", [{"jwks_uri": ""}, {"token_endpoint": ""}, {"issuer": None}])
def test_provider_with_an_incomplete_document_is_refused(metadata: dict[str, Any]) -> None:
    with pytest.raises(ProviderError):
        fetch_claims(sign_token(make_claims()), metadata=metadata)


def test_challenge_matches_the_verifier_in_the_cookie(browser: TestClient, settings: WebSettings) -> None:
    query = parse_qs(urlsplit(go_to_provider(browser)).query)
    pending = OpenIdConnect(settings).read_pending(
        browser.cookies[STATE_COOKIE].strip('"'), {"state": query["state"][0]}
    )
    assert create_s256_code_challenge(pending.code_verifier) == query["code_challenge"][0]
    assert pending.nonce == query["nonce"][0]


# --------------------------------------------------------------------------------------------------------------- claims


@pytest.mark.parametrize(
    ("changes", "is_known"),
    [
        ({}, True),
        ({"auth_time": None}, True),
        ({"sub": "another"}, False),
        ({"iss": "https://another.example"}, False),
        ({"sub": ""}, False),
        ({"iss": ""}, False),
        ({"iss": "local", "sub": "rs-sender"}, False),
        ({"sub": "rs-sender"}, False),
        ({"auth_time": None, "iat": None}, False),
        ({"auth_time": "today"}, False),
        ({"auth_time": 1}, False),
        ({"email": "rs-sender", "name": "rs-sender", "preferred_username": "rs-sender", "sub": "x"}, False),
    ],
)
def test_sign_in_with_claims_needs_issuer_subject_and_recent_sign_in(
    engine: sa.Engine, changes: Claims, is_known: bool
) -> None:
    accounts.link_provider(engine, "rs-demonstration", MALICIOUS, "7f3a", by=SYSTEM)
    now = clock.read_wall_clock()
    claims = {"iss": MALICIOUS, "sub": "7f3a", "auth_time": now, "iat": now} | changes
    session_account = sign_in_with_claims(engine, claims)
    assert (session_account is not None) is is_known
    assert session_account is None or session_account[0].account == "rs-demonstration"


def test_sign_in_with_claims_rejects_an_old_sign_in(engine: sa.Engine, monkeypatch: pytest.MonkeyPatch) -> None:
    accounts.link_provider(engine, "rs-demonstration", MALICIOUS, "7f3a", by=SYSTEM)
    now = clock.read_wall_clock()
    monkeypatch.setattr(clock, "read_wall_clock", lambda: now)
    for hours, is_known in ((LONGEST_HOURS - 0.1, True), (LONGEST_HOURS + 0.1, False)):
        claims = {"iss": MALICIOUS, "sub": "7f3a", "auth_time": now - hours * 3600}
        assert (sign_in_with_claims(engine, claims) is not None) is is_known
