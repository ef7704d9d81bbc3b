"""Measuring: medians of repetitions, and whole commands with their peak memory.

Belongs here: clocks and processes.  Does not belong here: what is measured.
"""

from __future__ import annotations

import gc
import json
import os
import subprocess
import sys
import time
from collections.abc import Callable, Mapping, Sequence
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
    """A command that ran: wall-clock seconds and what it printed."""

    seconds: float
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
    start = time.perf_counter()
    done = subprocess.run(arguments, cwd=ROOT, env=settings, capture_output=True, text=True, check=False)
    taken = time.perf_counter() - start
    if done.returncode not in good:
        raise CommandError(f"{' '.join(arguments)} ended with {done.returncode}:\n{done.stderr[-3000:]}")
    return Ran(taken, done.stdout)


def python(module: str, *arguments: str, environment: Mapping[str, str] | None = None) -> Ran:
    """Run one of this package's modules in a process of its own."""
    return run([sys.executable, "-m", module, *arguments], environment=environment)


def peak_memory() -> float:
    """Most memory that this process has held, and that its largest ended child has held, together, in MB.

    Reading children run beside each other, so the true peak of all processes may be higher by one child.
    """
    import resource

    kilobytes = sum(resource.getrusage(who).ru_maxrss for who in (resource.RUSAGE_SELF, resource.RUSAGE_CHILDREN))
    return kilobytes / 1024


def spread(values: Sequence[float]) -> str:
    """Smallest and largest of some seconds, for the note of a figure."""
    return f"{min(values):.1f} to {max(values):.1f} s" if len(values) > 1 else "one run"
