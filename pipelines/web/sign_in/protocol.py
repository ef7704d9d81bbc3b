"""Serve the machine endpoints of the built-in sign-in: discovery, keys, and the exchange of a code for an identity
token."""

from __future__ import annotations

import base64
import secrets
from collections.abc import Mapping
from functools import partial
from hmac import compare_digest
from typing import TYPE_CHECKING, Any
from urllib.parse import unquote

from pipelines.submissions.accounts import accounts
from pipelines.web.sign_in.authorization import Client, Codes, RequestError, Signer, make_discovery_document

if TYPE_CHECKING:
    import sqlalchemy as sa
    from starlette.requests import Request
    from starlette.responses import Response


class Protocol:
    """Endpoints of one service: one client, one signing key, the codes that its pages issue."""

    def __init__(self, engine: sa.Engine, client: Client, issuer: str) -> None:
        self.engine = engine
        self.client = client
        self.issuer = issuer
        self.codes = Codes()
        self.signer = Signer()

    def serve_discovery(self, _: Request) -> Response:
        """Serve `/.well-known/openid-configuration`."""
        return _json(make_discovery_document(self.issuer))

    def serve_keys(self, _: Request) -> Response:
        """Serve `/jwks`."""
        return _json(self.signer.export_keys())

    async def serve_token(self, request: Request) -> Response:
        """Serve `/token`: exchange a code for an identity token."""
        form = {name: str(value) for name, value in (await request.form()).items()}
        try:
            self._authenticate_client(request, form)
            if form.get("grant_type") != "authorization_code":
                raise RequestError("unsupported_grant_type", "grant_type must be authorization_code")
            if form.get("redirect_uri") != self.client.redirect_uri:
                raise RequestError("invalid_grant", "redirect_uri is not that of the request")
            grant = self.codes.redeem_code(form.get("code", ""), form.get("code_verifier", ""))
        except RequestError as error:
            status = 401 if error.code == "invalid_client" else 400
            return _json({"error": error.code, "error_description": str(error)}, status)
        account = await in_thread(accounts.find_account, self.engine, grant.account)
        if account is None or account.disabled:
            return _json({"error": "invalid_grant", "error_description": "the account is not open"}, 400)
        claims = {"name": account.display_name, "locale": account.language}
        token = self.signer.identity_token(self.issuer, self.client.client_id, grant, claims)
        # The access token does not give access to anything, but the protocol requires one.
        content = {"access_token": secrets.token_urlsafe(16), "token_type": "Bearer", "expires_in": 60}
        return _json({**content, "id_token": token})

    def _authenticate_client(self, request: Request, form: Mapping[str, str]) -> None:
        name, secret = form.get("client_id", ""), form.get("client_secret", "")
        scheme, _, value = request.headers.get("authorization", "").partition(" ")
        if scheme.lower() == "basic":
            try:
                name, _, secret = base64.b64decode(value, validate=True).decode("ascii").partition(":")
            except ValueError:
                raise RequestError("invalid_client", "the authorization header cannot be read") from None
            name, secret = unquote(name), unquote(secret)
        is_known = compare_digest(name.encode(), self.client.client_id.encode())
        if not (compare_digest(secret.encode(), self.client.client_secret.encode()) and is_known):
            raise RequestError("invalid_client", "the client or its secret is wrong")


def _json(content: Any, status: int = 200) -> Response:
    from starlette.responses import JSONResponse

    return JSONResponse(content, status_code=status, headers={"Cache-Control": "no-store"})


async def in_thread(function: Any, *arguments: Any) -> Any:
    """Run a call of the ledger or of Argon2, which is slow, in a thread next to the event loop."""
    from anyio import to_thread

    return await to_thread.run_sync(partial(function, *arguments))
