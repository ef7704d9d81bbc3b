"""The registry of benchmarks, and the figures they give."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path


@dataclass(frozen=True, slots=True)
class Figure:
    """One measured figure and its floor.

    `value` and `floor` are in `unit` (`s`, `ms`, `cells/s`, `kB` or `MB`), and medians unless the name says otherwise;
    `floor_name` says what the floor is.
    `target` is the wished-for limit in words, `reached` whether this run kept it (None without a target). If a
    `required` target is missed, the run ends with exit code 1.
    Ratios are kept under `name`, so it has no number that was measured: that belongs in `note`.
    """

    name: str
    value: float
    unit: str
    floor: float | None = None
    floor_name: str = ""
    target: str = ""
    reached: bool | None = None
    note: str = ""
    required: bool = False

    @property
    def ratio(self) -> float | None:
        """How many times the floor's cost: above 1 is slower than the floor, for rates as for times."""
        if not self.floor or not self.value:
            return None
        return self.floor / self.value if self.unit.endswith("/s") else self.value / self.floor

    @property
    def is_failed(self) -> bool:
        """True if a required target was missed."""
        return self.required and self.reached is False


@dataclass(frozen=True, slots=True)
class Setting:
    """Resources of a benchmark: a scratch folder, repetitions of short things, and the sizes of the history.

    `seeds` is how many random worlds are drawn, if not as many as the benchmark draws by itself, and `outcomes` a file
    that keeps what each of them gave. `sizes` are how many times the demonstration the sweep has at each size, and
    `work` is a folder that keeps its finished stages.
    """

    scratch: Path
    repetitions: int
    scales: tuple[int, ...]
    seeds: int | None = None
    outcomes: Path | None = None
    sizes: tuple[int, ...] = ()
    work: Path | None = None


Benchmark = Callable[[Setting], Iterator[Figure]]
BENCHMARKS: dict[str, tuple[str, Benchmark]] = {}


def register_benchmark(name: str, title: str) -> Callable[[Benchmark], Benchmark]:
    """Register a benchmark under a name; `title` heads its part of the table."""

    def add_benchmark(function: Benchmark) -> Benchmark:
        if name in BENCHMARKS:
            raise ValueError(f"two benchmarks are named {name}")
        BENCHMARKS[name] = (title, function)
        return function

    return add_benchmark
