"""Run the small, single-threaded process without a network from which the reading children are forked.

`child.py` starts it; it forks a child for each request on its control socket. Forking from here rather than from the
calling process is safe regardless of the threads running there, and takes milliseconds where a new interpreter would
take far longer.
"""

from __future__ import annotations

import ctypes
import gc
import importlib
import os
import resource
import select
import shutil
import signal
import socket
import sys
import tempfile
import traceback
from collections.abc import Callable
from pathlib import Path
from typing import Any, NoReturn

from pipelines.model.content import ReadError
from pipelines.reading.formats import budget, pdf_parallel
from pipelines.reading.sandbox import wire

_NEWUSER = 0x10000000
_NEWNET = 0x40000000
_PDEATHSIG = 1
_IDLE_SECONDS = 0.02
_COLLECT_EVERY = 20


def main(config: dict[str, Any]) -> None:
    """Serve fork requests until the control socket closes. `config` is what `child.Launcher` sends."""
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    control = socket.socket(fileno=int(config["control"]))
    isolation = _leave_network()
    work = getattr(importlib.import_module(config["module"]), config["function"])
    control.send(isolation.encode())
    unreaped_pids: set[int] = set()
    pending_imports = list(config["preload"])
    has_forked = False
    while True:
        # Fork the first child at once; import heavy libraries only while there is nothing else to do.
        if pending_imports and has_forked and not select.select([control], [], [], _IDLE_SECONDS)[0]:
            importlib.import_module(pending_imports.pop(0))
            continue
        message, fds, _, _ = socket.recv_fds(control, 256, 1)
        if not message:
            # The owner has ended, or was killed and could not clean up.
            shutil.rmtree(config["folder"], ignore_errors=True)
            return
        verb, _, number = message.decode().partition(" ")
        if verb == "fork":
            pid = _fork(control, fds[0], work, config)
            os.close(fds[0])
            has_forked = True
            control.send(str(pid).encode())
        elif verb == "load":
            while pending_imports:
                importlib.import_module(pending_imports.pop(0))
            control.send(b"loaded")
        elif verb == "reap":
            _, status, usage = os.wait4(int(number), 0)
            control.send(f"{status} {usage.ru_utime + usage.ru_stime}".encode())
        elif verb == "forget":
            unreaped_pids.add(int(number))
        unreaped_pids = {pid for pid in unreaped_pids if os.waitpid(pid, os.WNOHANG)[0] == 0}


def _leave_network() -> str:
    """Move this process and all its children into a network namespace of its own, without an outside interface."""
    libc = ctypes.CDLL(None, use_errno=True)
    if libc.unshare(_NEWNET) == 0 or libc.unshare(_NEWUSER | _NEWNET) == 0:
        return "namespace"
    return "python"


def _fork(control: socket.socket, fd: int, work: Callable[[Any], Any], config: dict[str, Any]) -> int:
    pid = os.fork()
    if pid:
        return pid
    code = 1
    try:
        control.close()
        _serve_jobs(socket.socket(fileno=os.dup(fd)), fd, work, config)
        code = 0
    finally:
        os._exit(code)


def _serve_jobs(sock: socket.socket, fd: int, work: Callable[[Any], Any], config: dict[str, Any]) -> None:
    """Run the child: set its limits and forbid sockets, then do jobs until its socket closes."""
    os.close(fd)
    ctypes.CDLL(None).prctl(_PDEATHSIG, signal.SIGKILL)
    os.setpgid(0, 0)  # so that lowering its priority also lowers that of any process it forks
    folder = Path(config["folder"]) / str(os.getpid())
    folder.mkdir()
    os.chdir(folder)
    tempfile.tempdir = str(folder)
    _set_limits(config)
    sys.addaudithook(_forbid_sockets)
    pdf_parallel.allow_forks()
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
        budget.begin_job(float(config["cpu_seconds"]), lambda error: _send_refusal_and_exit(sock, error))
        answer = _run_job(work, job)
        wire.send_frame(sock, answer)
        del job, answer
        job_count += 1
        if job_count % _COLLECT_EVERY == 0:
            gc.collect()


def _run_job(work: Callable[[Any], Any], job: bytes) -> bytes:
    """Run the job and return the reply to send back: the processor seconds used, and the outcome."""
    import pickle

    try:
        result: tuple[object, ...] = ("ok", work(pickle.loads(job)))
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


def _set_limits(config: dict[str, Any]) -> None:
    for name, value in (
        (resource.RLIMIT_AS, int(config["memory"])),
        (resource.RLIMIT_FSIZE, int(config["file_size"])),
        (resource.RLIMIT_NOFILE, 64),
        (resource.RLIMIT_CORE, 0),
    ):
        hard = resource.getrlimit(name)[1]
        limit = value if hard == resource.RLIM_INFINITY else min(value, hard)
        resource.setrlimit(name, (limit, limit))


def _forbid_sockets(event: str, arguments: tuple[Any, ...]) -> None:
    if event == "socket.__new__" and arguments[1] != socket.AF_UNIX:
        raise PermissionError("a reading process opens no network connection")
    if event in ("socket.connect", "socket.bind", "socket.sendto", "socket.getaddrinfo", "socket.gethostbyname"):
        raise PermissionError("a reading process opens no network connection")
