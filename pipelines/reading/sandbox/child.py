"""Hand files to a child process and take back what it read, so that no file can hang, crash or exhaust its caller.

`launchers.py` says how children are started, `pool.py` keeps some running. Limits: 2 GB of address space, the
processor time of `budget.py`, 60 s of wall clock, 1 MB per file written, an empty folder, no network, no other files.
"""

from __future__ import annotations

import os
import pickle
import selectors
import socket
import sys
import time
from collections.abc import Callable, Hashable, Iterable, Mapping
from contextlib import suppress
from dataclasses import asdict, dataclass
from pathlib import Path
from pkgutil import iter_modules
from typing import Any, Protocol

from pipelines.model.content import Content, ReadError
from pipelines.reading import formats
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
PRELOAD = (
    *("openpyxl", "lxml.html", "xlrd", "docx", "pdfplumber"),
    *(module.name for module in iter_modules(formats.__path__, f"{formats.__name__}.")),
)
"""Modules that all children share. A child compiles any other module by itself, since it may keep no compiled file."""
_KEPT_VARIABLES = ("LANG", "LC_", "PATH", "TZ", "RTI_", "POLARS_SKIP_CPU_CHECK", "SYSTEMROOT")
_ONE_THREAD = ("POLARS_MAX_THREADS", "OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "RAYON_NUM_THREADS")
_FAST_XML = {"OPENPYXL_DEFUSEDXML": "False"}
"""openpyxl parses in slow Python code if it finds defusedxml, which refuses a DOCTYPE; `xmlguard` already does that."""


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


@dataclass(frozen=True, slots=True)
class Work:
    """The work of reading processes and its limits, in a form that goes to a new interpreter.

    `module` and `function` are where a child imports its work function, `preload` the modules it imports before a file
    comes. `memory` and `file_size` are in bytes; `cpu_seconds` is the processor time that a file begins with.
    """

    module: str
    function: str
    preload: tuple[str, ...]
    memory: int
    cpu_seconds: float
    file_size: int

    @property
    def trusted(self) -> tuple[str, ...]:
        """Return the packages whose classes may be in a result."""
        return tuple(dict.fromkeys(("pipelines", "polars", self.module.partition(".")[0])))

    def as_config(self, folder: Path) -> dict[str, Any]:
        """Return what the new interpreter needs, as plain values; `folder` is where it may write.

        `readable` are the code lists, and folders of declarations outside the program. Other files of the system and
        of the program that it may read are listed in `landlock.py`.
        """
        from pipelines.core.codes import SEED_FOLDER
        from pipelines.core.settings import DeclarationSettings, read_settings

        readable = [SEED_FOLDER, *read_settings(DeclarationSettings).territories]
        return {**asdict(self), "path": sys.path, "folder": str(folder), "readable": [str(path) for path in readable]}


def describe_work(
    work: Callable[[Any], Any], *, preload: Iterable[str], memory: int, cpu_seconds: float, file_size: int
) -> Work:
    """Describe a function at the top level of an importable module. Raises ValueError for any other."""
    module, function = work.__module__, work.__qualname__
    if module == "__main__" or "." in function or "<" in function:
        raise ValueError(f"{module}.{function} is not a function at the top level of an importable module")
    return Work(module, function, tuple(preload), memory, cpu_seconds, file_size)


class Launcher(Protocol):
    """Starter of reading processes, safe to use from several threads."""

    trusted: tuple[str, ...]

    def load(self) -> None:
        """Import now what is otherwise imported when idle; children started later share it if the system allows."""

    def start_child(self) -> Child:
        """Start a child. Raises RuntimeError if it does not start."""

    def kill_child(self, pid: int) -> None:
        """Kill a child; it must then be reaped."""

    def reap_child(self, pid: int) -> tuple[int, float]:
        """Wait for a child to end; return its exit code, negative if a signal ended it, and its processor seconds."""

    def forget_child(self, pid: int) -> None:
        """Let a child that was asked to end do so in its own time."""

    def is_alive(self) -> bool:
        """Return True if it can start children, and belongs to this process."""

    def close(self) -> None:
        """End every child."""


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
        with selectors.DefaultSelector() as selector:
            selector.register(self.sock, selectors.EVENT_READ)
            return bool(selector.select(0))

    def kill_overdue(self) -> ReadError:
        """Kill a child whose time is up; return the ReadError that says so."""
        return self._report_death(timed_out=True)

    def slow_down(self) -> None:
        """Lower the child's priority. It cannot be raised again, so the child is not reused after its job."""
        self.reusable = False
        if sys.platform == "win32":
            return  # has no such priorities; an office that checks its own files does not need them
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
        self.launcher.kill_child(self.pid)
        self._reap()

    def _reap(self) -> int:
        """Wait for the child to end; return its exit code."""
        self.dead = True
        code, seconds = self.launcher.reap_child(self.pid)
        self.used = max(seconds - self.used_before, 0.0)
        return code

    def _report_death(self, *, timed_out: bool) -> ReadError:
        if timed_out:
            self._kill()
            # A file that needs too much is stopped earlier, by its processor time.
            return ReadError("read.no_time", seconds=f"{self.timeout:g}")
        return ReadError("read.child_died", reason=exit_reasons.describe_exit(self._reap()))


def child_environment() -> dict[str, str]:
    """Return the environment of a child: language, path, time zone and settings, but no secret or path of one; one
    thread."""
    # Not at the top, which each child would load too.
    from pipelines.core.settings import list_secret_file_variables, list_secret_variables

    secrets = list_secret_variables() | list_secret_file_variables()
    variables = {
        name: value for name, value in os.environ.items() if name.startswith(_KEPT_VARIABLES) and name not in secrets
    }
    return {**variables, **dict.fromkeys(_ONE_THREAD, "1"), **_FAST_XML}
