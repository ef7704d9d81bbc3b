"""Do jobs in a reading process: set its limits, forbid sockets, then answer one job after the other."""

from __future__ import annotations

import gc
import os
import socket
import sys
import tempfile
import traceback
from collections.abc import Callable
from pathlib import Path
from typing import Any, NoReturn

from pipelines.model.content import ReadError
from pipelines.reading.formats import budget
from pipelines.reading.sandbox import wire

if sys.platform != "win32":
    import resource

_COLLECT_EVERY = 20


def enter_folder(config: dict[str, Any]) -> None:
    """Make an empty folder of this process below the launcher's, and work in it."""
    folder = Path(config["folder"]) / str(os.getpid())
    folder.mkdir()
    os.chdir(folder)
    tempfile.tempdir = str(folder)


def serve_jobs(sock: socket.socket, work: Callable[[Any], Any], cpu_seconds: float) -> None:
    """Forbid new sockets, then do jobs until the socket closes. `cpu_seconds` is the budget a file begins with."""
    sys.addaudithook(_forbid_sockets)
    # A reader creates many objects and almost no cycles. The collector runs between files only, and not after every
    # one: a full collection takes longer than reading a small return.
    gc.freeze()
    gc.disable()
    job_count = 0
    while True:
        try:
            job = wire.receive_frame(sock)
        except wire.ClosedError:
            return
        budget.begin_job(cpu_seconds, lambda error: _send_refusal_and_exit(sock, error))
        answer = _run_job(work, job)
        wire.send_frame(sock, answer)
        del job, answer
        job_count += 1
        if job_count % _COLLECT_EVERY == 0:
            gc.collect()


if sys.platform == "win32":

    def set_limits(config: dict[str, Any]) -> None:
        """Set no limits: Windows has none of this kind for a process that sets its own."""

else:

    def set_limits(config: dict[str, Any]) -> None:
        """Limit memory, the size of a written file and the number of open files.

        macOS accepts the limit of memory and does not apply it.
        """
        for name, value in (
            (resource.RLIMIT_AS, int(config["memory"])),
            (resource.RLIMIT_FSIZE, int(config["file_size"])),
            (resource.RLIMIT_NOFILE, 64),
            (resource.RLIMIT_CORE, 0),
        ):
            hard = resource.getrlimit(name)[1]
            limit = value if hard == resource.RLIM_INFINITY else min(value, hard)
            resource.setrlimit(name, (limit, limit))


def _run_job(work: Callable[[Any], Any], job: bytes) -> bytes:
    """Run the job and return the reply to send back: the processor seconds used, and the outcome."""
    import pickle

    try:
        result: tuple[object, ...] = ("ok", work(pickle.loads(job)))  # noqa: S301 - from the owner
    except ReadError as error:
        result = _describe_refusal(error)
    except MemoryError:
        result = ("memory",)
    except Exception as error:
        result = _describe_failure(error)
    used = budget.end_job()
    try:
        return wire.dump_value((used, result))
    except MemoryError:
        return wire.dump_value((used, ("memory",)))
    except Exception as error:
        return wire.dump_value((used, _describe_failure(error)))


def _describe_refusal(error: ReadError) -> tuple[object, ...]:
    return "refused", error.rule, error.where, error.params


def _describe_failure(error: Exception) -> tuple[object, ...]:
    """Return the kind and place of an error without its message, which may quote the file."""
    frame = traceback.extract_tb(error.__traceback__)[-1]
    return "failed", f"{type(error).__name__} at {Path(frame.filename).name}:{frame.lineno}"


def _send_refusal_and_exit(sock: socket.socket, error: ReadError) -> NoReturn:
    """Send the refusal of a job that has used up its budget, and end this process in the middle of its reader."""
    wire.send_frame(sock, wire.dump_value((budget.used_seconds(), _describe_refusal(error))))
    os._exit(0)


def _forbid_sockets(event: str, arguments: tuple[Any, ...]) -> None:
    # Windows has no local sockets.
    if event == "socket.__new__" and arguments[1] != getattr(socket, "AF_UNIX", None):
        raise PermissionError("a reading process opens no network connection")
    if event in ("socket.connect", "socket.bind", "socket.sendto", "socket.getaddrinfo", "socket.gethostbyname"):
        raise PermissionError("a reading process opens no network connection")
