"""Guard the web services as ASGI wrappers: limits on methods, bodies, addresses, rates and sessions.

The public and the offices' pages are behind them; only the public pages have WebSockets. They decide before any
application code runs and before any byte of a body is read. Sign-in attempts are limited in
`pipelines/submissions/accounts/throttle.py`, uploads of the offices' pages in `dashboards/office/uploads.py`.
"""

from __future__ import annotations

import asyncio
import ipaddress
import json
import threading
import time
from collections import Counter
from collections.abc import Callable, Mapping
from html import escape
from math import ceil
from typing import TYPE_CHECKING, Any

from limits import RateLimitItem, RateLimitItemPerMinute

from pipelines.core import i18n
from pipelines.core.i18n import gettext, mark
from pipelines.core.settings import Limits

if TYPE_CHECKING:
    from starlette.types import ASGIApp, Message, Receive, Scope, Send

SAFE_METHODS = ("GET", "HEAD", "OPTIONS")
LONGEST_ADDRESS = 8 * 1024
"""Bytes of path and query: browsers and proxies cut longer ones. The longest link of a page has about 1 kB."""
LONGEST_MESSAGE = 64 * 1024
"""Bytes of one WebSocket message of a reader: the state of all widgets of a public page takes about 2 kB."""
_TOO_BIG, _POLICY = 1009, 1008

METHOD = mark("This address does not accept uploads or forms. Open it as a page.")
TOO_LONG = mark("The address is too long. Open the first page and choose again.")
TOO_MANY = mark("Too many requests from your network. Wait {seconds} seconds, then load the page again.")
FULL = mark("Too many people are reading these pages now. Wait {seconds} seconds, then load the page again.")
FOREIGN = mark("This service does not answer under this name. Use the address that you were given.")
_MOST_KEYS = 10_000
"""Keys counted before old ones are removed."""
BUSY_SECONDS = 30
"""`Retry-After` in seconds if no window determines when the next place is free."""


def client_network(scope: Scope) -> str:
    """Return the network that a limit per address counts: an IPv4 address, or the /64 of an IPv6 address.

    One IPv6 line has 2^64 addresses, so counting single ones would limit nobody.
    """
    client = scope.get("client")
    host = client[0] if client else ""
    try:
        address = ipaddress.ip_address(host.partition("%")[0])
    except ValueError:
        return host
    if address.version == 6:
        mapped = address.ipv4_mapped
        return str(mapped) if mapped else str(ipaddress.ip_network((address, 64), strict=False))
    return str(address)


