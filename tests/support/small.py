"""Small sets of returns for tests that build homes of their own: a few files of `raw_samples/`, with their arrivals."""

from __future__ import annotations

import csv
import hashlib
import io
import os
import subprocess
import sys
from collections.abc import Callable, Mapping
from contextlib import redirect_stderr, redirect_stdout
from pathlib import Path
from unittest import mock

from tests.support.paths import ROOT

RAW = ROOT / "raw_samples"
Line = dict[str, str]


def read_arrivals(folder: Path = RAW) -> list[Line]:
    """Return the lines of a folder's `arrivals.csv`."""
    with (folder / "arrivals.csv").open(encoding="utf-8", newline="") as handle:
        return list(csv.DictReader(handle))


def choose_returns(folder: Path, is_chosen: Callable[[Line], bool]) -> list[Line]:
    """Copy the wanted returns of `raw_samples/` into a folder with an `arrivals.csv` of its own."""
    lines = [line | {"corrects": ""} for line in read_arrivals() if is_chosen(line)]
    for line in lines:
        target = folder / line["file"]
        target.parent.mkdir(parents=True, exist_ok=True)
        target.write_bytes((RAW / line["file"]).read_bytes())
    write_arrivals(folder, lines)
    return lines


def add_return(folder: Path, line: Mapping[str, str], data: bytes, **changes: str) -> None:
    """Add one more arrival: a line like another one, with other bytes and the given `changes`."""
    new = {**line, **changes, "sha256": hashlib.sha256(data).hexdigest()}
    (folder / new["file"]).write_bytes(data)
    write_arrivals(folder, [*(arrival for arrival in read_arrivals(folder) if arrival["file"] != new["file"]), new])


def write_arrivals(folder: Path, lines: list[Line]) -> None:
    """Write `arrivals.csv`, by arrival."""
    with (folder / "arrivals.csv").open("w", encoding="utf-8", newline="") as handle:
        writer = csv.DictWriter(handle, list(lines[0]), lineterminator="\n")
        writer.writeheader()
        writer.writerows(sorted(lines, key=lambda one: (one["received_at"], one["file"])))


def command_environment(home: Path, now: str, **more: str) -> dict[str, str]:
    """Return the environment of a command on a home at a moment."""
    inherited = {name: value for name, value in os.environ.items() if not name.startswith(("RTI_", "DAGSTER_"))}
    return {**inherited, "RTI_HOME": str(home), "RTI_NOW": now, "PYTHONUNBUFFERED": "1", **more}


def run_rti(
    home: Path, now: str, *arguments: str, timeout: float = 300, **more: str
) -> subprocess.CompletedProcess[str]:
    """Run the real command, in a process of its own."""
    command = [str(Path(sys.executable).parent / "rti"), *arguments]
    return subprocess.run(
        command,
        env=command_environment(home, now, **more),
        capture_output=True,
        text=True,
        timeout=timeout,
        check=False,
        cwd=ROOT,
    )


def run_rti_here(home: Path, now: str, *arguments: str) -> subprocess.CompletedProcess[str]:
    """Run the command in this process, which need not import everything again; for tests of what it prints."""
    from pipelines.cli.main import main

    output, errors = io.StringIO(), io.StringIO()
    environment = command_environment(home, now)
    with (
        mock.patch.dict(os.environ, environment, clear=True),
        redirect_stdout(output),
        redirect_stderr(errors),
    ):
        code = main(arguments)
    return subprocess.CompletedProcess(["rti", *arguments], code, output.getvalue(), errors.getvalue())
