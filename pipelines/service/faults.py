"""What of a fault of the service goes to the log: its types, its place in the code, a reference. Never its words.

Belongs here: the log's entry, and the wrapper that lets no exception through to a server that would print it whole.
Does not belong here: what the asker is told (`api_problems.py`).

The words of an exception, and those of the one that caused it, may quote a file: a value that could not be converted, a
cell, a name. Types and places are this program's own; the reference stands in the answer and in the log, so that the
two can be brought together.
"""

from __future__ import annotations

import logging
import secrets
import traceback
from collections.abc import Callable, Iterator
from pathlib import PurePath
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from starlette.responses import Response
    from starlette.types import ASGIApp, Message, Receive, Scope, Send

_LOG = logging.getLogger(__name__)
FRAMES = 6
"""Of each exception, the innermost places that are logged."""


def log(error: BaseException) -> str:
    """Enter a fault in the log; returns the reference under which it stands there."""
    reference = secrets.token_hex(4)
    _LOG.error("a request failed, reference %s: %s", reference, "; from ".join(_told(one) for one in _chain(error)))
    return reference


def _told(error: BaseException) -> str:
    frames = traceback.extract_tb(error.__traceback__)[-FRAMES:]
    places = " < ".join(f"{_short(f.filename)}:{f.lineno} {f.name}" for f in reversed(frames))
    return f"{type(error).__module__}.{type(error).__qualname__} at {places or 'no place'}"


def _short(filename: str) -> str:
    return "/".join(PurePath(filename).parts[-2:])


def _chain(error: BaseException) -> Iterator[BaseException]:
    seen: set[int] = set()
    one: BaseException | None = error
    while one is not None and id(one) not in seen:
        seen.add(id(one))
        yield one
        one = one.__cause__ or (None if one.__suppress_context__ else one.__context__)


class Kept:
    """Around an application: an exception that nobody answered is answered here, and does not reach the server.

    A server prints what reaches it, words and all. What fails after its answer has begun ends the connection.
    """

    def __init__(self, app: ASGIApp, answer: Callable[[Scope, Exception], Response]) -> None:
        self.app, self.answer = app, answer

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        begun = False

        async def watched(message: Message) -> None:
            nonlocal begun
            begun = begun or message["type"] == "http.response.start"
            await send(message)

        try:
            await self.app(scope, receive, watched)
            return
        except Exception as error:
            failed = error
        if begun or scope["type"] != "http":
            raise RuntimeError(f"a request failed under way, reference {log(failed)}") from None
        await self.answer(scope, failed)(scope, receive, send)
