"""Which failures may pass by themselves, so that the same step is worth a second attempt."""

from __future__ import annotations

import errno
from collections.abc import Iterator

from pipelines.core.home_lock import HomeBusyError

_ERRNOS = {errno.EAGAIN, errno.EBUSY, errno.EINTR, errno.EMFILE, errno.ENFILE, errno.ENOMEM, errno.ESTALE}
_WORDS = (
    "database is locked",
    "database table is locked",
    "could not set lock on file",
    "server closed the connection",
)
"""Parts of messages by which SQLite, DuckDB (also through dbt) and PostgreSQL report another user of a file or a lost
connection; their exception classes are wider."""


def is_transient(error: BaseException) -> bool:
    """Return True if the error, or one it was raised from, may not come again."""
    return any(_may_pass(cause) for cause in _chain(error))


def _chain(error: BaseException) -> Iterator[BaseException]:
    seen: set[int] = set()
    current: BaseException | None = error
    while current is not None and id(current) not in seen:
        seen.add(id(current))
        yield current
        current = current.__cause__


def _may_pass(error: BaseException) -> bool:
    if isinstance(error, HomeBusyError | ConnectionError | TimeoutError | BlockingIOError | InterruptedError):
        return True
    if isinstance(error, OSError) and error.errno in _ERRNOS:
        return True
    text = str(error).lower()
    return any(words in text for words in _WORDS)
