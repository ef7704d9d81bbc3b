"""Sign in with an OpenID Connect provider: authorization code flow with PKCE (S256), state and nonce.

What must be remembered until the person returns is in a signed cookie of a few minutes, so that no session begins
before somebody has signed in.
"""

from __future__ import annotations

import re
import secrets
from collections.abc import Mapping
from contextlib import contextmanager
from dataclasses import asdict, dataclass
from hmac import compare_digest
from typing import TYPE_CHECKING, Any

from pipelines.web.sign_in.sessions import LONGEST_HOURS

if TYPE_CHECKING:
    from collections.abc import Iterator

    from pipelines.web.settings import WebSettings

STATE_COOKIE = "rti_provider"
STATE_SECONDS = 900
"""Seconds within which a person must have signed in at the provider; a second factor takes time."""
_SCOPE = "openid profile email"
_SECONDS_PATIENCE = 10.0
_PUBLIC_KEY_ALGORITHMS = frozenset(
    ("RS256", "RS384", "RS512", "PS256", "PS384", "PS512", "ES256", "ES384", "ES512", "ES256K", "EdDSA", "Ed25519")
)
"""Signatures that only the provider can make (RFC 7518, section 3.1; RFC 8037): neither `none` nor HMAC."""
_ERROR_CODE = re.compile(r"[^a-z_]")
"""Characters that an error code of a provider never contains (RFC 6749, section 4.1.2.1), and a log must not."""


class ProviderError(Exception):
    """The provider cannot be reached, refuses, or gives an answer that is not valid. The text is for the log."""


class StaleStateError(Exception):
    """The answer of the provider does not belong to a sign-in that this browser has begun."""


@dataclass(frozen=True, slots=True)
class PendingSignIn:
    """A sign-in that a browser has begun at the provider, and the page to show afterwards."""

    state: str
    nonce: str
    code_verifier: str
    next_path: str


class OpenIdConnect:
    """The provider of one service."""

    def __init__(self, settings: WebSettings) -> None:
        from authlib.integrations.starlette_client import StarletteOAuth2App  # type: ignore[import-untyped]
        from itsdangerous import URLSafeTimedSerializer

        assert settings.provider is not None, "the service has no provider"
        self.redirect_uri = settings.redirect_uri
        self.client_id = settings.provider.client_id
        self._serializer = URLSafeTimedSerializer(settings.cookie_secret, salt="provider")
        self._client = StarletteOAuth2App(
            None,
            "provider",
            client_id=self.client_id,
            client_secret=settings.provider.client_secret,
            server_metadata_url=settings.provider.metadata_url,
            client_kwargs={"scope": _SCOPE, "code_challenge_method": "S256", "timeout": _SECONDS_PATIENCE},
        )

    async def begin_sign_in(self, next_path: str) -> tuple[str, str]:
        """Return the provider's address and the value of the state cookie. Raises ProviderError."""
        with _provider_errors():
            begun = await self._client.create_authorization_url(
                self.redirect_uri,
                state=secrets.token_urlsafe(32),
                nonce=secrets.token_urlsafe(32),
                prompt="select_account",
                # The provider asks for credentials again if its own sign-in is older than ours may be.
                max_age=LONGEST_HOURS * 3600,
            )
        pending = PendingSignIn(begun["state"], begun["nonce"], begun["code_verifier"], next_path)
        return begun["url"], str(self._serializer.dumps(asdict(pending)))

    def read_pending(self, cookie: str, answer: Mapping[str, str]) -> PendingSignIn:
        """Return the sign-in that a browser has begun and that an answer continues. Raises StaleStateError."""
        from itsdangerous import BadData

        try:
            pending = PendingSignIn(**self._serializer.loads(cookie, max_age=STATE_SECONDS))
        except BadData:
            raise StaleStateError from None
        if not compare_digest(answer.get("state", "").encode(), pending.state.encode()):
            raise StaleStateError
        return pending

    async def fetch_claims(self, pending: PendingSignIn, answer: Mapping[str, str]) -> dict[str, Any]:
        """Exchange the code of an answer for the claims of a verified identity token. Raises ProviderError."""
        if "error" in answer:
            raise ProviderError(f"the provider refuses: {_ERROR_CODE.sub('', answer['error'])[:40]}")
        with _provider_errors():
            issuer = await self._read_issuer()
            # RFC 9207: an answer that another provider sent must not reach this one's token address.
            if answer.get("iss", issuer) != issuer:
                raise ProviderError("the answer is that of another provider")
            token = await self._client.fetch_access_token(
                self.redirect_uri, code=answer["code"], code_verifier=pending.code_verifier
            )
            options = {
                "iss": {"essential": True, "values": [issuer]},
                "aud": {"essential": True, "value": self.client_id},
                "sub": {"essential": True},
            }
            claims = await self._client.parse_id_token(token, nonce=pending.nonce, claims_options=options)
        if claims is None:
            raise ProviderError("the answer has no identity token")
        return dict(claims)

    async def make_sign_out_address(self) -> str | None:
        """Return the address at which the provider ends its own session, None if it has none. Raises ProviderError."""
        with _provider_errors():
            metadata = await self._client.load_server_metadata()
            if not metadata.get("end_session_endpoint"):
                return None
            # Providers have the redirect address registered, and accept only registered addresses here.
            leaving = await self._client.create_logout_url(self.redirect_uri, client_id=self.client_id)
        return str(leaving["url"])

    async def _read_issuer(self) -> str:
        """Return the provider's issuer, and leave only signatures with a public key among those that it may use."""
        metadata = await self._client.load_server_metadata()
        offered = metadata.get("id_token_signing_alg_values_supported") or ["RS256"]
        metadata["id_token_signing_alg_values_supported"] = [name for name in offered if name in _PUBLIC_KEY_ALGORITHMS]
        return str(metadata["issuer"])


@contextmanager
def _provider_errors() -> Iterator[None]:
    """Raise ProviderError for what a provider or the way to it does wrong."""
    import httpx
    from authlib.common.errors import AuthlibBaseError  # type: ignore[import-untyped]
    from joserfc.errors import JoseError

    try:
        yield
    except (httpx.HTTPError, httpx.InvalidURL, AuthlibBaseError, JoseError) as error:
        raise ProviderError(f"{type(error).__name__} of the provider") from error
    except (KeyError, TypeError, ValueError, RuntimeError) as error:
        # Authlib raises these for a document or a token without the parts that it must have.
        raise ProviderError(f"the provider's answer cannot be used ({type(error).__name__})") from error
