"""Measuring: medians of repetitions, and whole commands with their peak memory."""

from __future__ import annotations

import gc
import json
import os
import resource
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from statistics import median
from typing import Any

ROOT = Path(__file__).resolve().parents[1]
NOW = "2026-11-24T12:00:00Z"
"""The clock of every benchmark: after the last demonstration return, so that all of them have arrived."""


class CommandError(RuntimeError):
    """A measured command failed; the text is the end of what it said."""


@dataclass(frozen=True, slots=True)
class Ran:
    """A command that ran: wall-clock and processor seconds, peak memory (MB) of all its processes, what it printed."""

    seconds: float
    processor: float
    peak: float
    output: str

    def last_json(self) -> dict[str, Any]:
        """The JSON object on its last line."""
        value: dict[str, Any] = json.loads(self.output.strip().splitlines()[-1])
        return value


def seconds(work: Callable[[], object], repetitions: int) -> float:
    """Median wall-clock seconds of some repetitions of a piece of work in this process."""
    taken = []
    for _ in range(repetitions):
        gc.collect()
        start = time.perf_counter()
        work()
        taken.append(time.perf_counter() - start)
    return median(taken)


def run(arguments: Sequence[str], *, environment: Mapping[str, str] | None = None, good: Sequence[int] = (0,)) -> Ran:
    """Run a command in the project's folder. Raises CommandError where it ends with another code than the good ones."""
    settings = {**os.environ, "RTI_NOW": NOW, **(environment or {})}
    start, before = time.perf_counter(), _processor()
    process = subprocess.Popen(
        arguments, cwd=ROOT, env=settings, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True
    )
    watch = _Watch(process.pid)
    watch.start()
    output, errors = process.communicate()
    taken = time.perf_counter() - start
    peak = watch.end()
    if process.returncode not in good:
        raise CommandError(f"{' '.join(arguments)} ended with {process.returncode}:\n{errors[-3000:]}")
    return Ran(taken, _processor() - before, peak, output)


def python(module: str, *arguments: str, environment: Mapping[str, str] | None = None) -> Ran:
    """Run one of this package's modules in a process of its own."""
    return run([sys.executable, "-m", module, *arguments], environment=environment)


def _processor() -> float:
    """Processor seconds of all ended children of this process, and of theirs."""
    used = resource.getrusage(resource.RUSAGE_CHILDREN)
    return used.ru_utime + used.ru_stime


class _Watch(threading.Thread):
    """Looks every half second at the memory of a process and all its descendants (proportional set size, Linux)."""

    def __init__(self, pid: int) -> None:
        super().__init__(daemon=True)
        self.pid = pid
        self.kilobytes = 0
        self.over = threading.Event()

    def run(self) -> None:
        while not self.over.wait(0.5):
            self.kilobytes = max(self.kilobytes, sum(_proportional(pid) for pid in _family(self.pid)))

    def end(self) -> float:
        """Stop; the peak in MB."""
        self.over.set()
        self.join()
        return self.kilobytes / 1024


def _family(pid: int) -> list[int]:
    """A process and its descendants, as far as they still are."""
    found, waiting = [], [pid]
    while waiting:
        one = waiting.pop()
        found.append(one)
        for task in Path(f"/proc/{one}/task").glob("*/children"):
            with suppress(OSError):
                waiting += [int(child) for child in task.read_text().split()]
    return found


def _proportional(pid: int) -> int:
    """Kilobytes of a process, pages that others share being counted by their share; 0 where it has ended."""
    with suppress(OSError):
        for line in Path(f"/proc/{pid}/smaps_rollup").read_text().splitlines():
            if line.startswith("Pss:"):
                return int(line.split()[1])
    return 0


def spread(values: Sequence[float]) -> str:
    """Smallest and largest of some seconds, for the note of a figure."""
    return f"{min(values):.1f} to {max(values):.1f} s" if len(values) > 1 else "one run"
