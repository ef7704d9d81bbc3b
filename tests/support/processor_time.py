"""Print the processor time of each test file, and of each fixture that files share (`--processor-time`).

The time of child processes is counted with the file whose tests run, also that of servers and browsers that go on
running afterwards. A line also shows how long the worker waited.
"""

from __future__ import annotations

import os
import time
from collections import defaultdict
from collections.abc import Generator, Mapping
from typing import TYPE_CHECKING

import pytest

from tests.support.processes import measure_descendants

if TYPE_CHECKING:
    from xdist.workermanage import WorkerController

_START = "(start and collection)"
_NEGLIGIBLE = 0.05
_COLUMNS = ("processor", "elapsed")


class ProcessorTimePlugin:
    """Add up processor and elapsed seconds by file and by shared fixture, in each worker and over all workers."""

    def __init__(self) -> None:
        self.files: dict[str, list[float]] = defaultdict(lambda: [0.0, 0.0])
        self.fixtures: dict[str, list[float]] = defaultdict(lambda: [0.0, 0.0])
        self._last = (0.0, _measure()[1])
        self._file = _START
        self._open_fixtures: list[list[float]] = []

    def _add_since_last(self) -> None:
        now = _measure()
        # A browser that ends without being waited for takes its seconds with it: 237 of them at the end of a run.
        spent = max(0.0, now[0] - self._last[0])
        _add(self.files[self._file], (spent, now[1] - self._last[1]))
        self._last = now

    @pytest.hookimpl(tryfirst=True)
    def pytest_runtest_protocol(self, item: pytest.Item) -> None:
        """Count the time up to the first test of another file for the file before."""
        file = item.nodeid.partition("::")[0]
        if file != self._file:
            self._add_since_last()
            self._file = file

    @pytest.hookimpl(wrapper=True)
    def pytest_fixture_setup(self, fixturedef: pytest.FixtureDef[object]) -> Generator[None, object, object]:
        """Count the setup of a fixture of a file or session, without the fixtures that are set up within it."""
        if fixturedef.scope == "function":
            return (yield)
        before, inner = _measure(), [0.0, 0.0]
        self._open_fixtures.append(inner)
        try:
            return (yield)
        finally:
            now = _measure()
            self._open_fixtures.pop()
            whole = (now[0] - before[0], now[1] - before[1])
            difference = (whole[0] - inner[0], whole[1] - inner[1])
            _add(self.fixtures[f"{fixturedef.baseid}::{fixturedef.argname}"], difference)
            if self._open_fixtures:
                _add(self._open_fixtures[-1], whole)

    @pytest.hookimpl(trylast=True)
    def pytest_sessionfinish(self, session: pytest.Session) -> None:
        """Hand the sums of a worker to the controlling process, whose own time is not counted."""
        output = getattr(session.config, "workeroutput", None)
        if output is not None or session.config.getoption("dist", "no") == "no":
            self._add_since_last()
        if output is not None:
            output["processor_time"] = {"files": dict(self.files), "fixtures": dict(self.fixtures)}

    @pytest.hookimpl(optionalhook=True)
    def pytest_testnodedown(self, node: WorkerController) -> None:
        """Add the sums of a worker that ended."""
        sums: Mapping[str, Mapping[str, list[float]]] = getattr(node, "workeroutput", {}).get("processor_time", {})
        for name, totals in (("files", self.files), ("fixtures", self.fixtures)):
            for key, (processor, elapsed) in sums.get(name, {}).items():
                _add(totals[key], (processor, elapsed))

    def pytest_terminal_summary(self, terminalreporter: pytest.TerminalReporter) -> None:
        """Print both tables, the most expensive first."""
        for title, sums in (("file", self.files), ("shared fixture", self.fixtures)):
            terminalreporter.section(f"processor time by {title} (seconds)")
            terminalreporter.write_line(f"{_COLUMNS[0]:>10} {_COLUMNS[1]:>10}")
            for key, (processor, elapsed) in sorted(sums.items(), key=lambda entry: -entry[1][0]):
                if processor >= _NEGLIGIBLE or elapsed >= _NEGLIGIBLE:
                    terminalreporter.write_line(f"{processor:10.1f} {elapsed:10.1f}  {key}")
            total = [sum(column) for column in zip(*sums.values(), strict=True)] or [0.0, 0.0]
            terminalreporter.write_line(f"{total[0]:10.1f} {total[1]:10.1f}  sum")


def _measure() -> tuple[float, float]:
    """Return the processor seconds of this process, its children and theirs, ended or not, and a moment in seconds."""
    times = os.times()
    seconds = times.user + times.system + times.children_user + times.children_system
    return seconds + measure_descendants(os.getpid()), time.monotonic()


def _add(sums: list[float], more: tuple[float, float]) -> None:
    sums[0] += more[0]
    sums[1] += more[1]
