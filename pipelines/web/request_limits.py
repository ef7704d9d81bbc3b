"""Limit the size of a request before its sender is identified."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from starlette.responses import Response
    from starlette.types import ASGIApp, Message, Receive, Scope, Send


class BodyLimit:
    """Answer a body of more than `limit` bytes with `refusal` instead of passing it on.

    Paths that end with one of `besides` are passed on unchanged.
    """

    def __init__(self, app: ASGIApp, limit: int, refusal: Response, besides: tuple[str, ...] = ()) -> None:
        self.app, self.limit, self.refusal, self.besides = app, limit, refusal, besides

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http" or scope["method"] in ("GET", "HEAD") or scope["path"].endswith(self.besides):
            await self.app(scope, receive, send)
            return
        parts: list[bytes] = []
        size, more = 0, True
        while more:
            message = await receive()
            if message["type"] != "http.request":
                return  # the client has disconnected
            size += len(message.get("body", b""))
            if size > self.limit:
                await self.refusal(scope, receive, send)
                return
            parts.append(message.get("body", b""))
            more = message.get("more_body", False)
        whole: list[Message] = [{"type": "http.request", "body": b"".join(parts), "more_body": False}]

        async def receive_again() -> Message:
            return whole.pop() if whole else await receive()

        await self.app(scope, receive_again, send)
