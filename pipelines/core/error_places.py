"""Describe exceptions by type and place in the code; their messages may quote figures, names and files."""

from __future__ import annotations

import logging
import traceback
from collections.abc import Iterator
from pathlib import PurePath

FRAMES = 6
"""Number of innermost places given for each exception."""


def describe_fault(error: BaseException) -> str:
    """Return the types of an exception and of its causes, each with its innermost places; never their messages."""
    return "; from ".join(_describe_exception(cause) for cause in _chain(error))


def remove_words(record: logging.LogRecord) -> logging.LogRecord:
    """Replace the exceptions of a log entry by their types and places: its message, its arguments, its traceback."""
    if isinstance(record.msg, BaseException):
        record.msg = describe_fault(record.msg)
    if isinstance(record.args, tuple):
        record.args = tuple(
            describe_fault(argument) if isinstance(argument, BaseException) else argument for argument in record.args
        )
    error = record.exc_info[1] if record.exc_info else None
    if error is not None:
        record.msg, record.args = f"{record.getMessage()}: {describe_fault(error)}", ()
        record.exc_info = None
    return record


def _describe_exception(error: BaseException) -> str:
    frames = traceback.extract_tb(error.__traceback__)[-FRAMES:]
    places = " < ".join(f"{_short(f.filename)}:{f.lineno} {f.name}" for f in reversed(frames))
    return f"{type(error).__module__}.{type(error).__qualname__} at {places or 'no place'}"


def _short(filename: str) -> str:
    return "/".join(PurePath(filename).parts[-2:])


def _chain(error: BaseException) -> Iterator[BaseException]:
    visited: set[int] = set()
    cause: BaseException | None = error
    while cause is not None and id(cause) not in visited:
        visited.add(id(cause))
        yield cause
        cause = cause.__cause__ or (None if cause.__suppress_context__ else cause.__context__)
