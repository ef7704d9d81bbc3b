"""Log faults of the service by type, place in the code and reference, never with their messages.

The message of an exception, or of its cause, may quote a file: a value that could not be converted, a cell, a name.
Types and places are this program's own; the reference is both in the answer and in the log, so that the two can be
matched.
"""

from __future__ import annotations

import logging
import secrets
import threading
from collections.abc import Callable
from typing import TYPE_CHECKING, Any

from pipelines.core.error_places import describe_fault, remove_words

if TYPE_CHECKING:
    from starlette.responses import Response
    from starlette.types import ASGIApp, Message, Receive, Scope, Send

_LOG = logging.getLogger(__name__)


def log_fault(error: BaseException) -> str:
    """Log a fault and return its reference in the log."""
    reference = secrets.token_hex(4)
    _LOG.error("a request failed, reference %s: %s", reference, describe_fault(error))
    return reference


def log_no_words() -> None:
    """Remove the messages of exceptions from every log entry of this process.

    For the process that serves the offices' pages: uvicorn logs exceptions of an application, asyncio those of a task,
    each with the whole exception. A thread that ends with one logs its types and places too.
    """
    before = logging.getLogRecordFactory()

    def make_record(*args: Any, **kwargs: Any) -> logging.LogRecord:
        return remove_words(before(*args, **kwargs))

    logging.setLogRecordFactory(make_record)
    threading.excepthook = _thread_ended


def _thread_ended(args: threading.ExceptHookArgs) -> None:
    if args.exc_value is not None:
        _LOG.error("a thread ended by a fault: %s", describe_fault(args.exc_value))


class UnhandledErrorGuard:
    """Answer exceptions that the application leaves unhandled, so that they do not reach the server.

    A server prints an exception that reaches it, including its message. A failure after the answer has begun ends the
    connection.
    """

    def __init__(self, app: ASGIApp, answer: Callable[[Scope, Exception], Response]) -> None:
        self.app, self.answer = app, answer

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        begun = False

        async def send_watched(message: Message) -> None:
            nonlocal begun
            begun = begun or message["type"] == "http.response.start"
            await send(message)

        try:
            await self.app(scope, receive, send_watched)
            return
        except Exception as error:
            failed = error
        if begun or scope["type"] != "http":
            raise RuntimeError(f"a request failed under way, reference {log_fault(failed)}") from None
        await self.answer(scope, failed)(scope, receive, send)
