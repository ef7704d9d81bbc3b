"""The sweep of sizes: growth beyond the limits is a failure, and finished stages are kept."""

from __future__ import annotations

import itertools
import shutil
import time
from collections.abc import Sequence
from pathlib import Path

import pytest

from benchmarks import measuring, report, steps, sweep
from benchmarks.registry import Figure, Setting
from benchmarks.sweep_stages import HOME_SIZES, STAGES


class Runs:
    """Replacement for the processes of the stages, which records them; their seconds and memory can be planted."""

    def __init__(self) -> None:
        self.names: list[str] = []
        self.seconds = {1: 10.0, 10: 90.0, 100: 800.0}
        self.peaks = {1: 500.0, 10: 900.0, 100: 6_000.0}
        self.failing = ""
        self.yardstick = 0.5

    def run_module(self, _module: str, stage: str, folder: str, times: str, **_options: object) -> measuring.Ran:
        assert Path(folder).is_dir()
        self.names.append(f"{stage} {times}")
        if stage == self.failing:
            raise measuring.CommandError("the stage failed")
        size = int(times)
        return measuring.Ran(2 * self.seconds[size], self.seconds[size], self.peaks[size], '{"returns": 302}')


@pytest.fixture
def runs(monkeypatch: pytest.MonkeyPatch) -> Runs:
    planted = Runs()
    monkeypatch.setattr(measuring, "run_module", planted.run_module)
    monkeypatch.setattr(sweep, "measure_yardstick", lambda: planted.yardstick)
    monkeypatch.setattr(report, "describe_machine", lambda: {"commit": "abc", "load": 1.0})
    return planted


def list_failed(figures: Sequence[Figure]) -> set[str]:
    return {figure.name for figure in figures if figure.is_failed}


def list_sweep(folder: Path, sizes: tuple[int, ...], work: Path | None = None) -> list[Figure]:
    return list(sweep.measure_sweep(Setting(folder, 1, (1,), sizes=sizes, work=work)))


def test_stages_of_the_sweep_can_be_run() -> None:
    assert list(STAGES) == [sweep.PREPARATION, *sweep.STAGES]
    assert Path(HOME_SIZES).stem not in STAGES, "the sweep would replace the sizes of the home with its figures"


def test_linear_growth_within_memory_passes(runs: Runs, tmp_path: Path) -> None:
    figures = list_sweep(tmp_path, (1, 10, 100))
    assert not list_failed(figures)
    by_name = {figure.name: figure for figure in figures}
    assert by_name["reading, processor, 1 ×"].ratio == 20
    assert by_name["reading, processor, 10 ×"].ratio == 0.9
    assert "exponent 0.95" in by_name["reading, processor, 10 ×"].note
    assert len(by_name) == len(figures) == 3 * 3 * len(sweep.STAGES)


def test_growth_above_linear_is_a_failure(runs: Runs, tmp_path: Path) -> None:
    runs.seconds[100] = 1_100.0
    assert list_failed(list_sweep(tmp_path, (1, 10, 100))) == {f"{stage}, processor, 100 ×" for stage in sweep.STAGES}


def test_slow_hour_is_no_growth_and_fast_hour_hides_none(runs: Runs, tmp_path: Path) -> None:
    list_sweep(tmp_path, (1, 10), tmp_path / "work")
    runs.seconds[100], runs.yardstick = 1_200.0, 0.75
    figures = {figure.name: figure for figure in list_sweep(tmp_path, (1, 10, 100), tmp_path / "work")}
    assert not list_failed(list(figures.values()))
    assert "exponent 0.95 in fixed tasks, 1.12 in seconds" in figures["reading, processor, 100 ×"].note
    shutil.rmtree(tmp_path / "work/times-100")
    runs.seconds[100], runs.yardstick = 800.0, 0.3
    assert list_failed(list_sweep(tmp_path, (1, 10, 100), tmp_path / "work")) == {
        f"{stage}, processor, 100 ×" for stage in sweep.STAGES
    }


def test_pace_is_the_median_of_the_fixed_task_during_the_stage(monkeypatch: pytest.MonkeyPatch) -> None:
    ran = itertools.count()
    monkeypatch.setattr(sweep, "measure_yardstick", lambda: float(next(ran)))
    monkeypatch.setattr(sweep, "PACE_SECONDS", 0.0)
    with sweep.Pace() as pace:
        while len(pace.seconds) < 4:
            time.sleep(0.001)
    assert pace.seconds == list(range(len(pace.seconds))), "one of them is missing or counts twice"
    assert pace.find_median() == (len(pace.seconds) - 1) / 2


def test_more_than_8_gb_are_a_failure(runs: Runs, tmp_path: Path) -> None:
    runs.peaks[100] = 7_700.0
    figures = list_sweep(tmp_path, (1, 10, 100))
    assert list_failed(figures) == {f"{stage}, peak memory, 100 ×" for stage in sweep.STAGES}


def test_interrupted_sweep_goes_on_with_the_stage_that_failed(runs: Runs, tmp_path: Path) -> None:
    runs.failing = "protecting"
    with pytest.raises(measuring.CommandError):
        list_sweep(tmp_path / "scratch", (1,), tmp_path / "work")
    assert runs.names == ["history 1", "reading 1", "validating 1", "modelling 1", "protecting 1"]
    runs.names, runs.failing = [], ""
    first = list_sweep(tmp_path / "scratch", (1,), tmp_path / "work")
    assert runs.names == ["protecting 1", "publishing 1", "querying 1"]
    runs.names = []
    assert list_sweep(tmp_path / "scratch", (1,), tmp_path / "work") == first
    assert not runs.names


def test_step_that_takes_more_than_a_fifth_longer_is_a_failure() -> None:
    # Of two runs the least seconds count: the home that comes first pays for what the process does once.
    runs = [
        {1: {"counts": 12.0, "gather": 0.2}, 10: {"counts": 11.9, "gather": 0.4}},
        {1: {"counts": 10.0, "gather": 0.2}, 10: {"counts": 13.0, "gather": 0.4}},
    ]
    assert not list_failed(list(steps.compare_steps(runs)))
    runs[0][10]["counts"] = 12.1
    assert list_failed(list(steps.compare_steps(runs))) == {"counts, processor"}
