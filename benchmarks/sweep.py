"""Growth of each stage from a return to an answer, at one, ten and a hundred times the demonstration.

Reading and validating take the returns of the demonstration so many times. The other stages take a history of four
years for each time (`history.py`), since no territory has more returns in a year: 400 years at the largest size. Each
stage is a process of its own (`sweep_stages.py`), whose start is part of what is measured.
"""

from __future__ import annotations

import json
import math
import os
import sys
import threading
import time
from collections.abc import Iterator, Mapping
from dataclasses import asdict, dataclass
from pathlib import Path
from statistics import median

from benchmarks import measuring, report
from benchmarks.registry import Figure, Setting, register_benchmark
from pipelines.core import asides

STAGES = ("reading", "validating", "modelling", "protecting", "publishing", "querying")
SIZES = (1, 10, 100)
"""How many times the demonstration the sweep has at each size; the largest has about 30,000 returns."""
PREPARATION = "history"
MOST_MEMORY = 8e9 / 2**20
"""Megabytes (of 1,024 kB) in 8 GB, the limit of the issue for all processes of the largest size."""
MOST_GROWTH = 1.05
"""Largest exponent that counts as linear: ten times the work may take 12 % more than ten times the time."""
BUILD_MEMORY = "3.2GB"
"""Memory limit of DuckDB, unless the environment sets another."""
PACE_SECONDS = 10.0
"""Pause between two runs of the fixed task during a stage. A run takes one to two seconds."""


@dataclass(frozen=True, slots=True)
class Measured:
    """A finished stage: seconds, peak memory (MB) of all its processes, sizes of its work, and when it ran.

    `yardstick` is the median of the processor seconds of a fixed task before, during and after the stage.
    """

    seconds: float
    processor: float
    peak: float
    yardstick: float
    sizes: Mapping[str, int]
    commit: str | None
    load: float

    @property
    def tasks(self) -> float:
        """Processor time in fixed tasks: how often the machine could have done the task instead."""
        return self.processor / self.yardstick


@register_benchmark("sweep", "Each stage at one, ten and a hundred times the demonstration")
def measure_sweep(setting: Setting) -> Iterator[Figure]:
    """Compare each size with the one before it, and the smallest with a fixed task."""
    folder = setting.work or setting.scratch / "sweep"
    before: dict[str, tuple[int, Measured]] = {}
    for times in setting.sizes:
        for stage in (PREPARATION, *STAGES):
            measured = measure_stage(folder / f"times-{times}", stage, times)
            if stage != PREPARATION:
                yield from list_figures(stage, times, measured, before.get(stage))
                before[stage] = (times, measured)


def measure_stage(folder: Path, stage: str, times: int) -> Measured:
    """Return the kept figures of a stage, or run it in a process of its own and keep them."""
    file = folder / f"{stage}.json"
    if file.exists():
        return Measured(**json.loads(file.read_text(encoding="utf-8")))
    folder.mkdir(parents=True, exist_ok=True)
    machine = report.describe_machine()
    environment = {"RTI_BUILD_MEMORY": os.environ.get("RTI_BUILD_MEMORY", BUILD_MEMORY)}
    print(f"  {stage}, {times} times, load {machine['load']} …", file=sys.stderr, flush=True)
    with Pace() as pace:
        ran = measuring.run_module("benchmarks.sweep_stages", stage, str(folder), str(times), environment=environment)
    measured = Measured(
        ran.seconds, ran.processor, ran.peak, pace.find_median(), ran.last_json(), machine["commit"], machine["load"]
    )
    with asides.replace_file(file) as aside:
        aside.write_text(json.dumps(asdict(measured), indent=1), encoding="utf-8")
    return measured


def list_figures(stage: str, times: int, measured: Measured, before: tuple[int, Measured] | None) -> Iterator[Figure]:
    """Yield processor and elapsed seconds and peak memory of a stage.

    The floor of a larger size is the one before it, as many times as it is larger: a ratio of 1 is linear growth. Both
    are counted in fixed tasks, since a shared machine needs up to twice as long for the same work in another hour. The
    floor of the first size is the fixed task. Elapsed seconds have none, since they depend on other work.
    """
    note = ", ".join(f"{value:,} {name}" for name, value in measured.sizes.items())
    fits = measured.peak <= MOST_MEMORY
    if before is None:
        yield Figure(
            f"{stage}, processor, {times} ×", measured.processor, "s", measured.yardstick, "a fixed task", note=note
        )
    else:
        more = times / before[0]
        power = find_exponent(measured.tasks / before[1].tasks, more)
        in_seconds = find_exponent(measured.processor / before[1].processor, more)
        yield Figure(
            f"{stage}, processor, {times} ×", measured.processor, "s", before[1].tasks * more * measured.yardstick,
            f"{more:g} times {before[0]} ×", f"exponent ≤ {MOST_GROWTH:g}", power <= MOST_GROWTH,
            f"exponent {power:.2f} in fixed tasks, {in_seconds:.2f} in seconds; {note}", required=True,
        )  # fmt: skip
    yield Figure(f"{stage}, elapsed, {times} ×", measured.seconds, "s", note=f"load {measured.load}, {measured.commit}")
    floor = before and before[1].peak
    growth = f"exponent {find_exponent(measured.peak / floor, times / before[0]):.2f}" if before and floor else ""
    yield Figure(
        f"{stage}, peak memory, {times} ×", measured.peak, "MB", floor or None, f"{before[0]} ×" if before else "",
        "≤ 8 GB", fits, growth, required=True,
    )  # fmt: skip


def find_exponent(growth: float, more: float) -> float:
    """Return the exponent with which a cost grows if it is `growth` times as large with `more` times the work."""
    return math.log(growth) / math.log(more)


def measure_yardstick() -> float:
    """Return the processor seconds of a fixed task in Python, of this thread alone."""
    began = time.thread_time()
    texts = [f"{number * 7_919 % 1_000_003:07d}" for number in range(2_000_000)]
    texts.sort()
    sum(int(text) for text in texts)
    return time.thread_time() - began


class Pace(threading.Thread):
    """Thread that runs the fixed task before, during and after a stage.

    One measurement at the start was not enough: protecting 400 years took 2 hours 36 minutes, in which the speed of
    the machine changed.
    """

    def __init__(self) -> None:
        super().__init__(daemon=True)
        self.seconds: list[float] = []
        self.over = threading.Event()

    def __enter__(self) -> Pace:
        self.seconds.append(measure_yardstick())
        self.start()
        return self

    def run(self) -> None:
        while not self.over.wait(PACE_SECONDS):
            self.seconds.append(measure_yardstick())

    def __exit__(self, *_error: object) -> None:
        self.over.set()
        self.join()
        self.seconds.append(measure_yardstick())

    def find_median(self) -> float:
        """Return the median of the seconds of the fixed task."""
        return median(self.seconds)
