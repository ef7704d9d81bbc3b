"""Protect a service on the loopback address from requests by web pages of other origins.

Any page open in a browser on this machine can send requests to a loopback service, and a foreign host name can be made
to resolve to the loopback address (DNS rebinding).  The guard checks host, origin and kind of each request, and refuses
requests that change data in a form that a page of another origin can send without a preflight (a simple request).
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Iterable, MutableMapping
from typing import Any
from urllib.parse import urlsplit

Scope = MutableMapping[str, Any]
Message = MutableMapping[str, Any]
Receive = Callable[[], Awaitable[Message]]
Send = Callable[[Message], Awaitable[None]]
App = Callable[[Scope, Receive, Send], Awaitable[None]]

LOOPBACK_NAMES = ("127.0.0.1", "localhost", "[::1]")
_METHODS = ("GET", "HEAD", "POST", "OPTIONS")
_OWN_SITES = ("same-origin", "none")
"""`Sec-Fetch-Site` of requests by the service's own pages and by the user directly. `same-site` means another port of
this machine, which is another service."""
_ADDED_HEADERS = (
    (b"x-frame-options", b"DENY"),
    (b"cross-origin-opener-policy", b"same-origin"),
    (b"cross-origin-resource-policy", b"same-origin"),
)


class LoopbackGuard:
    """ASGI application that refuses requests of other origins and passes all others to `app`.

    `port` is the port of the service. `public_urls` are the addresses of a proxy with sign-in that forwards requests
    with `Host` and `Origin` unchanged. `json_only_paths` accept only `POST` of `application/json`, and WebSockets.
    """

    def __init__(
        self, app: App, *, port: int, public_urls: Iterable[str] = (), json_only_paths: Iterable[str] = ()
    ) -> None:
        self._app = app
        self._json_only = frozenset(json_only_paths)
        self._origins = {f"{name}:{port}": f"http://{name}:{port}" for name in LOOPBACK_NAMES}
        for url in public_urls:
            parts = urlsplit(url)
            if parts.scheme not in ("http", "https") or not parts.netloc:
                raise ValueError(f"{url!r} is not an http or https address")
            self._origins[parts.netloc.lower()] = f"{parts.scheme}://{parts.netloc.lower()}"

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] not in ("http", "websocket"):
            await self._app(scope, receive, send)
            return
        refusal = self._find_refusal(scope)
        if refusal is None:
            await self._app(scope, receive, _with_headers(send) if scope["type"] == "http" else send)
        elif scope["type"] == "websocket":
            # The connection has not been accepted yet, so the server turns this into a 403 response.
            await receive()
            await send({"type": "websocket.close", "code": 1008, "reason": refusal[1]})
        else:
            await _refuse(send, *refusal)

    def _find_refusal(self, scope: Scope) -> tuple[int, str] | None:
        """Return status and reason of a refusal, or None if the request is allowed."""
        hosts = _header_values(scope, b"host")
        if len(hosts) != 1 or hosts[0].lower() not in self._origins:
            return 421, f"This service answers as {', '.join(self._origins)} only; open one of these addresses."
        own_origin = self._origins[hosts[0].lower()]
        if any(origin.lower() != own_origin for origin in _header_values(scope, b"origin")):
            return 403, "This request comes from a page of another origin."
        is_websocket = scope["type"] == "websocket"
        if any(site not in _OWN_SITES for site in _header_values(scope, b"sec-fetch-site")) and not self._is_link(
            scope
        ):
            return 403, "This request comes from a page of another site."
        if is_websocket:
            return None
        method = scope["method"]
        if method not in _METHODS:
            return 405, f"{method} is not used here."
        if scope["path"] in self._json_only and method in ("GET", "HEAD"):
            return 405, "Send queries by POST."
        if method == "POST" and _content_types(scope) != ["application/json"]:
            return 415, "Send application/json."
        return None

    def _is_link(self, scope: Scope) -> bool:
        """Return True if the user follows a link to a page; the page with the link cannot read the response."""
        return (
            scope["type"] == "http"
            and scope["method"] == "GET"
            and scope["path"] not in self._json_only
            and _header_values(scope, b"sec-fetch-mode") == ["navigate"]
            and _header_values(scope, b"sec-fetch-dest") == ["document"]
        )


def _header_values(scope: Scope, name: bytes) -> list[str]:
    return [value.decode("latin-1").strip() for key, value in scope["headers"] if key.lower() == name]


def _content_types(scope: Scope) -> list[str]:
    return [value.partition(";")[0].strip().lower() for value in _header_values(scope, b"content-type")]


def _with_headers(send: Send) -> Send:
    async def send_with_headers(message: Message) -> None:
        if message["type"] == "http.response.start":
            message = {**message, "headers": [*message.get("headers", []), *_ADDED_HEADERS]}
        await send(message)

    return send_with_headers


async def _refuse(send: Send, status: int, reason: str) -> None:
    body = (reason + "\n").encode()
    headers = [(b"content-type", b"text/plain; charset=utf-8"), (b"content-length", str(len(body)).encode())]
    if status == 405:
        headers.append((b"allow", b"POST"))
    await send({"type": "http.response.start", "status": status, "headers": [*headers, *_ADDED_HEADERS]})
    await send({"type": "http.response.body", "body": body})
