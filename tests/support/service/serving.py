"""Run `rti serve` on a home as a separate process, find the addresses that it prints, and leave no process behind."""

from __future__ import annotations

import os
import re
import signal
import subprocess
import sys
import threading
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path

from tests.support.demonstration import CLOCK
from tests.support.paths import ROOT
from tests.support.service.running import LONGEST_START

RTI = str(Path(sys.executable).with_name("rti"))
NAMES = ("dashboard", "offices' pages", "Dagster UI")


@dataclass(frozen=True)
class ServedHome:
    """A home whose servers run, the lines that `rti serve` printed, and two finished runs of its Dagster instance."""

    root: Path
    process: subprocess.Popen[str]
    lines: list[str]
    runs: tuple[str, ...]


@contextmanager
def run_serve(root: Path, now: str = CLOCK) -> Iterator[tuple[subprocess.Popen[str], list[str]]]:
    """Run `rti serve` on a home until its last line, and end it by process id. An empty `now` is the real clock."""
    environment = {**os.environ, "RTI_HOME": str(root), "RTI_NOW": now}
    # A shell starts background jobs with SIGINT ignored, which the service would inherit; Dagster, once imported by an
    # earlier test, gives SIGTERM the same treatment.
    before = {number: signal.signal(number, signal.SIG_DFL) for number in (signal.SIGINT, signal.SIGTERM)}
    try:
        process = subprocess.Popen(
            [RTI, "serve"], cwd=ROOT, env=environment, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True
        )
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)
    lines: list[str] = []
    try:
        timer = threading.Timer(LONGEST_START, process.terminate)
        timer.start()
        assert process.stdout is not None
        for line in process.stdout:
            lines.append(line.rstrip("\n"))
            if line.startswith("Ctrl-C"):
                break
        timer.cancel()
        yield process, lines
    finally:
        process.terminate()
        try:
            process.wait(timeout=30)
        except subprocess.TimeoutExpired:
            process.kill()
            process.wait()
        kill_processes_of(root)
        if process.stdout is not None:
            process.stdout.close()


def kill_processes_of(root: Path) -> list[int]:
    """Kill every process that was started for a home, and return their ids; a failed test must leave none behind."""
    setting = f"RTI_HOME={root}".encode()
    killed = []
    for folder in Path("/proc").glob("[0-9]*"):
        with suppress(FileNotFoundError, ProcessLookupError, PermissionError):
            if int(folder.name) != os.getpid() and setting in (folder / "environ").read_bytes().split(b"\0"):
                os.kill(int(folder.name), signal.SIGKILL)
                killed.append(int(folder.name))
    return killed


def find_addresses(lines: list[str]) -> dict[str, str]:
    """Return the printed addresses by name."""
    matches = {
        name: re.search(rf"^{re.escape(name)}: (http://127\.0\.0\.1:\d+)$", "\n".join(lines), re.M) for name in NAMES
    }
    return {name: match[1] for name, match in matches.items() if match is not None}
