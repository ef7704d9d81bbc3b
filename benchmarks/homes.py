"""Temporary homes and folders of returns, built once a run and shared by the benchmarks that need them.

The last return of the list is held back from every build, so that it can be the new one afterwards.
"""

from __future__ import annotations

import json
import os
import shutil
import sys
import time
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Any

from benchmarks import measuring
from benchmarks.measuring import ROOT, Ran
from benchmarks.registry import Setting


@dataclass(frozen=True, slots=True)
class Returns:
    """A folder of returns whose list lacks its last line; `last` is that line, `number` how many remain listed."""

    folder: Path
    last: str
    number: int


@dataclass(frozen=True, slots=True)
class Built:
    """A home after the full rebuild, and what that took."""

    home: Path
    returns: Returns
    took: Ran
    release: str


@cache
def prepare_returns(setting: Setting, scale: int) -> Returns:
    """Write `scale` editions of the demonstration's returns."""
    folder = setting.scratch / f"samples-{scale}"
    if scale == 1:
        shutil.copytree(ROOT / "raw_samples", folder)
    else:
        measuring.run_module("tests.samples", "--out", str(folder), "--scale", str(scale))
    path = folder / "arrivals.csv"
    lines = path.read_text(encoding="utf-8").splitlines(keepends=True)
    path.write_text("".join(lines[:-1]), encoding="utf-8")
    return Returns(folder, lines[-1], len(lines) - 2)


@cache
def build_home(setting: Setting, scale: int) -> Built:
    """Rebuild a home from bytes to a published release, by the command that people use."""
    samples = prepare_returns(setting, scale)
    home = setting.scratch / f"home-{scale}"
    environment = {"RTI_HOME": str(home), "RTI_SAMPLES": str(samples.folder)}
    rti = str(Path(sys.executable).with_name("rti"))
    measuring.run([rti, "init", "--kind", "demonstration"], environment=environment)
    finished = measuring.run([rti, "refresh", "--publish"], environment=environment)
    release = (home / "public" / "current").resolve().name
    return Built(home, samples, finished, release)


def copy_with_new_return(built_home: Built, copy: Path) -> dict[str, str]:
    """Copy a home and a folder of returns with one more return; return the environment for both."""
    shutil.rmtree(copy, ignore_errors=True)
    shutil.copytree(built_home.home, copy / "home", symlinks=True)
    samples = copy / "samples"
    samples.mkdir(parents=True)
    for entry in built_home.returns.folder.iterdir():
        if entry.is_dir():
            (samples / entry.name).symlink_to(entry)
    listed = (built_home.returns.folder / "arrivals.csv").read_text(encoding="utf-8")
    (samples / "arrivals.csv").write_text(listed + built_home.returns.last, encoding="utf-8")
    return {"RTI_HOME": str(copy / "home"), "RTI_SAMPLES": str(samples)}


def time_refresh(root: Path) -> dict[str, Any]:
    """Refresh a home in this process; return seconds until the marts and until the draft were built."""
    from pipelines.core.home import open_home
    from pipelines.operations.run import run_refresh

    start = time.perf_counter()
    marts = [0.0]

    def note_progress(message: str) -> None:
        if message.startswith(("counts built", "restricted indicators built")):
            marts[0] = time.perf_counter() - start

    outcome = run_refresh(open_home(root), say=note_progress)
    return {"marts": marts[0], "draft": time.perf_counter() - start, "new": outcome["new"]}


def main(arguments: list[str]) -> None:
    """Warm up on a home with nothing new, then time each copy: `python -m benchmarks.homes IDLE_HOME SAMPLES COPY…`."""
    idle, samples, *copies = arguments
    os.environ["RTI_SAMPLES"] = samples
    time_refresh(Path(idle))
    timed = []
    for copy in copies:
        os.environ["RTI_SAMPLES"] = f"{copy}/samples"
        timed.append(time_refresh(Path(copy) / "home"))
    print(json.dumps({"runs": timed}))


if __name__ == "__main__":
    main(sys.argv[1:])
