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
    """A folder of returns whose list lacks its last line; `last` is that line, `number` how many are listed."""

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
def returns(setting: Setting, scale: int) -> Returns:
    """`scale` editions of the demonstration's returns."""
    folder = setting.scratch / f"samples-{scale}"
    if scale == 1:
        shutil.copytree(ROOT / "raw_samples", folder)
    else:
        measuring.python("tests.samples", "--out", str(folder), "--scale", str(scale))
    path = folder / "arrivals.csv"
    lines = path.read_text(encoding="utf-8").splitlines(keepends=True)
    path.write_text("".join(lines[:-1]), encoding="utf-8")
    return Returns(folder, lines[-1], len(lines) - 2)


@cache
def built(setting: Setting, scale: int) -> Built:
    """A home rebuilt from bytes to a published release, by the command that people use."""
    given = returns(setting, scale)
    home = setting.scratch / f"home-{scale}"
    environment = {"RTI_HOME": str(home), "RTI_SAMPLES": str(given.folder)}
    rti = str(Path(sys.executable).with_name("rti"))
    measuring.run([rti, "init", "--kind", "demonstration"], environment=environment)
    done = measuring.run([rti, "refresh", "--publish"], environment=environment)
    release = (home / "public" / "current").resolve().name
    return Built(home, given, done, release)


def with_new_return(built_home: Built, copy: Path) -> dict[str, str]:
    """A copy of a home and a folder of returns in which one more has come; returns the environment for both."""
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


def refresh_timed(root: Path) -> dict[str, Any]:
    """Refresh a home in this process; seconds until the marts stood and until the draft did."""
    from pipelines.core.home import open_home
    from pipelines.operations.run import run_refresh

    start = time.perf_counter()
    marts = [0.0]

    def hear(message: str) -> None:
        if message.startswith(("counts built", "restricted indicators built")):
            marts[0] = time.perf_counter() - start

    outcome = run_refresh(open_home(root), say=hear)
    return {"marts": marts[0], "draft": time.perf_counter() - start, "new": outcome["new"]}


def main(arguments: list[str]) -> None:
    """`python -m benchmarks.homes IDLE_HOME SAMPLES COPY…`: warm up on a home with nothing new, then time each copy."""
    idle, samples, *copies = arguments
    os.environ["RTI_SAMPLES"] = samples
    refresh_timed(Path(idle))
    timed = []
    for copy in copies:
        os.environ["RTI_SAMPLES"] = f"{copy}/samples"
        timed.append(refresh_timed(Path(copy) / "home"))
    print(json.dumps({"runs": timed}))


if __name__ == "__main__":
    main(sys.argv[1:])
