"""Add security headers, `Secure` cookies and the check of `Host`, as one ASGI wrapper around each web service."""

from __future__ import annotations

import base64
import hashlib
import re
from collections.abc import Callable, Iterable
from typing import TYPE_CHECKING

from pipelines.web import guards
from pipelines.web.settings import Site

if TYPE_CHECKING:
    from starlette.types import ASGIApp, Message, Receive, Scope, Send

_FIXED = (
    (b"x-content-type-options", b"nosniff"),
    (b"referrer-policy", b"same-origin"),
    (b"x-frame-options", b"DENY"),
    (b"permissions-policy", b"camera=(), geolocation=(), microphone=()"),
)
_TRANSPORT = (b"strict-transport-security", b"max-age=31536000")
"""One year, for this name alone: other names of the same office may not have TLS."""
_HOST = re.compile(r"[A-Za-z0-9.\-]+(:\d{1,5})?|\[[0-9A-Fa-f:]+\](:\d{1,5})?")
_INLINE = re.compile(rb"<script>(.*?)</script>", re.DOTALL)


def script_hashes(document: bytes) -> tuple[str, ...]:
    """Return the CSP sources (`'sha256-…'`) that allow the inline scripts of a document and no other."""
    digests = (hashlib.sha256(script).digest() for script in _INLINE.findall(document))
    return tuple(f"'sha256-{base64.b64encode(digest).decode()}'" for digest in digests)


def content_policy(host: str, scripts: Iterable[str]) -> str:
    """Return the Content-Security-Policy of a Streamlit app; `scripts` are its sources of inline scripts.

    Streamlit's bundle sets inline styles. It draws charts with Vega's interpreter, so that 'unsafe-eval' is not needed
    (Streamlit 1.67). `'self'` covers WebSockets only in browsers since 2022; for older ones the host is named.
    """
    sockets = f"ws://{host} wss://{host} " if _HOST.fullmatch(host) else ""
    return (
        f"default-src 'self'; script-src 'self' {' '.join(scripts)}; "
        "style-src 'self' 'unsafe-inline'; img-src 'self' data:; font-src 'self' data:; "
        f"connect-src 'self' {sockets}data:; worker-src 'self'; object-src 'none'; base-uri 'self'; "
        "form-action 'self'; frame-ancestors 'none'"
    )


STRICT_POLICY = (
    "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self' data:; connect-src 'self'; "
    "form-action 'self'; base-uri 'none'; frame-ancestors 'none'"
)
"""The Content-Security-Policy of server-rendered pages: everything is a file of this service, nothing is inline."""


EMBEDDED_POLICY = STRICT_POLICY.replace("frame-ancestors 'none'", "frame-ancestors *")
"""The policy of a document that is made to be shown in a frame on other sites: one picture, without a form."""


class SecurityHeaders:
    """Add security headers where an answer has none of its own, and refuse a `Host` that is not the site's.

    `policy` returns the Content-Security-Policy for a value of the header `Host`. An answer with `EMBEDDED_POLICY` has
    no `X-Frame-Options`, since that header cannot allow other sites.

    Over TLS (the site's address is https, or a trusted proxy says so) answers carry HSTS and every cookie is `Secure`.
    Streamlit, behind the public pages, sets its cookies without it, whatever its address.
    """

    def __init__(self, app: ASGIApp, site: Site, policy: Callable[[str], str]) -> None:
        self.app, self.site, self.policy = app, site, policy

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] not in ("http", "websocket"):
            await self.app(scope, receive, send)
            return
        host = dict(scope["headers"]).get(b"host", b"").decode("latin-1")
        secure = self.site.is_https or scope["scheme"] in ("https", "wss")
        added = [*_FIXED, (b"content-security-policy", self.policy(host).encode())]
        if secure:
            added.append(_TRANSPORT)

        async def send_with_headers(message: Message) -> None:
            if message["type"] in ("http.response.start", "websocket.http.response.start"):
                headers = [
                    _secure_cookie(name, value) if secure else (name, value) for name, value in message["headers"]
                ]
                present = {name.lower() for name, _ in headers}
                is_embedded = (b"content-security-policy", EMBEDDED_POLICY.encode()) in headers
                headers += [
                    (name, value)
                    for name, value in added
                    if name not in present and not (is_embedded and name == b"x-frame-options")
                ]
                message = {**message, "headers": headers}
            await send(message)

        if not self.site.is_host_allowed(host):
            await guards.refuse_request(scope, receive, send_with_headers, 421, guards.FOREIGN)
            return
        await self.app(scope, receive, send_with_headers)


class NoStore:
    """Add `Cache-Control: no-store` to answers without a cache header."""

    def __init__(self, app: ASGIApp) -> None:
        self.app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        async def send_with_headers(message: Message) -> None:
            if message["type"] == "http.response.start":
                headers = list(message["headers"])
                if b"cache-control" not in {name.lower() for name, _ in headers}:
                    message = {**message, "headers": [*headers, (b"cache-control", b"no-store")]}
            await send(message)

        await self.app(scope, receive, send_with_headers)


def _secure_cookie(name: bytes, value: bytes) -> tuple[bytes, bytes]:
    """Return a header, with `Secure` added to a cookie."""
    if name.lower() != b"set-cookie" or b"secure" in (part.strip().lower() for part in value.split(b";")[1:]):
        return name, value
    return name, value + b"; Secure"
