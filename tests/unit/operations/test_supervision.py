"""The supervisor, with a clock and processes of the test."""

from __future__ import annotations

import signal
from collections.abc import Callable
from pathlib import Path

import pytest

from pipelines.operations.supervision import RestartPolicy, SupervisionError, Supervisor, rotate_log

POLICY = RestartPolicy(first=1, cap=8, stable_after=100, attempts=5)


class FakeProcess:
    def __init__(self) -> None:
        self.code: int | None = None

    def poll(self) -> int | None:
        return self.code

    def terminate(self) -> None:
        self.code = -signal.SIGTERM

    def kill(self) -> None:
        if self.code is None:
            self.code = -signal.SIGKILL


class World:
    """Two services under a supervisor, with a clock that advances only when it is set."""

    def __init__(self) -> None:
        self.now = 0.0
        self.started: dict[str, list[FakeProcess]] = {"pages": [], "ui": []}
        self.said: list[str] = []
        self.fails_to_start = False
        self.supervisor = Supervisor(
            {name: self._starter(name) for name in self.started},
            log=self.said.append,
            policy=POLICY,
            monotonic=lambda: self.now,
        )
        for name in self.started:
            self.supervisor.start_process(name)

    def _starter(self, name: str) -> Callable[[], FakeProcess]:
        def start_process() -> FakeProcess:
            if self.fails_to_start:
                raise OSError("no memory")
            self.started[name].append(FakeProcess())
            return self.started[name][-1]

        return start_process

    def end_process(self, name: str, code: int = -signal.SIGKILL) -> None:
        self.started[name][-1].code = code
        self.supervisor.check_processes()

    def pass_time(self, seconds: float) -> None:
        self.now += seconds
        self.supervisor.check_processes()


def test_check_restarts_only_the_process_that_ended() -> None:
    world = World()
    world.end_process("ui")
    assert "SIGKILL" in world.said[-1] and "ui" in world.said[-1]
    world.pass_time(0.9)
    assert len(world.started["ui"]) == 1
    world.pass_time(0.2)
    assert [len(world.started[name]) for name in ("pages", "ui")] == [1, 2]
    assert world.started["pages"][0].code is None


def test_check_doubles_the_pause_up_to_the_cap_then_gives_up_and_keeps_the_others() -> None:
    world = World()
    pauses = []
    for _ in range(POLICY.attempts - 1):
        world.end_process("ui", 1)
        began, starts = world.now, len(world.started["ui"])
        while len(world.started["ui"]) == starts:
            world.pass_time(0.5)
        pauses.append(world.now - began)
    assert pauses == [1, 2, 4, 8]
    world.end_process("ui", 1)
    assert "not restarted" in world.said[-1]
    starts = len(world.started["ui"])
    world.pass_time(10_000)
    assert len(world.started["ui"]) == starts
    world.end_process("pages")
    world.pass_time(1)
    assert len(world.started["pages"]) == 2


def test_check_forgets_failures_after_a_stable_period() -> None:
    world = World()
    for _ in range(3 * POLICY.attempts):
        world.end_process("ui")
        world.pass_time(1)
        world.pass_time(POLICY.stable_after)
    assert len(world.started["ui"]) == 3 * POLICY.attempts + 1


def test_check_counts_a_failed_start_and_raises_when_nothing_is_left() -> None:
    world = World()
    world.fails_to_start = True
    world.end_process("ui")
    world.end_process("pages")
    with pytest.raises(SupervisionError, match="ui"):
        for _ in range(200):
            world.pass_time(1)
    assert any("no memory" in text for text in world.said)


def test_stop_asks_first_and_ends_everything() -> None:
    world = World()
    world.supervisor.stop_processes()
    assert [processes[0].code for processes in world.started.values()] == [-signal.SIGTERM] * 2
    assert not world.said


def test_stop_kills_and_names_the_process_that_does_not_end(monkeypatch: pytest.MonkeyPatch) -> None:
    world = World()
    monkeypatch.setattr(world.started["ui"][0], "terminate", lambda: None)
    world.supervisor.stop_processes(grace=0)
    assert [processes[0].code for processes in world.started.values()] == [-signal.SIGTERM, -signal.SIGKILL]
    assert world.said == ["the ui did not end within 0 s and is killed"]


def test_rotate_log_keeps_the_newest_and_the_open_writer(tmp_path: Path) -> None:
    log = tmp_path / "ui.log"
    with log.open("ab", buffering=0) as writer:
        for number in range(6):
            writer.write(f"{number}".encode() * 10)
            assert rotate_log(log, max_bytes=10, keep=3)
            assert not rotate_log(log, max_bytes=10, keep=3)
        writer.write(b"now")
    assert log.read_bytes() == b"now"
    assert {path.name: path.read_bytes()[:1] for path in tmp_path.iterdir() if path != log} == {
        "ui.log.1": b"5",
        "ui.log.2": b"4",
        "ui.log.3": b"3",
    }
