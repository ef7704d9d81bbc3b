"""Kept ratios of figures to their floors, and the comparison of a run with them.

Seconds depend on the machine and on what else it does. A ratio to a floor that was measured in the same run depends on
them much less, so ratios are kept in the repository and a run on any machine is compared with them.
"""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final

from benchmarks.measuring import ROOT
from benchmarks.registry import Figure

FILE: Final = ROOT / "benchmarks" / "ratios.json"
MOST_SLOWER: Final = 0.2
"""The share by which a ratio may be greater than the kept one."""
SHORTEST_FLOOR: Final = 0.02
"""Seconds of the shortest floor whose ratio is compared: shorter ones differ by more than a fifth from run to run."""
_SECONDS: Final = {"s": 1.0, "ms": 0.001}
Ratios = dict[str, dict[str, float]]
"""The ratio of each figure, by benchmark and name."""


@dataclass(frozen=True, slots=True)
class Regression:
    """A figure whose ratio to its floor is more than a fifth greater than the kept one."""

    benchmark: str
    figure: str
    ratio: float
    kept_ratio: float

    def describe_regression(self) -> str:
        """Return a line for people."""
        slower = self.ratio / self.kept_ratio - 1
        name = f"{self.benchmark}: {self.figure}"
        return f"{name}: {self.ratio:.2f} times its floor, kept {self.kept_ratio:.2f} (+{slower:.0%})"


@dataclass(frozen=True, slots=True)
class Comparison:
    """A run against the kept ratios; the names of figures are those of the benchmark, a colon and the figure."""

    regressions: tuple[Regression, ...]
    not_kept: tuple[str, ...]
    """Figures of this run that have no kept ratio."""
    not_measured: tuple[str, ...]
    """Figures with a kept ratio that a benchmark of this run did not give, as with `--quick`."""

    def describe_comparison(self) -> str:
        """Return the comparison as lines for people."""
        lines = (
            [f"slower than kept by more than {MOST_SLOWER:.0%}:"] if self.regressions else ["no kept ratio is worse"]
        )
        lines += [f"  {regression.describe_regression()}" for regression in self.regressions]
        if self.not_kept:
            lines.append(f"without a kept ratio (renew with --keep): {'; '.join(self.not_kept)}")
        if self.not_measured:
            lines.append(f"kept, but not measured in this run: {'; '.join(self.not_measured)}")
        return "\n".join(lines)


def list_ratios(results: Mapping[str, Sequence[Figure]]) -> Ratios:
    """Return the ratios of a run; figures without a floor, or with a very short one, have none.

    Raises ValueError if two figures of a benchmark have one name: only one ratio could be kept.
    """
    measured: Ratios = {}
    for name, figures in results.items():
        measured[name] = {}
        for figure in figures:
            if figure.ratio is None or _is_too_short(figure):
                continue
            if figure.name in measured[name]:
                raise ValueError(f"two figures of {name} are named {figure.name}")
            measured[name][figure.name] = figure.ratio
    return measured


def _is_too_short(figure: Figure) -> bool:
    return figure.unit in _SECONDS and (figure.floor or 0) * _SECONDS[figure.unit] < SHORTEST_FLOOR


def compare_ratios(measured: Ratios, kept: Ratios) -> Comparison:
    """Compare the ratios of the benchmarks that ran with the kept ones."""
    regressions = tuple(
        Regression(name, figure, ratio, kept[name][figure])
        for name, figures in measured.items()
        for figure, ratio in figures.items()
        if figure in kept.get(name, {}) and ratio > kept[name][figure] * (1 + MOST_SLOWER)
    )
    return Comparison(regressions, _list_missing(measured, kept), _list_missing(_restrict(kept, measured), measured))


def read_kept_ratios() -> Ratios:
    """Return the kept ratios, empty without a file. Raises ValueError if `--keep` has not written the file."""
    if not FILE.is_file():
        return {}
    try:
        benchmarks = json.loads(FILE.read_text(encoding="utf-8"))["benchmarks"]
        return {
            name: {figure: float(ratio) for figure, ratio in entry["ratios"].items()}
            for name, entry in benchmarks.items()
        }
    except (KeyError, TypeError, AttributeError, ValueError) as error:
        raise ValueError(f"{FILE} cannot be read ({error}); restore it, or write it again with --keep") from None


def keep_ratios(measured: Ratios, date: str, machine: Mapping[str, Any]) -> None:
    """Replace the kept ratios of the benchmarks that ran, with date, commit and load; others stay as they are."""
    content = json.loads(FILE.read_text(encoding="utf-8")) if FILE.is_file() else {"benchmarks": {}}
    origin = {"date": date, **{key: machine.get(key) for key in ("commit", "load", "cores")}}
    for name, figures in measured.items():
        if figures:
            rounded = {figure: round(ratio, 3) for figure, ratio in figures.items()}
            content["benchmarks"][name] = {"measured": origin, "ratios": rounded}
    FILE.write_text(json.dumps(content, indent=2, ensure_ascii=False, sort_keys=True) + "\n", encoding="utf-8")


def _list_missing(ratios: Ratios, elsewhere: Ratios) -> tuple[str, ...]:
    return tuple(
        f"{name}: {figure}"
        for name, figures in ratios.items()
        for figure in figures
        if figure not in elsewhere.get(name, {})
    )


def _restrict(ratios: Ratios, names: Mapping[str, object]) -> Ratios:
    return {name: figures for name, figures in ratios.items() if name in names}