class Rates:
    """Counters of a process: how often each key occurred within a sliding window. Thread-safe.

    An occurrence of the window before counts in proportion to how much of that window the sliding one still covers.
    `MemoryStorage` of the package `limits` starts a thread at almost every count, which took 6 ms on a busy machine.
    """

    def __init__(self) -> None:
        self._counts: dict[tuple[str, ...], tuple[int, int, int]] = {}
        """Number of the window, occurrences in it, and in the one before."""
        self._counting = threading.Lock()
        self._next_removal = _MOST_KEYS

    def count_request(self, item: RateLimitItem, *key: str) -> int:
        """Count one more; return 0, or the seconds to wait if it would be too many (it is then not counted)."""
        return self._count(item, key, 1)

    def check_wait(self, item: RateLimitItem, *key: str) -> int:
        """Return 0 if one more would be allowed, or the seconds to wait; nothing is counted."""
        return self._count(item, key, 0)

    def _count(self, item: RateLimitItem, key: tuple[str, ...], added: int) -> int:
        length, now = item.get_expiry(), time.time()
        window, elapsed = divmod(now, length)
        whole_key = (item.namespace, str(length), *key)
        with self._counting:
            number, current, previous = self._counts.get(whole_key, (int(window), 0, 0))
            if number != window:
                current, previous = 0, current if number == window - 1 else 0
            free = item.amount - 1 - current
            if free < 0:
                return max(1, ceil(length - elapsed))
            if previous * (length - elapsed) > free * length:
                return max(1, ceil(length - elapsed - free * length / previous))
            if added:
                self._counts[whole_key] = (int(window), current + added, previous)
                if len(self._counts) >= self._next_removal:
                    self._remove_old_keys(now)
        return 0

    def _remove_old_keys(self, now: float) -> None:
        """Remove the keys that no longer count, so that an attack from many networks does not fill the memory."""
        self._counts = {key: value for key, value in self._counts.items() if now // int(key[1]) <= value[0] + 1}
        self._next_removal = max(_MOST_KEYS, 2 * len(self._counts))


class Guard:
    """Refuse other methods, long addresses, and too many requests of one address before the application sees them.

    `writable` returns the methods other than GET, HEAD and OPTIONS that an address accepts. Every other request
    reaches the application without its body: those bytes are never read.
    """

    def __init__(
        self,
        app: ASGIApp,
        limits: Limits,
        rates: Rates,
        *,
        writable: Callable[[str], tuple[str, ...]] = lambda _path: (),
    ) -> None:
        self.app, self.rates, self.writable = app, rates, writable
        self.requests = RateLimitItemPerMinute(limits.requests_per_minute, namespace="requests")

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] not in ("http", "websocket"):
            await self.app(scope, receive, send)
            return
        if len(scope.get("raw_path") or scope["path"]) + len(scope["query_string"]) > LONGEST_ADDRESS:
            await refuse_request(scope, receive, send, 414, TOO_LONG)
            return
        if seconds := self.rates.count_request(self.requests, client_network(scope)):
            await refuse_request(scope, receive, send, 429, TOO_MANY, seconds=seconds)
            return
        if scope["type"] == "http":
            # Finding the accepted methods asks every route, a sixth of the time of a small page.
            accepted = () if scope["method"] in SAFE_METHODS else self.writable(scope["path"])
            if scope["method"] not in (*SAFE_METHODS, *accepted):
                allow = ", ".join((*SAFE_METHODS, *accepted))
                await refuse_request(scope, receive, send, 405, METHOD, headers={"Allow": allow})
                return
            if scope["method"] not in accepted:
                receive = _without_body(receive)
        await self.app(scope, receive, send)


class SessionGuard:
    """Limit open pages (WebSocket connections), in total and per address, and the size and rate of their messages.

    While no place is free, documents are answered with 503 too: otherwise a reader would see an empty page that tries
    to connect for ever. Messages beyond the rate are read late; the connection is not closed.
    """

    def __init__(
        self,
        app: ASGIApp,
        limits: Limits,
        rates: Rates,
        *,
        longest_message: Callable[[Scope], int] = lambda _scope: LONGEST_MESSAGE,
    ) -> None:
        self.app, self.limits, self.rates, self.longest_message = app, limits, rates, longest_message
        self.opened = RateLimitItemPerMinute(limits.new_sessions_per_minute, namespace="sessions")
        self.messages = RateLimitItemPerMinute(limits.messages_per_minute, namespace="messages")
        self.open: Counter[str] = Counter()
        self._number = 0

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] == "http":
            if _wants_page(scope) and (refusal := self._full(client_network(scope))):
                await refuse_request(scope, receive, send, *refusal, seconds=BUSY_SECONDS)
                return
            await self.app(scope, receive, send)
            return
        if scope["type"] != "websocket":
            await self.app(scope, receive, send)
            return
        network = client_network(scope)
        if refusal := self._full(network):
            await refuse_request(scope, receive, send, *refusal, seconds=BUSY_SECONDS)
            return
        if seconds := self.rates.count_request(self.opened, network):
            await refuse_request(scope, receive, send, 429, TOO_MANY, seconds=seconds)
            return
        self._number += 1
        self.open[network] += 1
        try:
            await self.app(scope, self._measured(scope, receive, send, str(self._number)), send)
        finally:
            self.open[network] -= 1
            if not self.open[network]:
                del self.open[network]

    def _full(self, network: str) -> tuple[int, str] | None:
        if self.open.total() >= self.limits.sessions:
            return 503, FULL
        return (429, TOO_MANY) if self.open[network] >= self.limits.sessions_per_address else None

    def _measured(self, scope: Scope, receive: Receive, send: Send, key: str) -> Receive:
        longest = self.longest_message(scope)

        async def receive_measured() -> Message:
            message = await receive()
            if message["type"] != "websocket.receive":
                return message
            if max(len(message.get("bytes") or b""), len(message.get("text") or "")) > longest:
                await send({"type": "websocket.close", "code": _TOO_BIG, "reason": "message too big"})
                return {"type": "websocket.disconnect", "code": _TOO_BIG}
            # While this waits, uvicorn does not read further messages of this connection.
            while seconds := self.rates.count_request(self.messages, key):
                await asyncio.sleep(min(seconds, 1))
            return message

        return receive_measured


