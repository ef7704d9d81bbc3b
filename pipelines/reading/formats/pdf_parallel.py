"""Two halves of one file at once: in a reading process, and in a fork of it.

Only a reading process forks: it has one thread, and is gone with its limits when its owner ends it.  Anywhere else (the
tests, a reader called in the process itself) one half is done after the other, with the same result.
"""

from __future__ import annotations

import ctypes
import os
import pickle
import signal
from collections.abc import Callable
from typing import NoReturn, TypeVar

from pipelines.model.content import ReadError
from pipelines.reading.formats import budget
from pipelines.reading.sandbox import exit_reasons

T = TypeVar("T")
_PDEATHSIG = 1


class _Place:
    """Whether this process may fork; `launcher.py` says so of a reading process."""

    may_fork = False


def allow() -> None:
    """Told by a reading process, once, before its first job."""
    _Place.may_fork = (os.cpu_count() or 1) > 1


def both(first: Callable[[], T], second: Callable[[], T]) -> tuple[T, T]:
    """What two pieces of work give, done at the same time where that may be.

    The second must give what can be pickled.  Raises what the first raises, else what the second does: a ReadError or
    a MemoryError as it was, anything else as RuntimeError with its kind; read.child_died where it was ended.
    """
    if not _Place.may_fork:
        return first(), second()
    ours, theirs = os.pipe()
    seconds = budget.half()
    pid = os.fork()
    if not pid:
        os.close(ours)
        _other(second, theirs, seconds)
    os.close(theirs)
    with budget.reserve(seconds):
        try:
            with os.fdopen(ours, "rb") as pipe:
                mine = first()
                told = pipe.read()
        except BaseException:
            os.kill(pid, signal.SIGKILL)
            raise
        finally:
            status = os.waitpid(pid, 0)[1]
    # What it wrote by then is no half.
    if os.WIFSIGNALED(status):
        raise ReadError("read.child_died", reason=exit_reasons.reason(status))
    if status:
        raise MemoryError("half of the file could not return its result")
    kind, result = pickle.loads(told)
    if kind == "ok":
        return mine, result
    if kind == "refused":
        rule, where, params = result
        raise ReadError(rule, where, **params)
    raise MemoryError if kind == "memory" else RuntimeError(result)


def _other(work: Callable[[], object], pipe: int, seconds: float) -> None:
    """The fork: do the work, tell what came of it, end. Never returns; ends with the process that it was made of."""
    code = 1
    try:
        ctypes.CDLL(None).prctl(_PDEATHSIG, signal.SIGKILL)
        budget.continue_in_fork(seconds, lambda error: _refuse(pipe, error))
        try:
            told: tuple[str, object] = ("ok", work())
        except ReadError as error:
            told = ("refused", (error.rule, error.where, error.params))
        except MemoryError:
            told = ("memory", None)
        except Exception as error:
            told = ("failed", type(error).__name__)
        budget.end()
        with os.fdopen(pipe, "wb") as out:
            pickle.dump(told, out, protocol=pickle.HIGHEST_PROTOCOL)
        code = 0
    finally:
        os._exit(code)


def _refuse(pipe: int, error: ReadError) -> NoReturn:
    """Send the refusal of a fork that has used up its part of the budget, and end it."""
    with os.fdopen(pipe, "wb") as out:
        pickle.dump(("refused", (error.rule, error.where, error.params)), out)
    os._exit(0)
