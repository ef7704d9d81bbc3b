"""The table of processor time counts each second once, for the file or the fixture in which it was spent."""

from __future__ import annotations

from types import SimpleNamespace
from typing import Any

import pytest

from tests.support import processor_time
from tests.support.processor_time import ProcessorTimePlugin


class _FakeTime:
    """A processor that spends what the test says, in twice the elapsed time."""

    def __init__(self) -> None:
        self.processor = 0.0

    def spend_seconds(self, seconds: float) -> None:
        self.processor += seconds

    def measure_time(self) -> tuple[float, float]:
        return self.processor, 2 * self.processor


@pytest.fixture
def fake_time(monkeypatch: pytest.MonkeyPatch) -> _FakeTime:
    fake = _FakeTime()
    monkeypatch.setattr(processor_time, "_measure", fake.measure_time)
    return fake


def _run_hook(plugin: ProcessorTimePlugin, hook: str, subject: Any, body: Any) -> None:
    """Run a wrapper of the plugin around `body`, as pluggy does."""
    steps = getattr(plugin, hook)(subject)
    next(steps)
    body()
    with pytest.raises(StopIteration):
        steps.send(None)


def _make_fixture(name: str, scope: str = "session") -> SimpleNamespace:
    return SimpleNamespace(scope=scope, baseid="tests", argname=name)


def test_time_counts_for_the_file_whose_tests_began_last(fake_time: _FakeTime) -> None:
    plugin, output = ProcessorTimePlugin(), dict[str, Any]()
    fake_time.spend_seconds(3)
    for name, seconds in (("a.py::x", 1), ("a.py::y", 4), ("b.py::z", 2), ("a.py::v", 8)):
        plugin.pytest_runtest_protocol(SimpleNamespace(nodeid=name))  # type: ignore[arg-type]
        fake_time.spend_seconds(seconds)
    plugin.pytest_sessionfinish(SimpleNamespace(config=SimpleNamespace(workeroutput=output)))  # type: ignore[arg-type]
    assert output["processor_time"]["files"] == {"(start and collection)": [3, 6], "a.py": [13, 26], "b.py": [2, 4]}


def test_end_of_a_process_that_nobody_waits_for_takes_no_time_back(fake_time: _FakeTime) -> None:
    plugin = ProcessorTimePlugin()
    for name, seconds in (("a.py::x", 5), ("b.py::y", -4), ("c.py::z", 2)):
        plugin.pytest_runtest_protocol(SimpleNamespace(nodeid=name))  # type: ignore[arg-type]
        fake_time.spend_seconds(seconds)
    plugin.pytest_runtest_protocol(SimpleNamespace(nodeid="d.py::w"))  # type: ignore[arg-type]
    assert [plugin.files[name][0] for name in ("a.py", "b.py", "c.py")] == [5, 0, 2]


def test_fixture_is_counted_without_the_fixtures_that_are_set_up_within_it(fake_time: _FakeTime) -> None:
    plugin = ProcessorTimePlugin()

    def set_up_outer() -> None:
        fake_time.spend_seconds(1)
        _run_hook(plugin, "pytest_fixture_setup", _make_fixture("inner"), lambda: fake_time.spend_seconds(5))

    _run_hook(plugin, "pytest_fixture_setup", _make_fixture("outer"), set_up_outer)
    _run_hook(plugin, "pytest_fixture_setup", _make_fixture("single", "function"), lambda: fake_time.spend_seconds(9))
    assert plugin.fixtures == {"tests::outer": [1, 2], "tests::inner": [5, 10]}


def test_sums_of_all_workers_are_added(fake_time: _FakeTime) -> None:
    plugin = ProcessorTimePlugin()
    for seconds in (1.0, 2.0):
        sums = {"files": {"a.py": [seconds, 5.0]}, "fixtures": {}}
        plugin.pytest_testnodedown(SimpleNamespace(workeroutput={"processor_time": sums}))  # type: ignore[arg-type]
    plugin.pytest_testnodedown(SimpleNamespace())  # type: ignore[arg-type]
    assert plugin.files == {"a.py": [3.0, 10.0]}
