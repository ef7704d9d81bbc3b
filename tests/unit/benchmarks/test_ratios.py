"""Kept ratios of benchmarks: a planted regression is reported by name and exit code, on a machine of any speed."""

from __future__ import annotations

import json
import sys
from collections.abc import Callable, Iterator
from dataclasses import replace
from functools import partial
from pathlib import Path

import pytest

import benchmarks.__main__ as command
from benchmarks import ratios
from benchmarks.registry import BENCHMARKS, Figure, Setting


class Machine:
    """A benchmark of two figures; its seconds and those of its floors can be planted."""

    def __init__(self) -> None:
        self.seconds, self.floor, self.rate = 2.0, 1.0, 500.0

    def yield_figures(self, _setting: Setting) -> Iterator[Figure]:
        yield Figure("page", self.seconds, "s", self.floor)
        yield Figure("cells", self.rate, "cells/s", 1000.0 / self.floor)
        yield Figure("memory", 90.0, "MB")


@pytest.fixture
def machine(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Machine:
    planted = Machine()
    monkeypatch.setitem(BENCHMARKS, "planted", ("Planted", planted.yield_figures))
    monkeypatch.setattr(command, "ORDER", ("planted",))
    monkeypatch.setattr(ratios, "FILE", tmp_path / "ratios.json")
    for name in ("RTI_NOW", "RTI_HOME", "RTI_SAMPLES", "RTI_TERRITORIES"):
        monkeypatch.setenv(name, "")
    return planted


def yield_figure(figure: Figure, _setting: Setting) -> Iterator[Figure]:
    yield figure


def run(monkeypatch: pytest.MonkeyPatch, *arguments: str) -> int:
    monkeypatch.setattr(sys, "argv", ["benchmarks", "--only", "planted", *arguments])
    return command.main()


def test_regression_is_reported_with_its_name_and_exit_code(
    machine: Machine, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    assert run(monkeypatch, "--keep") == 0
    machine.seconds, machine.floor, machine.rate = 6.0, 3.0, 500.0 / 3
    assert run(monkeypatch) == 0, "a machine of a third of the speed has the same ratios"
    machine.seconds *= 1.19
    assert run(monkeypatch) == 0
    capsys.readouterr()
    machine.seconds *= 1.05
    assert run(monkeypatch) == 1
    output = capsys.readouterr().err
    assert "planted: page: 2.50 times its floor, kept 2.00 (+25%)" in output and "planted: cells" not in output
    machine.rate /= 1.3
    assert run(monkeypatch) == 1
    assert "planted: cells: 2.60 times its floor, kept 2.00 (+30%)" in capsys.readouterr().err, "rates too"
    assert run(monkeypatch, "--keep") == 0
    assert run(monkeypatch) == 0


def test_regression_of_21_percent_is_reported_for_every_benchmark(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    # Each benchmark is replaced with one that has a time and a rate; all ratios are kept and compared.
    monkeypatch.setattr(ratios, "FILE", tmp_path / "ratios.json")
    for name in ("RTI_NOW", "RTI_HOME", "RTI_SAMPLES", "RTI_TERRITORIES"):
        monkeypatch.setenv(name, "")
    slower = dict.fromkeys(BENCHMARKS, 1.0)

    def make_benchmark(name: str) -> Callable[[Setting], Iterator[Figure]]:
        def yield_figures(_setting: Setting) -> Iterator[Figure]:
            yield Figure("page", 3.0 * slower[name], "s", 1.0)
            yield Figure("cells", 500.0 / slower[name], "cells/s", 1000.0)

        return yield_figures

    for name, (title, _) in list(BENCHMARKS.items()):
        monkeypatch.setitem(BENCHMARKS, name, (title, make_benchmark(name)))
    monkeypatch.setattr(sys, "argv", ["benchmarks", "--keep"])
    assert command.main() == 0
    assert set(ratios.read_kept_ratios()) == set(BENCHMARKS) == set(command.ORDER)
    monkeypatch.setattr(sys, "argv", ["benchmarks"])
    for name in BENCHMARKS:
        slower[name] = 1.19
        assert command.main() == 0, name
        slower[name] = 1.21
        capsys.readouterr()
        assert command.main() == 1, name
        output = capsys.readouterr().err
        assert f"{name}: page: 3.63 times its floor, kept 3.00 (+21%)" in output
        assert f"{name}: cells: 2.42 times its floor, kept 2.00 (+21%)" in output
        slower[name] = 1.0


def test_ratios_to_a_very_short_floor_are_not_kept() -> None:
    figures = [Figure("brief", 9.0, "ms", 2.0), Figure("long", 90.0, "ms", 30.0), Figure("memory", 9.0, "MB", 0.01)]
    assert ratios.list_ratios({"a": figures}) == {"a": {"long": 3.0, "memory": 900.0}}


def test_two_figures_of_one_name_are_refused() -> None:
    with pytest.raises(ValueError, match="two figures of a are named page"):
        ratios.list_ratios({"a": [Figure("page", 2.0, "s", 1.0), Figure("page", 3.0, "s", 1.0)]})


def test_missed_required_target_ends_with_exit_code_1(
    machine: Machine, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    missed = Figure("step", 2.0, "s", target="≤ 1 s", reached=False)
    for figure, code in ((missed, 0), (replace(missed, required=True), 1), (replace(missed, reached=True), 0)):
        monkeypatch.setitem(BENCHMARKS, "planted", ("Planted", partial(yield_figure, figure)))
        assert run(monkeypatch) == code
        assert ("missed: step" in capsys.readouterr().err) == bool(code)


def test_kept_file_has_origin_and_leaves_other_benchmarks(
    machine: Machine, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    file = tmp_path / "ratios.json"
    unrelated = {"measured": {"date": "2026-01-01"}, "ratios": {"x": 1.0}}
    file.write_text(json.dumps({"benchmarks": {"other": unrelated}}), encoding="utf-8")
    assert run(monkeypatch, "--keep") == 0
    content = json.loads(file.read_text(encoding="utf-8"))["benchmarks"]
    assert content["other"] == unrelated
    assert content["planted"]["ratios"] == {"page": 2.0, "cells": 2.0}
    assert set(content["planted"]["measured"]) == {"date", "commit", "load", "cores"}


def test_figures_without_a_partner_are_named_and_no_fault() -> None:
    comparison = ratios.compare_ratios({"a": {"new": 9.0}}, {"a": {"gone": 1.0}, "not run": {"x": 1.0}})
    assert (comparison.regressions, comparison.not_kept, comparison.not_measured) == ((), ("a: new",), ("a: gone",))
    assert "a: new" in comparison.describe_comparison() and "a: gone" in comparison.describe_comparison()


def test_damaged_file_is_named_with_the_remedy(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(ratios, "FILE", tmp_path / "ratios.json")
    (tmp_path / "ratios.json").write_text("{}", encoding="utf-8")
    with pytest.raises(ValueError, match=r"ratios.json cannot be read .*--keep"):
        ratios.read_kept_ratios()


def test_kept_ratios_are_of_benchmarks_that_exist() -> None:
    kept_ratios = ratios.read_kept_ratios()
    assert kept_ratios and set(kept_ratios) <= set(BENCHMARKS)
