"""Compress the texts of a web service, and let browsers keep what has not changed, as one ASGI wrapper."""

from __future__ import annotations

import gzip
import hashlib
import re
from collections.abc import Iterable
from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    from starlette.types import ASGIApp, Message, Receive, Scope, Send

_TEXT: Final = re.compile(rb"text/|application/(?:[a-z.]+\+)?(?:json|xml|javascript)")
_SMALLEST: Final = 512
"""Bytes below which compressing saves no packet."""
_LARGEST_AT_ONCE: Final = 64 * 1024
"""Bytes above which compressing would hold up other requests, so that a thread does it."""
_LEVEL: Final = 5
_OF_BODY: Final = (b"content-length", b"content-type", b"content-encoding")
Headers = list[tuple[bytes, bytes]]


class CompressTexts:
    """Compress texts that come in one piece, and give those that a browser has to check again an ETag.

    Answers that have a `Content-Encoding` or an `ETag` already, parts of files and streams are passed on as they are.
    """

    def __init__(self, app: ASGIApp) -> None:
        self.app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http" or scope["method"] != "GET":
            await self.app(scope, receive, send)
            return
        requested = dict(scope["headers"])
        start: Message | None = None

        async def send_shortened(message: Message) -> None:
            nonlocal start
            if message["type"] == "http.response.start":
                start = message  # its headers depend on the body
                return
            if start is not None:
                first, start = start, None
                if message["type"] == "http.response.body" and not message.get("more_body"):
                    first, message = await _shorten(first, message, requested)
                await send(first)
            await send(message)

        await self.app(scope, receive, send_shortened)


async def _shorten(start: Message, body: Message, requested: dict[bytes, bytes]) -> tuple[Message, Message]:
    """Return both messages of an answer with the body compressed, or without it if the browser has it."""
    headers: Headers = [(name.lower(), value) for name, value in start["headers"]]
    answered, content = dict(headers), bytes(body.get("body", b""))
    has_own = b"content-encoding" in answered or b"etag" in answered
    if has_own or start["status"] == 206 or not _TEXT.match(answered.get(b"content-type", b"")):
        return start, body
    is_compressed = len(content) >= _SMALLEST and b"gzip" in requested.get(b"accept-encoding", b"")
    if start["status"] == 200 and b"no-cache" in answered.get(b"cache-control", b""):
        tag = f'"{hashlib.sha256(content).hexdigest()[:32]}{"-gz" if is_compressed else ""}"'.encode()
        headers.append((b"etag", tag))
        if tag in _split_tags(requested.get(b"if-none-match", b"")):
            remaining = [(name, value) for name, value in headers if name not in _OF_BODY]
            return {**start, "status": 304, "headers": _vary(remaining)}, {**body, "body": b""}
    if is_compressed:
        content = await _compress(content)
        headers = [(name, value) for name, value in headers if name != b"content-length"]
        headers += [(b"content-encoding", b"gzip"), (b"content-length", str(len(content)).encode())]
    return {**start, "headers": _vary(headers)}, {**body, "body": content}


def _split_tags(value: bytes) -> Iterable[bytes]:
    return (tag.strip().removeprefix(b"W/") for tag in value.split(b","))


def _vary(headers: Headers) -> Headers:
    """Return headers that say that the answer depends on the encodings that a browser accepts."""
    varied = [value for name, value in headers if name == b"vary"]
    if any(b"accept-encoding" in value.lower() for value in varied):
        return headers
    others = [(name, value) for name, value in headers if name != b"vary"]
    return [*others, (b"vary", b", ".join((*varied, b"Accept-Encoding")))]


async def _compress(content: bytes) -> bytes:
    if len(content) <= _LARGEST_AT_ONCE:
        return gzip.compress(content, _LEVEL, mtime=0)
    from starlette.concurrency import run_in_threadpool

    return await run_in_threadpool(gzip.compress, content, _LEVEL, mtime=0)
