"""Read files in child processes, so that no file can hang, crash or exhaust the process that serves users.

`read_in_child` uses a new process for every file; `pool.py` keeps some running. Limits: 2 GB of address space, the
processor time of `budget.py`, 60 s of wall clock, 1 MB per file written, an empty folder, no network.
"""

from __future__ import annotations

import atexit
import json
import os
import pickle
import select
import shutil
import signal
import socket
import subprocess
import sys
import tempfile
import threading
import time
from collections.abc import Callable, Hashable, Iterable, Mapping
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Any, TypeVar

from pipelines.model.content import Content, ReadError
from pipelines.reading.formats.budget import BASE
from pipelines.reading.sandbox import exit_reasons, wire

RULES: dict[str, tuple[str, str]] = {
    "read.child_died": (
        "Reading the file was stopped: {reason}.",
        "Save the file again with an office program and send only the tables of the return.",
    ),
    "read.no_time": (
        "Reading the file was stopped after {seconds} seconds, because this machine had too little time for it.",
        "The file may be in order: send it again in a few minutes. If that fails too, send only the tables of the "
        "return.",
    ),
}

MEMORY = 2 << 30
FILE_SIZE = 1 << 20
TIMEOUT = 60.0
"""Wall-clock seconds, for a child that waits instead of working: `budget.MOST` stops every other child earlier."""
_SLOW_BY = 5
"""Niceness added to a child that has worked for long: in competition for a processor it then gets a quarter."""
PRELOAD = ("openpyxl", "lxml.html", "xlrd", "docx", "pdfplumber")
_KEPT_VARIABLES = ("LANG", "LC_", "PATH", "TZ", "RTI_", "POLARS_SKIP_CPU_CHECK")
_ONE_THREAD = ("POLARS_MAX_THREADS", "OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "RAYON_NUM_THREADS")
_FAST_XML = {"OPENPYXL_DEFUSEDXML": "False"}
"""openpyxl parses in slow Python code if it finds defusedxml, which refuses a DOCTYPE; `xmlguard` already does that."""

J = TypeVar("J")
R = TypeVar("R")
K = TypeVar("K", bound=Hashable)


@dataclass(frozen=True, slots=True)
class Job:
    """One file to read; `key` comes back with the result. The other fields are the arguments of `read.read_content`."""

    key: Hashable
    data: bytes
    filename: str | None = None
    encodings: tuple[str, ...] = ()
    format: str | None = None
    options: Mapping[str, object] | None = None


def read_job(job: Job) -> Content:
    """Read the file of a job: the work function of a pool that only reads."""
    from pipelines.reading.formats.read import read_content

    return read_content(job.data, job.filename, encodings=job.encodings, format=job.format, options=job.options)


def read_in_child(
    data: bytes,
    filename: str | None = None,
    *,
    encodings: tuple[str, ...] = (),
    format: str | None = None,
    options: Mapping[str, object] | None = None,
    timeout: float = TIMEOUT,
) -> Content:
    """Run `read.read_content` in a new process that ends with the file.

    May be called from several threads. Raises ReadError: the reader's, read.child_died, read.no_time,
    read.out_of_memory, read.reader_failed.
    """
    child = _shared_launcher().start_child()
    try:
        result = child.run_job(Job(None, data, filename, encodings, format, options), timeout)
    finally:
        child.close()
    if isinstance(result, ReadError):
        raise result
    content: Content = result
    return content


class Launcher:
    """Handle of the launcher process in its owner; starts children. Safe to use from several threads."""

    def __init__(
        self,
        work: Callable[[Any], Any],
        *,
        preload: Iterable[str] = PRELOAD,
        memory: int = MEMORY,
        cpu_seconds: float = BASE,
        file_size: int = FILE_SIZE,
    ) -> None:
        module, function = work.__module__, work.__qualname__
        if module == "__main__" or "." in function or "<" in function:
            raise ValueError(f"{module}.{function} is not a function at the top level of an importable module")
        self.owner = os.getpid()
        self.trusted = tuple(dict.fromkeys(("pipelines", "polars", module.partition(".")[0])))
        self.folder = Path(tempfile.mkdtemp(prefix="rti-read-"))
        self.lock = threading.Lock()
        own_end, child_end = socket.socketpair(socket.AF_UNIX, socket.SOCK_SEQPACKET)
        config = {
            "path": sys.path,
            "control": child_end.fileno(),
            "module": module,
            "function": function,
            "preload": list(preload),
            "folder": str(self.folder),
            "memory": memory,
            "cpu_seconds": cpu_seconds,
            "file_size": file_size,
        }
        code = (
            "import sys, json; config = json.loads(sys.argv[1]); sys.path[:] = config['path']; "
            "from pipelines.reading.sandbox.launcher import main; main(config)"
        )
        with child_end:
            self.process = subprocess.Popen(
                [sys.executable, "-I", "-c", code, json.dumps(config)],
                stdin=subprocess.DEVNULL,
                stdout=subprocess.DEVNULL,
                stderr=subprocess.DEVNULL,
                pass_fds=(child_end.fileno(),),
                cwd=self.folder,
                env=_child_environment(),
            )
        self.control = own_end
        self.isolation: str | None = None

    def _await_ready(self) -> None:
        if self.isolation is None:
            self.isolation = self.control.recv(64).decode()
            if not self.isolation:
                raise RuntimeError("the reading process did not start (cannot import its work function?)")

    def start_child(self) -> Child:
        """Fork a child."""
        own_end, child_end = socket.socketpair()
        with self.lock, child_end:
            self._await_ready()
            socket.send_fds(self.control, [b"fork"], [child_end.fileno()])
            pid = int(self.control.recv(64) or b"0")
        if not pid:
            own_end.close()
            raise RuntimeError("the launcher of reading processes is gone")
        return Child(self, pid, own_end)

    def load(self) -> None:
        """Import now what is otherwise imported when idle; children forked later share it."""
        with self.lock:
            self._await_ready()
            self.control.send(b"load")
            self.control.recv(64)

    def reap_child(self, pid: int) -> tuple[int, float]:
        """Wait for a child that was killed or has died; return its wait status and processor seconds."""
        status, seconds = signal.SIGKILL.value, 0.0  # if the launcher was killed, and its children with it
        with self.lock, suppress(OSError):
            self.control.send(f"reap {pid}".encode())
            if answer := self.control.recv(64).split():
                status, seconds = int(answer[0]), float(answer[1])
        shutil.rmtree(self.folder / str(pid), ignore_errors=True)
        return status, seconds

    def forget_child(self, pid: int) -> None:
        """Let a child that was asked to end do so in its own time."""
        # If the launcher was killed, so were its children.
        with self.lock, suppress(OSError):
            self.control.send(f"forget {pid}".encode())
        shutil.rmtree(self.folder / str(pid), ignore_errors=True)

    def is_alive(self) -> bool:
        """Return True if the launcher is running and belongs to this process."""
        return self.owner == os.getpid() and self.process.poll() is None

    def close(self) -> None:
        """End the launcher and with it every child."""
        if self.owner != os.getpid():
            return
        self.control.close()
        try:
            self.process.wait(2)
        except subprocess.TimeoutExpired:
            self.process.kill()
            self.process.wait()
        shutil.rmtree(self.folder, ignore_errors=True)


class Child:
    """Handle of one reading process."""

    def __init__(self, launcher: Launcher, pid: int, sock: socket.socket) -> None:
        self.launcher = launcher
        self.pid = pid
        self.sock = sock
        self.done = 0
        self.dead = False
        self.deadline = 0.0
        self.timeout = 0.0
        self.used = 0.0
        """Processor seconds of the last job."""
        self.used_before = 0.0
        """Processor seconds of all jobs before the last."""
        self.reusable = True

    def send_job(self, job: Any, timeout: float) -> ReadError | None:
        """Send a job; return a ReadError if the child could not take it."""
        self.timeout = timeout
        self.deadline = time.monotonic() + timeout
        self.used_before += self.used
        self.used = 0.0
        try:
            wire.send_frame(self.sock, wire.dump_value(job), self.deadline)
        except (wire.ClosedError, wire.TimedOutError) as error:
            return self._report_death(timed_out=isinstance(error, wire.TimedOutError))
        return None

    def receive_result(self) -> Any:
        """Return the result of the job, or a ReadError if it failed."""
        try:
            frame = wire.receive_frame(self.sock, self.deadline)
            answer = wire.load(frame, self.launcher.trusted)
        except (wire.ClosedError, wire.TimedOutError) as error:
            return self._report_death(timed_out=isinstance(error, wire.TimedOutError))
        except (
            pickle.UnpicklingError,
            AttributeError,
            ImportError,
            TypeError,
            ValueError,
            EOFError,
            IndexError,
        ) as error:
            self._kill()
            return ReadError("read.child_died", reason=f"its result could not be taken ({type(error).__name__})")
        self.done += 1
        match answer:
            case (float(used), outcome):
                self.used = used
            case _:
                outcome = None
        match outcome:
            case ("ok", result):
                return result
            case ("refused", str(rule), where, dict(params)):
                self.reusable = self.reusable and rule != "read.too_slow"  # it exits in the middle of a reader
                return ReadError(rule, where, **params)
            case ("memory",):
                return ReadError("read.out_of_memory")
            case ("failed", str(detail)):
                return ReadError("read.reader_failed", format="file", detail=detail)
        self._kill()
        return ReadError("read.child_died", reason="its result was not of the agreed shape")

    def run_job(self, job: Any, timeout: float) -> Any:
        """Send a job and return its result, or a ReadError."""
        return self.send_job(job, timeout) or self.receive_result()

    def has_ended(self) -> bool:
        """Return True if an idle child has ended; a child that waits for a job sends nothing."""
        watch = select.poll()
        watch.register(self.sock, select.POLLIN)
        return bool(watch.poll(0))

    def kill_overdue(self) -> ReadError:
        """Kill a child whose time is up; return the ReadError that says so."""
        return self._report_death(timed_out=True)

    def slow_down(self) -> None:
        """Lower the child's priority. It cannot be raised again, so the child is not reused after its job."""
        self.reusable = False
        with suppress(OSError):  # it has ended in the meantime
            niceness = os.getpriority(os.PRIO_PROCESS, self.pid) + _SLOW_BY
            os.setpriority(os.PRIO_PGRP, self.pid, min(niceness, 19))

    def close(self) -> None:
        """Let the child end."""
        self.sock.close()
        if not self.dead:
            self.dead = True
            self.launcher.forget_child(self.pid)

    def _kill(self) -> None:
        os.kill(self.pid, signal.SIGKILL)
        self._reap()

    def _reap(self) -> int:
        """Wait for the child to end; return its wait status."""
        self.dead = True
        status, seconds = self.launcher.reap_child(self.pid)
        self.used = max(seconds - self.used_before, 0.0)
        return status

    def _report_death(self, *, timed_out: bool) -> ReadError:
        if timed_out:
            self._kill()
            # A file that needs too much is stopped earlier, by its processor time.
            return ReadError("read.no_time", seconds=f"{self.timeout:g}")
        return ReadError("read.child_died", reason=exit_reasons.describe_exit(self._reap()))


def _child_environment() -> dict[str, str]:
    """Return the environment of a child: language, path, time zone and our settings without secrets; one thread."""
    from pipelines.core.settings import list_secret_variables  # not at the top, which each child would load too

    secrets = list_secret_variables()
    variables = {
        name: value for name, value in os.environ.items() if name.startswith(_KEPT_VARIABLES) and name not in secrets
    }
    return {**variables, **dict.fromkeys(_ONE_THREAD, "1"), **_FAST_XML}


_shared: Launcher | None = None
_shared_lock = threading.Lock()


def _shared_launcher() -> Launcher:
    """Return the launcher of `read_in_child`, started once per process."""
    global _shared
    with _shared_lock:
        if _shared is None or not _shared.is_alive():
            _shared = Launcher(read_job)
            atexit.register(_shared.close)
        return _shared
