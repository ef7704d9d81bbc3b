"""Implement the protocol of the built-in sign-in: OpenID Connect's authorization code flow with PKCE, for one client.

It serves a single machine without a provider of its own. An office with a provider configures that one
(`docs/sign-in.md`), and this part is then not served at all.
"""

from __future__ import annotations

import base64
import hashlib
import secrets
import threading
from collections.abc import Mapping
from dataclasses import dataclass, field
from hmac import compare_digest
from typing import Any

from pipelines.core import clock

CODE_SECONDS = 60
TOKEN_SECONDS = 300
_MOST_CODES = 10_000


class RequestError(Exception):
    """A request of the client violates the protocol; `code` is that of RFC 6749, the text gives the reason."""

    def __init__(self, code: str, text: str) -> None:
        super().__init__(text)
        self.code = code


@dataclass(frozen=True, slots=True)
class Client:
    """The one client: the offices' own pages. `redirect_uri` is compared letter by letter."""

    client_id: str
    client_secret: str = field(repr=False)
    redirect_uri: str


@dataclass(frozen=True, slots=True)
class AuthorizationRequest:
    """A valid request of the client."""

    redirect_uri: str
    state: str
    nonce: str
    challenge: str


def authorization_request(parameters: Mapping[str, str], client: Client) -> AuthorizationRequest:
    """Return the request in these parameters. Raises RequestError.

    A wrong client or redirect address is never answered with a redirect, which would make this an open redirector.
    """
    if parameters.get("client_id") != client.client_id:
        raise RequestError("invalid_client", "the client is not known here")
    if parameters.get("redirect_uri") != client.redirect_uri:
        raise RequestError("invalid_request", "redirect_uri is not the one agreed with this client")
    if parameters.get("response_type") != "code":
        raise RequestError("unsupported_response_type", "response_type must be code")
    if "openid" not in parameters.get("scope", "").split():
        raise RequestError("invalid_scope", "scope must name openid")
    if parameters.get("code_challenge_method") != "S256" or not parameters.get("code_challenge"):
        raise RequestError("invalid_request", "a code_challenge of method S256 is needed")
    if not parameters.get("state"):
        raise RequestError("invalid_request", "state is needed")
    return AuthorizationRequest(
        client.redirect_uri, parameters["state"], parameters.get("nonce", ""), parameters["code_challenge"]
    )


def challenge_of(verifier: str) -> str:
    """Return the S256 challenge of a verifier (RFC 7636, section 4.2)."""
    return base64.urlsafe_b64encode(hashlib.sha256(verifier.encode("ascii")).digest()).rstrip(b"=").decode()


@dataclass(frozen=True, slots=True)
class _Grant:
    account: str
    nonce: str
    challenge: str
    signed_in: float
    until: float


class Codes:
    """Issued codes not yet redeemed: each is valid once and for `CODE_SECONDS`. Kept in this process only."""

    def __init__(self) -> None:
        self._grants: dict[str, _Grant] = {}
        self._lock = threading.Lock()

    def issue_code(self, account: str, request: AuthorizationRequest) -> str:
        """Issue a code for an account that has just signed in."""
        now = clock.read_wall_clock()
        code = secrets.token_urlsafe(32)
        with self._lock:
            self._grants = {c: g for c, g in self._grants.items() if g.until > now}
            if len(self._grants) >= _MOST_CODES:
                raise RequestError("temporarily_unavailable", "too many people sign in at this moment; try again")
            self._grants[code] = _Grant(account, request.nonce, request.challenge, now, now + CODE_SECONDS)
        return code

    def redeem_code(self, code: str, verifier: str) -> _Grant:
        """Return the grant of a code and remove it, even if the verifier is wrong. Raises RequestError."""
        with self._lock:
            grant = self._grants.pop(code, None)
        if grant is None or grant.until <= clock.read_wall_clock():
            raise RequestError("invalid_grant", "the code is not known, was used before, or has expired")
        if not verifier.isascii() or not compare_digest(challenge_of(verifier), grant.challenge):
            raise RequestError("invalid_grant", "code_verifier does not fit")
        return grant


class Signer:
    """Key that signs identity tokens. It lives as long as the process: tokens are verified at once and not stored."""

    def __init__(self) -> None:
        from joserfc.jwk import RSAKey

        self._key = RSAKey.generate_key(2048, parameters={"use": "sig", "alg": "RS256"}, auto_kid=True)

    def export_keys(self) -> dict[str, Any]:
        """Return the public key as a JSON Web Key Set."""
        return {"keys": [self._key.as_dict(private=False)]}

    def identity_token(self, issuer: str, client_id: str, grant: _Grant, claims: Mapping[str, Any]) -> str:
        """Return a signed token that states who signed in, for which client, and when."""
        from joserfc import jwt

        now = int(clock.read_wall_clock())
        content = {
            **claims,
            "iss": issuer,
            "sub": grant.account,
            "aud": client_id,
            "iat": now,
            "exp": now + TOKEN_SECONDS,
            "auth_time": int(grant.signed_in),
        }
        if grant.nonce:
            content["nonce"] = grant.nonce
        return jwt.encode({"alg": "RS256", "kid": self._key.kid}, content, self._key)


def make_discovery_document(issuer: str) -> dict[str, Any]:
    """Return the discovery document (OpenID Connect Discovery 1.0, section 3)."""
    return {
        "issuer": issuer,
        "authorization_endpoint": f"{issuer}/authorize",
        "token_endpoint": f"{issuer}/token",
        "jwks_uri": f"{issuer}/jwks",
        "response_types_supported": ["code"],
        "response_modes_supported": ["query"],
        "grant_types_supported": ["authorization_code"],
        "subject_types_supported": ["public"],
        "id_token_signing_alg_values_supported": ["RS256"],
        "token_endpoint_auth_methods_supported": ["client_secret_basic", "client_secret_post"],
        "code_challenge_methods_supported": ["S256"],
        "scopes_supported": ["openid", "profile", "email"],
        "claims_supported": ["sub", "iss", "aud", "iat", "exp", "auth_time", "nonce", "name", "locale"],
        "prompt_values_supported": ["login", "select_account"],
    }
