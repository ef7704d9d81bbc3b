"""Process two halves of one file at once: in a reading process, and in a fork of it.

Only a reading process forks: it has one thread, and ends with its limits when its owner ends it. Anywhere else (in
tests, or when a reader is called directly) the halves are processed one after the other, with the same result.
"""

from __future__ import annotations

import ctypes
import os
import pickle
import signal
import sys
from collections.abc import Callable
from typing import NoReturn, TypeVar

from pipelines.model.content import ReadError
from pipelines.reading.formats import budget
from pipelines.reading.sandbox import exit_reasons

T = TypeVar("T")
_PDEATHSIG = 1


class _ProcessState:
    """State of this process: `may_fork` is set by `fork_server.py` in a reading process."""

    may_fork = False


def allow_forks() -> None:
    """Allow forks in this process. A reading process calls this once, before its first job."""
    _ProcessState.may_fork = (os.cpu_count() or 1) > 1


def run_both(first: Callable[[], T], second: Callable[[], T]) -> tuple[T, T]:
    """Run two pieces of work, at the same time if this process may fork, and return both results.

    The result of the second is pickled. Raises what the first raises, else what the second raises: a ReadError or a
    MemoryError unchanged, anything else as RuntimeError with its kind; read.child_died if the fork was killed.
    """
    if sys.platform == "win32" or not _ProcessState.may_fork:
        return first(), second()
    read_end, write_end = os.pipe()
    seconds = budget.half_of_remaining()
    pid = os.fork()
    if not pid:
        os.close(read_end)
        _run_in_fork(second, write_end, seconds)
    os.close(write_end)
    with budget.reserve_seconds(seconds):
        try:
            with os.fdopen(read_end, "rb") as pipe:
                first_result = first()
                answer = pipe.read()
        except BaseException:
            os.kill(pid, signal.SIGKILL)
            raise
        finally:
            code = os.waitstatus_to_exitcode(os.waitpid(pid, 0)[1])
    # A killed fork leaves partial output; discard it.
    if code < 0:
        raise ReadError("read.child_died", reason=exit_reasons.describe_exit(code))
    if code:
        raise MemoryError("half of the file could not return its result")
    kind, result = pickle.loads(answer)  # noqa: S301 - between two equally confined processes
    if kind == "ok":
        return first_result, result
    if kind == "refused":
        rule, where, params = result
        raise ReadError(rule, where, **params)
    raise MemoryError if kind == "memory" else RuntimeError(result)


def _run_in_fork(work: Callable[[], object], pipe: int, seconds: float) -> None:
    """Run the work in the fork, send its outcome and exit. Never returns; the fork dies with its parent process."""
    code = 1
    try:
        if sys.platform == "linux":
            ctypes.CDLL(None).prctl(_PDEATHSIG, signal.SIGKILL)
        budget.continue_in_fork(seconds, lambda error: _send_refusal_and_exit(pipe, error))
        try:
            outcome: tuple[str, object] = ("ok", work())
        except ReadError as error:
            outcome = ("refused", (error.rule, error.where, error.params))
        except MemoryError:
            outcome = ("memory", None)
        except Exception as error:
            outcome = ("failed", type(error).__name__)
        budget.end_job()
        with os.fdopen(pipe, "wb") as stream:
            pickle.dump(outcome, stream, protocol=pickle.HIGHEST_PROTOCOL)
        code = 0
    finally:
        os._exit(code)


def _send_refusal_and_exit(pipe: int, error: ReadError) -> NoReturn:
    """Send the refusal of a fork that has used up its part of the budget, and end it."""
    with os.fdopen(pipe, "wb") as stream:
        pickle.dump(("refused", (error.rule, error.where, error.params)), stream)
    os._exit(0)
