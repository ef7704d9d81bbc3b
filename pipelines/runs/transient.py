"""Recognise temporary failures, after which the same step may succeed when it is repeated."""

from __future__ import annotations

import errno
from collections.abc import Iterator

from pipelines.core.file_store import StoreAwayError
from pipelines.core.home_lock import HomeBusyError

_ERRNOS = {errno.EAGAIN, errno.EBUSY, errno.EINTR, errno.EMFILE, errno.ENFILE, errno.ENOMEM, errno.ESTALE}
_WORDS = (
    "database is locked",
    "database table is locked",
    "could not set lock on file",
    "server closed the connection",
    "connection refused",
    "the database system is starting up",
    "the database system is shutting down",
    "terminating connection due to",
)
"""Parts of the messages with which SQLite, DuckDB (also through dbt) and PostgreSQL report a file in use or a lost
connection. Their exception classes also cover permanent errors, so the text decides."""


def is_transient(error: BaseException) -> bool:
    """Return True if the error, or one that it was raised from, may be temporary."""
    return any(_is_temporary(cause) for cause in _iterate_causes(error))


def _iterate_causes(error: BaseException) -> Iterator[BaseException]:
    visited: set[int] = set()
    current: BaseException | None = error
    while current is not None and id(current) not in visited:
        visited.add(id(current))
        yield current
        current = current.__cause__


def _is_temporary(error: BaseException) -> bool:
    if isinstance(
        error,
        HomeBusyError | StoreAwayError | ConnectionError | TimeoutError | BlockingIOError | InterruptedError,
    ):
        return True
    if isinstance(error, OSError) and error.errno in _ERRNOS:
        return True
    text = str(error).lower()
    return any(words in text for words in _WORDS)
