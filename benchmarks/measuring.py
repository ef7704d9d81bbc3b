"""Measuring: medians of repetitions, and whole commands with their peak memory."""

from __future__ import annotations

import ctypes
import gc
import json
import os
import resource
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Mapping, Sequence, Set
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from statistics import median
from typing import Any

from pipelines.core.processes import list_descendants, read_parents

ROOT = Path(__file__).resolve().parents[1]
NOW = "2026-11-24T12:00:00Z"
"""The clock of every benchmark: after the last demonstration return, so that all of them have arrived."""


class CommandError(RuntimeError):
    """Raised if a measured command fails; the text is the end of its error output."""


@dataclass(frozen=True, slots=True)
class Ran:
    """A finished command: wall-clock and processor seconds, peak memory (MB) of all its processes, its output."""

    seconds: float
    processor: float
    peak: float
    output: str

    def last_json(self) -> dict[str, Any]:
        """Return the JSON object on its last line."""
        value: dict[str, Any] = json.loads(self.output.strip().splitlines()[-1])
        return value


def median_seconds(work: Callable[[], object], repetitions: int) -> float:
    """Return the median wall-clock seconds of some repetitions of a piece of work in this process."""
    durations = []
    for _ in range(repetitions):
        gc.collect()
        start = time.perf_counter()
        work()
        durations.append(time.perf_counter() - start)
    return median(durations)


def compare_processor_seconds(
    work: Callable[[], object], floor: Callable[[], object], repetitions: int
) -> tuple[float, float]:
    """Return the least processor seconds of a piece of work and of its floor, measured in turn in this process.

    The garbage collector is off, as it is in a process that reads returns.
    """
    seconds: tuple[list[float], list[float]] = ([], [])
    work(), floor()  # some work of a library happens only once
    for _ in range(repetitions):
        for task, durations in zip((work, floor), seconds, strict=True):
            gc.collect()
            gc.disable()
            start = time.process_time()
            task()
            durations.append(time.process_time() - start)
            gc.enable()
    return min(seconds[0]), min(seconds[1])


def run(arguments: Sequence[str], *, environment: Mapping[str, str] | None = None, good: Sequence[int] = (0,)) -> Ran:
    """Run a command in the project's folder; raise CommandError if its exit code is not one of the good ones."""
    settings = {**os.environ, "RTI_NOW": NOW, **(environment or {})}
    _adopt_orphans()
    others = _list_children()
    start, before = time.perf_counter(), _processor_seconds()
    process = subprocess.Popen(
        arguments, cwd=ROOT, env=settings, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True
    )
    watch = _Watch(process.pid)
    watch.start()
    output, errors = process.communicate()
    duration = time.perf_counter() - start
    peak = watch.stop_watching()
    _wait_for_orphans(others)
    if process.returncode not in good:
        raise CommandError(f"{' '.join(arguments)} ended with {process.returncode}:\n{errors[-3000:]}")
    return Ran(duration, _processor_seconds() - before, peak, output)


def run_module(module: str, *arguments: str, environment: Mapping[str, str] | None = None) -> Ran:
    """Run one of this package's modules in a process of its own."""
    return run([sys.executable, "-m", module, *arguments], environment=environment)


_PR_SET_CHILD_SUBREAPER = 36
_ORPHAN_SECONDS = 10.0
"""Longest wait for the processes that a command leaves running."""


def _adopt_orphans() -> None:
    """Become the parent of processes whose own parent ends before them (Linux, prctl(2)).

    The kernel counts the processor time of a process when its parent waits for it.  A reading process may outlive the
    one that started it, so its time was missing: reading every return once seemed to take a fifth of the time.
    """
    if sys.platform == "linux":
        ctypes.CDLL(None).prctl(_PR_SET_CHILD_SUBREAPER, 1, 0, 0, 0)


def _list_children() -> set[int]:
    this_process = os.getpid()
    return {pid for pid, parent in read_parents().items() if parent == this_process}


def _wait_for_orphans(others: Set[int]) -> None:
    """Wait for the processes that a command has left behind, so that their time counts.

    They are children of this process now, as `others` were before.  Those that go on running are left alone.
    """
    until = time.monotonic() + _ORPHAN_SECONDS
    while (orphans := _list_children() - others) and time.monotonic() < until:
        for pid in orphans:
            with suppress(ChildProcessError):  # another thread has waited for it
                os.waitpid(pid, os.WNOHANG)
        time.sleep(0.02)


def _processor_seconds() -> float:
    """Return processor seconds of all ended children of this process, and of theirs."""
    used = resource.getrusage(resource.RUSAGE_CHILDREN)
    return used.ru_utime + used.ru_stime


class _Watch(threading.Thread):
    """Thread that reads every half second the memory of a process and descendants (proportional set size, Linux).

    The kernel walks all pages for a proportional set size, which took a quarter of a processor for 5.5 GB. So it is
    read only if the resident pages, which are kept as a number and are never fewer, exceed the peak.
    """

    def __init__(self, pid: int) -> None:
        super().__init__(daemon=True)
        self.pid = pid
        self.peak = 0.0
        self.over = threading.Event()

    def run(self) -> None:
        while not self.over.wait(0.5):
            pids = (self.pid, *list_descendants(self.pid))
            if sum(_count_resident(pid) for pid in pids) > self.peak:
                self.peak = max(self.peak, sum(measure_memory(pid) for pid in pids))

    def stop_watching(self) -> float:
        """Stop, and return the peak in MB."""
        self.over.set()
        self.join()
        return self.peak


def list_own_processes() -> list[int]:
    """Return this process and its descendants that still run."""
    return [os.getpid(), *list_descendants(os.getpid())]


def _count_resident(pid: int) -> float:
    """Return the megabytes of a process's resident pages, shared ones counted whole; 0 if it has ended."""
    with suppress(OSError):
        return int(Path(f"/proc/{pid}/statm").read_text().split()[1]) * resource.getpagesize() / 2**20
    return 0


def measure_memory(pid: int) -> float:
    """Return the megabytes of a process, shared pages counted by their share; 0 if it has ended."""
    with suppress(OSError):
        for line in Path(f"/proc/{pid}/smaps_rollup").read_text().splitlines():
            if line.startswith("Pss:"):
                return int(line.split()[1]) / 1024
    return 0


def measure_memory_kinds(pid: int) -> dict[str, float]:
    """Return the megabytes of a process by kind, shared pages counted by their share; empty if it has ended.

    `heap` is what it has allocated, `files` are mapped files, mostly of libraries. `freed` are pages that the process
    has given back (MADV_FREE, as polars does) and that the kernel takes only when it needs them.
    """
    with suppress(OSError):
        lines = Path(f"/proc/{pid}/smaps_rollup").read_text().splitlines()[1:]
        sizes = {name: int(value.split()[0]) / 1024 for name, value in (line.split(":") for line in lines)}
        freed = sizes["LazyFree"]
        return {"heap": sizes["Pss_Anon"] - freed, "files": sizes["Pss"] - sizes["Pss_Anon"], "freed": freed}
    return {}


def describe_spread(values: Sequence[float]) -> str:
    """Return the smallest and largest of some seconds, for the note of a figure."""
    return f"{min(values):.1f} to {max(values):.1f} s" if len(values) > 1 else "one run"
