"""The supervisor with real processes."""

from __future__ import annotations

import os
import signal
import sys
import time
from collections.abc import Callable
from pathlib import Path

import pytest

from pipelines.operations.supervision import RestartPolicy, SessionProcess, Supervisor

PARENT = """
import subprocess, sys, time
child = subprocess.Popen([sys.executable, "-c", "import time; time.sleep(120)"])
print(child.pid, flush=True)
time.sleep(120)
"""


def wait_until(condition: Callable[[], bool]) -> None:
    began = time.monotonic()
    while not condition():
        assert time.monotonic() - began < 20
        time.sleep(0.02)


def is_running(pid: int) -> bool:
    try:
        state = Path(f"/proc/{pid}/stat").read_text(encoding="ascii").rpartition(")")[2].split()[0]
    except FileNotFoundError:
        return False
    return state != "Z"


@pytest.mark.sampled(turn=1)
@pytest.mark.skipif(not Path("/proc/self/stat").exists(), reason="reads the state of processes from /proc")
def test_supervisor_kill_9_restarts_one_process_without_orphans(tmp_path: Path) -> None:
    logs = {name: tmp_path / f"{name}.log" for name in ("one", "two")}
    started: dict[str, list[SessionProcess]] = {name: [] for name in logs}

    def build_starter(name: str) -> Callable[[], SessionProcess]:
        def start_process() -> SessionProcess:
            command = [sys.executable, "-c", PARENT]
            started[name].append(SessionProcess(command, cwd=tmp_path, environment=os.environ, log=logs[name]))
            return started[name][-1]

        return start_process

    def list_children(name: str) -> list[int]:
        return [int(line) for line in logs[name].read_text(encoding="ascii").split()]

    supervisor = Supervisor(
        {name: build_starter(name) for name in logs}, log=lambda _: None, policy=RestartPolicy(first=0.05)
    )
    try:
        for name in logs:
            supervisor.start_process(name)
        wait_until(lambda: all(len(list_children(name)) == 1 for name in logs))
        os.kill(started["one"][0].pid, signal.SIGKILL)

        def has_restarted() -> bool:
            supervisor.check_processes()
            return len(list_children("one")) == 2

        wait_until(has_restarted)
        assert not is_running(list_children("one")[0]), "the child of the killed process lives on"
        assert len(started["two"]) == 1 and is_running(started["two"][0].pid)
    finally:
        supervisor.stop_processes(grace=5)
    everything = [
        *list_children("one"),
        *list_children("two"),
        *(p.pid for processes in started.values() for p in processes),
    ]
    wait_until(lambda: not any(is_running(pid) for pid in everything))
