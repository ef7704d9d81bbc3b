"""Processor time of each step of a refresh after one new return, in a short history and in one ten times as long.

The longer history has further editions of every return (`editions.py`), so every figure is the same. The steps run in
one process that has refreshed before (`stepping.py`), once with the shorter history first and once with the longer
one: whatever a process does once is paid by the home that comes first.
"""

from __future__ import annotations

import shutil
import sys
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import replace

from benchmarks import homes, measuring
from benchmarks.registry import Figure, Setting, register_benchmark

TIMES = 10
MOST_GROWTH = 1.2
"""How many times as much a step may take with ten times the returns, from the issue."""
LEAST_SECONDS = 0.5
"""Shorter steps differ by more than a fifth from run to run; tests count their work."""


@register_benchmark("steps", "Steps of a refresh after one new return, with ten times the returns")
def measure_steps(setting: Setting) -> Iterator[Figure]:
    """Compare each step of the longer history with the shorter one, of two runs the smaller ratio's."""
    built_home = homes.build_home(setting, 1)
    histories = {1: built_home, TIMES: _build_longer(setting, built_home)}
    runs = []
    for order in ((1, TIMES), (TIMES, 1)):
        roots = {times: setting.scratch / f"steps-{times}" for times in order}
        for times, root in roots.items():
            homes.copy_with_new_return(histories[times], root)
        idle = setting.scratch / "steps-idle"
        homes.copy_with_new_return(built_home, idle)
        environment = {"RTI_SAMPLES": str(roots[1] / "samples")}
        ran = measuring.run_module(
            "benchmarks.stepping", *(str(root / "home") for root in (idle, *roots.values())), environment=environment
        )
        measured = ran.last_json()["runs"]
        runs.append({times: measured[str(root / "home")] for times, root in roots.items()})
    yield from compare_steps(runs)


def compare_steps(runs: Sequence[Mapping[int, Mapping[str, float]]]) -> Iterator[Figure]:
    """Yield a figure for each step: the least seconds of the longer history, with those of the shorter as its floor.

    `runs` have the seconds of each step by length of the history. Steps below LEAST_SECONDS have no target.
    """
    for step in runs[0][1]:
        shorter, longer = (min(run[times][step] for run in runs) for times in (1, TIMES))
        is_judged = max(shorter, longer) >= LEAST_SECONDS
        yield Figure(
            f"{step}, processor", longer, "s", max(shorter, LEAST_SECONDS) if is_judged else None,
            "a tenth of the returns" if is_judged else "", f"≤ {MOST_GROWTH:g} ×" if is_judged else "",
            longer <= MOST_GROWTH * max(shorter, LEAST_SECONDS) if is_judged else None,
            f"{shorter:.2f} s with a tenth of the returns", required=is_judged,
        )  # fmt: skip


def _build_longer(setting: Setting, built_home: homes.Built) -> homes.Built:
    """Return a copy of a home with further editions of each return, refreshed."""
    home = setting.scratch / "steps-longer"
    shutil.rmtree(home, ignore_errors=True)
    shutil.copytree(built_home.home, home, symlinks=True)
    measuring.run_module("benchmarks.editions", str(home), str(TIMES))
    environment = {"RTI_HOME": str(home), "RTI_SAMPLES": str(built_home.returns.folder)}
    measuring.run([sys.executable, "-m", "pipelines.cli", "refresh"], environment=environment)
    return replace(built_home, home=home)
