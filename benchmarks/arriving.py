"""One new return after a long history: time to refreshed marts and to the draft of the next release.

Each run begins with a copy of the built home. Warm runs take place in one process that has refreshed before, as the
orchestrator's does; the command is `rti refresh`, with all its imports.
"""

from __future__ import annotations

import shutil
import sys
from collections.abc import Iterator
from pathlib import Path
from statistics import median

from benchmarks import homes, measuring
from benchmarks.registry import Figure, Setting, register_benchmark

RUNS = 3
LIMIT, GROWTH = 25.0, 1.3


@register_benchmark("arrival", "One new return, from its arrival on")
def measure_arrival(setting: Setting) -> Iterator[Figure]:
    """Compare with the shorter history, where it was measured: it is the floor of the longer one."""
    shorter: dict[str, float] = {}
    for scale in setting.scales:
        built_home = homes.build_home(setting, scale)
        measured = _time_warm_runs(setting, built_home)
        commands = [_run_command(setting, built_home) for _ in range(RUNS)]
        measured["draft, as a command"] = [ran.seconds for ran in commands]
        busy = f"; processor {median(ran.processor for ran in commands):.0f} s"
        for name, values in measured.items():
            value = median(values)
            floor = shorter.get(name)
            yield Figure(
                f"{name}, after {scale} ×",
                value,
                "s",
                floor,
                "after the shorter history" if floor else "",
                "≤ 25 s" + (" and ≤ 1.3 ×" if floor else ""),
                value <= LIMIT and (floor is None or value <= GROWTH * floor),
                f"{built_home.returns.number:,} returns; {measuring.describe_spread(values)}"
                + (busy if "command" in name else ""),
            )
            shorter.setdefault(name, value)


def _time_warm_runs(setting: Setting, built_home: homes.Built) -> dict[str, list[float]]:
    """Return seconds of some runs in one warm process, by what was reached."""
    copies = [setting.scratch / f"warm-{number}" for number in range(RUNS)]
    for copy in copies:
        homes.copy_with_new_return(built_home, copy)
    idle = setting.scratch / "idle"
    shutil.rmtree(idle, ignore_errors=True)
    shutil.copytree(built_home.home, idle, symlinks=True)
    runs = measuring.run_module(
        "benchmarks.homes", str(idle), str(built_home.returns.folder), *map(str, copies)
    ).last_json()["runs"]
    if not all(run["new"] for run in runs):
        raise RuntimeError("the new return changed nothing, so nothing was measured")
    return {"marts": [run["marts"] for run in runs], "draft": [run["draft"] for run in runs]}


def _run_command(setting: Setting, built_home: homes.Built) -> measuring.Ran:
    environment = homes.copy_with_new_return(built_home, setting.scratch / "command")
    rti = str(Path(sys.executable).with_name("rti"))
    return measuring.run([rti, "refresh"], environment=environment)
