"""The protocol of the built-in sign-in, without its pages: each fault is refused, each code counts once."""

from __future__ import annotations

import base64
import hashlib
import string

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pipelines.core import clock
from pipelines.web.sign_in import authorization
from pipelines.web.sign_in.authorization import (
    Client,
    Codes,
    RequestError,
    Signer,
    authorization_request,
    make_discovery_document,
)

CLIENT = Client("rti-portal", "secret", "http://127.0.0.1:8502/oauth2callback")
GOOD = {
    "client_id": "rti-portal",
    "redirect_uri": "http://127.0.0.1:8502/oauth2callback",
    "response_type": "code",
    "scope": "openid profile",
    "state": "s",
    "nonce": "n",
    "code_challenge": "c",
    "code_challenge_method": "S256",
}
VERIFIER = "dBjftJeZ4CVP-mB92K27uhbUJU1p1r_wW1gFWFOEjXk"


def test_a_good_request_is_taken() -> None:
    asked = authorization_request(GOOD, CLIENT)
    assert (asked.redirect_uri, asked.state, asked.nonce, asked.challenge) == (CLIENT.redirect_uri, "s", "n", "c")


@pytest.mark.parametrize(
    ("name", "value", "code"),
    [
        ("client_id", "other", "invalid_client"),
        ("redirect_uri", "http://127.0.0.1:8502/oauth2callback/", "invalid_request"),
        ("redirect_uri", "https://elsewhere.example/oauth2callback", "invalid_request"),
        ("response_type", "token", "unsupported_response_type"),
        ("scope", "profile", "invalid_scope"),
        ("code_challenge", "", "invalid_request"),
        ("code_challenge_method", "plain", "invalid_request"),
        ("state", "", "invalid_request"),
    ],
)
def test_a_faulty_request_is_refused(name: str, value: str, code: str) -> None:
    with pytest.raises(RequestError) as caught:
        authorization_request({**GOOD, name: value}, CLIENT)
    assert caught.value.code == code


def test_the_challenge_is_that_of_the_standard() -> None:
    # RFC 7636, appendix B.
    assert authorization.challenge_of(VERIFIER) == "E9Melhoa2OwvFrEMTJguCHaoeK1t8URWbuGJSstw-cM"


@given(st.text(alphabet=string.ascii_letters + string.digits + "-._~", min_size=43, max_size=128))
def test_only_the_right_verifier_takes_a_code(verifier: str) -> None:
    codes = Codes()
    challenge = base64.urlsafe_b64encode(hashlib.sha256(verifier.encode()).digest()).rstrip(b"=").decode()
    asked = authorization_request({**GOOD, "code_challenge": challenge}, CLIENT)
    code = codes.issue_code("a", asked)
    assert codes.redeem_code(code, verifier).account == "a"
    other = codes.issue_code("a", asked)
    with pytest.raises(RequestError):
        codes.redeem_code(other, verifier + "x")


def test_a_code_counts_once_also_after_a_wrong_verifier() -> None:
    codes = Codes()
    asked = authorization_request({**GOOD, "code_challenge": authorization.challenge_of(VERIFIER)}, CLIENT)
    code = codes.issue_code("a", asked)
    assert codes.redeem_code(code, VERIFIER).nonce == "n"
    with pytest.raises(RequestError):
        codes.redeem_code(code, VERIFIER)
    tried = codes.issue_code("a", asked)
    with pytest.raises(RequestError):
        codes.redeem_code(tried, "wrong")
    with pytest.raises(RequestError):
        codes.redeem_code(tried, VERIFIER)


def test_a_code_expires(monkeypatch: pytest.MonkeyPatch) -> None:
    codes = Codes()
    asked = authorization_request({**GOOD, "code_challenge": authorization.challenge_of(VERIFIER)}, CLIENT)
    now = clock.read_wall_clock()
    code = codes.issue_code("a", asked)
    monkeypatch.setattr(clock, "read_wall_clock", lambda: now + authorization.CODE_SECONDS + 1)
    with pytest.raises(RequestError):
        codes.redeem_code(code, VERIFIER)


def test_the_token_is_signed_by_the_published_key_and_says_who_and_for_whom() -> None:
    from joserfc import jwt
    from joserfc.errors import BadSignatureError
    from joserfc.jwk import KeySet

    signer, other = Signer(), Signer()
    codes = Codes()
    asked = authorization_request({**GOOD, "code_challenge": authorization.challenge_of(VERIFIER)}, CLIENT)
    grant = codes.redeem_code(codes.issue_code("rs-sors-sender", asked), VERIFIER)
    token = signer.identity_token("http://i", CLIENT.client_id, grant, {"name": "N"})
    claims = jwt.decode(token, KeySet.import_key_set(signer.export_keys()), algorithms=["RS256"]).claims
    assert (claims["iss"], claims["sub"], claims["aud"], claims["nonce"], claims["name"]) == (
        "http://i", "rs-sors-sender", "rti-portal", "n", "N",
    )  # fmt: skip
    assert claims["exp"] - claims["iat"] == authorization.TOKEN_SECONDS
    keys = other.export_keys()
    keys["keys"][0]["kid"] = signer.export_keys()["keys"][0]["kid"]
    with pytest.raises(BadSignatureError):
        jwt.decode(token, KeySet.import_key_set(keys), algorithms=["RS256"])
    assert "d" not in signer.export_keys()["keys"][0]


def test_the_discovery_document_names_only_what_is_served() -> None:
    from starlette.routing import Route

    from pipelines.web.sign_in import provider

    served = provider.create_provider(None, CLIENT, "http://127.0.0.1:8502/identity", demonstration=True)  # type: ignore[arg-type]
    paths = {route.path for route in served.routes if isinstance(route, Route)}
    told = make_discovery_document("")
    assert {told[name] for name in ("authorization_endpoint", "token_endpoint", "jwks_uri")} <= paths
