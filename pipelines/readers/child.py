"""Reading in a child process, so that no file can hang, crash or fill the process that serves people.

`read_in_child` gives every upload a process of its own; `ChildPool` keeps some warm, for batches and for many callers
at once, and takes any top-level function, so that standardising can run beside the reading.  Limits: 2 GB of address
space, 60 s of processor time a file, 30 s of wall clock, 1 MB files, an empty folder, no network.
Does not belong here: what runs inside the child (`launcher.py`, `read.py`).
"""

from __future__ import annotations

import atexit
import json
import math
import os
import pickle
import selectors
import shutil
import signal
import socket
import subprocess
import sys
import tempfile
import threading
import time
from collections import deque
from collections.abc import Callable, Hashable, Iterable, Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Generic, TypeVar

from pipelines.readers import wire
from pipelines.readers.model import Content, ReadError

RULES: dict[str, tuple[str, str]] = {
    "read.child_died": (
        "Reading the file was stopped: {reason}.",
        "Save the file again with an office program and send only the tables of the return.",
    ),
}

MEMORY = 2 << 30
CPU_SECONDS = 60
FILE_SIZE = 1 << 20
TIMEOUT = 30.0
PATIENCE = 4.0
"""Seconds after which a file stops counting against the others, so that slow ones do not hold up the next upload."""
_TAKE_SECONDS = 5.0
PRELOAD = ("openpyxl", "lxml.html", "xlrd", "docx", "pdfplumber")
_KEPT_VARIABLES = ("LANG", "LC_", "PATH", "TZ", "RTI_")
_ONE_THREAD = ("POLARS_MAX_THREADS", "OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "RAYON_NUM_THREADS")

J = TypeVar("J")
R = TypeVar("R")
K = TypeVar("K", bound=Hashable)


@dataclass(frozen=True, slots=True)
class Job:
    """One file to read; `key` comes back with the result. The other fields are the arguments of `read.read`."""

    key: Hashable
    data: bytes
    filename: str | None = None
    encodings: tuple[str, ...] = ()
    format: str | None = None
    options: Mapping[str, object] | None = None


def read_job(job: Job) -> Content:
    """The work of a pool that only reads."""
    from pipelines.readers.read import read

    return read(job.data, job.filename, encodings=job.encodings, format=job.format, options=job.options)


def read_in_child(
    data: bytes,
    filename: str | None = None,
    *,
    encodings: tuple[str, ...] = (),
    format: str | None = None,
    options: Mapping[str, object] | None = None,
    timeout: float = TIMEOUT,
) -> Content:
    """`read.read` in a process of its own, which ends with the file.

    May be called from several threads. Raises ReadError: the reader's, read.child_died, read.out_of_memory,
    read.reader_failed.
    """
    child = _launcher().start()
    try:
        result = child.ask(Job(None, data, filename, encodings, format, options), timeout)
    finally:
        child.close()
    if isinstance(result, ReadError):
        raise result
    content: Content = result
    return content


class Launcher:
    """The launcher process as its owner sees it; starts children. Safe to use from several threads."""

    def __init__(
        self,
        work: Callable[[Any], Any],
        *,
        preload: Iterable[str] = PRELOAD,
        memory: int = MEMORY,
        cpu_seconds: int = CPU_SECONDS,
        file_size: int = FILE_SIZE,
    ) -> None:
        module, function = work.__module__, work.__qualname__
        if module == "__main__" or "." in function or "<" in function:
            raise ValueError(f"{module}.{function} is not a function at the top level of an importable module")
        self.owner = os.getpid()
        self.trusted = tuple(dict.fromkeys(("pipelines", "polars", module.partition(".")[0])))
        self.folder = Path(tempfile.mkdtemp(prefix="rti-read-"))
        self.lock = threading.Lock()
        ours, theirs = socket.socketpair(socket.AF_UNIX, socket.SOCK_SEQPACKET)
        config = {
            "path": sys.path,
            "control": theirs.fileno(),
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
            "from pipelines.readers.launcher import main; main(config)"
        )
        with theirs:
            self.process = subprocess.Popen(
                [sys.executable, "-I", "-c", code, json.dumps(config)],
                stdin=subprocess.DEVNULL,
                stdout=subprocess.DEVNULL,
                stderr=subprocess.DEVNULL,
                pass_fds=(theirs.fileno(),),
                cwd=self.folder,
                env=_environment(),
            )
        self.control = ours
        self.isolation: str | None = None

    def _await_ready(self) -> None:
        if self.isolation is None:
            self.isolation = self.control.recv(64).decode()
            if not self.isolation:
                raise RuntimeError("the reading process did not start (cannot import its work function?)")

    def start(self) -> Child:
        """Fork a child."""
        ours, theirs = socket.socketpair()
        with self.lock, theirs:
            self._await_ready()
            socket.send_fds(self.control, [b"fork"], [theirs.fileno()])
            pid = int(self.control.recv(64) or b"0")
        if not pid:
            ours.close()
            raise RuntimeError("the launcher of reading processes is gone")
        return Child(self, pid, ours)

    def load(self) -> None:
        """Import at once what is else imported when there is nothing to do; children forked later have it."""
        with self.lock:
            self._await_ready()
            self.control.send(b"load")
            self.control.recv(64)

    def reap(self, pid: int) -> int:
        """Wait for a child that was killed or has died; its wait status."""
        with self.lock:
            self.control.send(f"reap {pid}".encode())
            status = int(self.control.recv(64) or b"0")
        shutil.rmtree(self.folder / str(pid), ignore_errors=True)
        return status

    def forget(self, pid: int) -> None:
        """Let a child that was told to end do so in its own time."""
        with self.lock:
            self.control.send(f"forget {pid}".encode())
        shutil.rmtree(self.folder / str(pid), ignore_errors=True)

    def alive(self) -> bool:
        """Whether it can still be asked, by this process."""
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
    """One reading process."""

    def __init__(self, launcher: Launcher, pid: int, sock: socket.socket) -> None:
        self.launcher = launcher
        self.pid = pid
        self.sock = sock
        self.done = 0
        self.dead = False
        self.deadline = 0.0
        self.timeout = 0.0

    def send(self, job: Any, timeout: float) -> ReadError | None:
        """Hand over a job; a ReadError if the child could not take it."""
        self.timeout = timeout
        self.deadline = time.monotonic() + timeout
        try:
            wire.send(self.sock, wire.dump(job), self.deadline)
        except (wire.ClosedError, wire.TimedOutError) as error:
            return self._died(timed_out=isinstance(error, wire.TimedOutError))
        return None

    def receive(self) -> Any:
        """The result of the job, or the ReadError that took its place."""
        try:
            frame = wire.receive(self.sock, self.deadline)
            answer = wire.load(frame, self.launcher.trusted)
        except (wire.ClosedError, wire.TimedOutError) as error:
            return self._died(timed_out=isinstance(error, wire.TimedOutError))
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
            case ("ok", result):
                return result
            case ("refused", str(rule), where, dict(params)):
                return ReadError(rule, where, **params)
            case ("memory",):
                return ReadError("read.out_of_memory")
            case ("failed", str(detail)):
                return ReadError("read.reader_failed", format="file", detail=detail)
        self._kill()
        return ReadError("read.child_died", reason="its result was not of the agreed shape")

    def ask(self, job: Any, timeout: float) -> Any:
        """Send and receive."""
        return self.send(job, timeout) or self.receive()

    def overdue(self) -> ReadError:
        """Kill a child whose time is over and say so."""
        return self._died(timed_out=True)

    def close(self) -> None:
        """Let the child end."""
        self.sock.close()
        if not self.dead:
            self.dead = True
            self.launcher.forget(self.pid)

    def _kill(self) -> int:
        os.kill(self.pid, signal.SIGKILL)
        self.dead = True
        return self.launcher.reap(self.pid)

    def _died(self, *, timed_out: bool) -> ReadError:
        if timed_out:
            self._kill()
            return ReadError("read.child_died", reason=f"it took longer than {self.timeout:g} seconds")
        self.dead = True
        return ReadError("read.child_died", reason=_reason(self.launcher.reap(self.pid)))


def at_once() -> int:
    """How many children work at the same time: one a core, and never fewer than two."""
    return max(2, os.cpu_count() or 2)


class ChildPool(Generic[J, R]):
    """Warm children: `ChildPool(work)`, then `map` over (key, job), or `read_many` over `Job`s.

    `work` is a top-level function of an importable module; jobs and results are pickled, results may hold plain
    values, polars frames and classes of `pipelines` and of the package of `work`. A child that dies costs its own job
    only and is replaced; each is replaced after `recycle_after` jobs. Several threads may call `map` at once: together
    they have no more than `workers` children at work (twice as many, where some have been slow for longer than
    PATIENCE), and who waits longest is served next.
    """

    def __init__(
        self,
        work: Callable[[J], R] | None = None,
        *,
        workers: int | None = None,
        recycle_after: int = 200,
        timeout: float = TIMEOUT,
        preload: Iterable[str] = PRELOAD,
        memory: int = MEMORY,
        cpu_seconds: int = CPU_SECONDS,
    ) -> None:
        self.launcher = Launcher(work or read_job, preload=preload, memory=memory, cpu_seconds=cpu_seconds)
        self.workers = workers if workers is not None else at_once()
        self.seats = Seats(self.workers)
        self.recycle_after = recycle_after
        self.timeout = timeout
        self.idle: deque[Child] = deque()

    def __enter__(self) -> ChildPool[J, R]:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def close(self) -> None:
        """End all children and the launcher."""
        while self.idle:
            self.idle.pop().close()
        self.launcher.close()

    def warm_up(self, job: J) -> None:
        """Fork the children and let each do a job, whatever comes of it, so that the first caller need not wait."""
        self.launcher.load()
        children = [self.launcher.start() for _ in range(self.workers)]
        for child in children:
            child.send(job, self.timeout)
        for child in children:
            if not child.dead:
                child.receive()
            self._release(child)

    def map(self, jobs: Iterable[tuple[K, J]]) -> Iterator[tuple[K, R | ReadError]]:
        """Results as they come, each with its key; never more jobs taken from `jobs` than children can work on."""
        source = iter(jobs)
        with selectors.DefaultSelector() as selector:
            busy: dict[Child, tuple[K, Seat]] = {}
            try:
                yield from self._fill(source, selector, busy)
                while busy:
                    for child, result in self._next(selector, busy):
                        key, seat = busy.pop(child)
                        selector.unregister(child.sock)
                        self._release(child)
                        seat.leave()
                        yield from self._fill(source, selector, busy)
                        yield key, result
            finally:
                for child, (_, seat) in busy.items():
                    child.overdue()
                    child.close()
                    seat.leave()

    def read_many(self: ChildPool[Job, Content], jobs: Iterable[Job]) -> Iterator[tuple[Hashable, Content | ReadError]]:
        """`map` for a pool that only reads: the key is the job's own."""
        return self.map((job.key, job) for job in jobs)

    def _fill(
        self, source: Iterator[tuple[K, J]], selector: selectors.BaseSelector, busy: dict[Child, tuple[K, Seat]]
    ) -> Iterator[tuple[K, ReadError]]:
        while True:
            # Who has a child at work takes a further seat only if nobody waits; who has none waits for one.
            seat = self.seats.take(wait=not busy)
            if seat is None:
                return
            try:
                item = next(source, None)
                if item is None:
                    seat.leave()
                    return
                key, job = item
                child = self._child()
                failure = child.send(job, self.timeout)
            except BaseException:
                seat.leave()
                raise
            if failure is not None:
                child.close()
                seat.leave()
                yield key, failure
                continue
            selector.register(child.sock, selectors.EVENT_READ, child)
            busy[child] = key, seat

    def _child(self) -> Child:
        try:
            return self.idle.popleft()
        except IndexError:
            return self.launcher.start()

    def _next(self, selector: selectors.BaseSelector, busy: dict[Child, tuple[K, Seat]]) -> Iterator[tuple[Child, Any]]:
        while True:
            now = time.monotonic()
            for _, seat in busy.values():
                if seat.slow_from <= now:
                    seat.step_aside()
            waits = [child.deadline for child in busy] + [seat.slow_from for _, seat in busy.values()]
            found = selector.select(max(min(waits) - now, 0))
            for ready, _ in found:
                # The result is there; that the caller was slow to come for it is not the child's fault.
                ready.data.deadline = max(ready.data.deadline, time.monotonic() + _TAKE_SECONDS)
                yield ready.data, ready.data.receive()
            now = time.monotonic()
            overdue = [] if found else [child for child in busy if child.deadline <= now]
            for child in overdue:
                yield child, child.overdue()
            if found or overdue:
                return

    def _release(self, child: Child) -> None:
        if child.dead or child.done >= self.recycle_after or len(self.idle) >= self.workers:
            child.close()
        else:
            self.idle.append(child)


class Seats:
    """Places for children at work, given in the order of asking. Safe to use from several threads."""

    def __init__(self, seats: int) -> None:
        self.seats = seats
        self.lock = threading.Lock()
        self.taken = 0
        self.aside = 0
        self.waiting: deque[threading.Event] = deque()

    def take(self, *, wait: bool) -> Seat | None:
        """A seat; None where there is none at once and the caller does not wait."""
        turn = threading.Event()
        with self.lock:
            if self.taken < self.seats and not self.waiting:
                self.taken += 1
                return Seat(self)
            if not wait:
                return None
            self.waiting.append(turn)
        try:
            turn.wait()
        except BaseException:
            with self.lock:
                if turn in self.waiting:
                    self.waiting.remove(turn)
                else:
                    self._free()
            raise
        return Seat(self)

    def _free(self) -> None:
        """With the lock held: hand a seat to who waits longest."""
        if self.waiting:
            self.waiting.popleft().set()
        else:
            self.taken -= 1


class Seat:
    """One place, from taking until `leave`."""

    def __init__(self, seats: Seats) -> None:
        self.of = seats
        self.slow_from = time.monotonic() + PATIENCE
        self.aside = False

    def step_aside(self) -> None:
        """Let another child begin while this one goes on; no more of them at once than there are seats."""
        with self.of.lock:
            self.slow_from = math.inf if self.of.aside < self.of.seats else time.monotonic() + 1
            if self.slow_from == math.inf and not self.aside:
                self.aside = True
                self.of.aside += 1
                self.of._free()

    def leave(self) -> None:
        """Give the place back."""
        with self.of.lock:
            if self.aside:
                self.of.aside -= 1
            else:
                self.of._free()


def _reason(status: int) -> str:
    if os.WIFSIGNALED(status):
        number = os.WTERMSIG(status)
        if number == signal.SIGXCPU:
            return "it used more processor time than a file may"
        if number == signal.SIGKILL:
            return "the system ended it, most likely for lack of memory"
        return f"the reader crashed ({signal.Signals(number).name})"
    return f"the reading process ended early (code {os.WEXITSTATUS(status)})"


def _environment() -> dict[str, str]:
    """What a child may see of the environment: language, path, time zone and our own settings; one thread a child."""
    kept = {name: value for name, value in os.environ.items() if name.startswith(_KEPT_VARIABLES)}
    return {**kept, **dict.fromkeys(_ONE_THREAD, "1")}


_shared: Launcher | None = None
_shared_lock = threading.Lock()


def _launcher() -> Launcher:
    """The launcher of `read_in_child`, started once a process."""
    global _shared
    with _shared_lock:
        if _shared is None or not _shared.alive():
            _shared = Launcher(read_job)
            atexit.register(_shared.close)
        return _shared