def _without_body(receive: Receive) -> Receive:
    """Return a `receive` that yields an empty body, and then waits for the end of the connection."""
    begun = False

    async def receive_nothing() -> Message:
        nonlocal begun
        if not begun:
            begun = True
            return {"type": "http.request", "body": b"", "more_body": False}
        while (message := await receive())["type"] != "http.disconnect":
            pass  # an unexpected body: dropped piece by piece, never kept
        return message

    return receive_nothing


def _wants_page(scope: Scope) -> bool:
    return scope["method"] == "GET" and b"text/html" in dict(scope["headers"]).get(b"accept", b"")


# ------------------------------------------------------------------------------------------------------------- refusals


async def refuse_request(
    scope: Scope,
    receive: Receive,
    send: Send,
    status: int,
    text: str,
    *,
    seconds: int = 0,
    headers: Mapping[str, str] | None = None,
    **params: object,
) -> None:
    """Answer a request or a handshake with a refusal in the reader's language, without reading a body.

    `seconds` is sent as `Retry-After`. An announced body is never read, so its connection is closed after the answer.
    """
    if scope["type"] == "websocket":
        if "websocket.http.response" not in scope.get("extensions", {}):
            await send({"type": "websocket.close", "code": _POLICY})
            return
        await receive()  # websocket.connect
    from starlette.requests import HTTPConnection

    from pipelines.web.sign_in.language import language_of

    language = language_of(HTTPConnection(scope))
    sentence = gettext(text, language).format(seconds=seconds, **params)
    body, kind = _body(scope, status, sentence, language)
    answer = {"Content-Type": kind, "Content-Length": str(len(body)), "Cache-Control": "no-store", **(headers or {})}
    if seconds:
        answer["Retry-After"] = str(seconds)
    if scope["type"] == "http" and scope["method"] not in ("GET", "HEAD"):
        answer["Connection"] = "close"
    prefix = "websocket.http.response" if scope["type"] == "websocket" else "http.response"
    pairs = [(name.lower().encode(), value.encode()) for name, value in answer.items()]
    await send({"type": f"{prefix}.start", "status": status, "headers": pairs})
    await send({"type": f"{prefix}.body", "body": b"" if scope.get("method") == "HEAD" else body})


def _body(scope: Scope, status: int, sentence: str, language: str) -> tuple[bytes, str]:
    """Return a refusal in the client's format: a problem (RFC 9457) under /api, a page for a browser, else text."""
    if scope["path"].startswith("/api/"):
        problem: dict[str, Any] = {"type": "about:blank", "title": sentence, "status": status, "detail": sentence}
        return json.dumps({**problem, "remedy": sentence}, ensure_ascii=False).encode(), "application/problem+json"
    if scope["type"] == "http" and b"text/html" in dict(scope["headers"]).get(b"accept", b""):
        page = (
            f'<!doctype html><html lang="{i18n.html_lang(language)}"><meta charset="utf-8">'
            '<meta name="viewport" content="width=device-width, initial-scale=1">'
            f"<title>{escape(sentence)}</title><main><p>{escape(sentence)}</p></main></html>"
        )
        return page.encode(), "text/html; charset=utf-8"
    return f"{sentence}\n".encode(), "text/plain; charset=utf-8"
