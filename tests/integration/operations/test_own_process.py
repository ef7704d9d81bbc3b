"""Tests of a process that runs next to this one: it is started again, and never outlives this one."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path

import pytest

from pipelines.operations.own_process import keep_running
from pipelines.operations.supervision import RestartPolicy
from tests.support.paths import ROOT

CHILD = """
import os, signal, sys, time
from pathlib import Path
from pipelines.operations.own_process import end_with_parent
signal.signal(signal.SIGTERM, signal.SIG_IGN if "ignoring" in sys.argv else signal.SIG_DFL)
if sys.argv[-1] != "none":
    end_with_parent(0.05)
Path(sys.argv[1]).write_text(str(os.getpid()))
time.sleep(120)
"""
PARENT = """
import sys, time
from pathlib import Path
from pipelines.operations.own_process import keep_running
with keep_running("child", [sys.executable, "-c", Path(sys.argv[1]).read_text(), *sys.argv[2:]], cwd=Path.cwd()):
    time.sleep(120)
"""
ENDING = """
import atexit, sys
from pipelines.operations.own_process import run_and_end
class Loud:
    def __del__(self):
        print("freed")
kept = Loud()
atexit.register(print, "at exit")
def main():
    print("main")
    exec(sys.argv[1])
run_and_end(main)
"""
LONGEST = 60.0


def wait_for(condition: Callable[[], bool]) -> None:
    began = time.monotonic()
    while not condition():
        assert time.monotonic() - began < LONGEST
        time.sleep(0.05)


def read_pid(file: Path) -> int:
    """Wait until a child has written its process id, and return it."""
    wait_for(lambda: file.is_file() and file.read_text().isdigit())
    return int(file.read_text())


def is_running(pid: int) -> bool:
    try:
        return "Z" not in Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0]
    except FileNotFoundError:
        return False


def test_keep_running_starts_killed_process_again_and_ends_it(tmp_path: Path) -> None:
    file = tmp_path / "pid"
    command = [sys.executable, "-c", CHILD, str(file)]
    with keep_running("child", command, cwd=ROOT, policy=RestartPolicy(first=0.1)):
        killed = read_pid(file)
        file.unlink()
        os.kill(killed, signal.SIGKILL)
        started = read_pid(file)
        assert started != killed and is_running(started)
    assert not is_running(started)


def test_child_ends_only_with_watch_when_its_parent_is_killed(tmp_path: Path) -> None:
    script = tmp_path / "child.py"
    script.write_text(CHILD, encoding="utf-8")
    pids = {}
    for mode in ("watch", "ignoring", "none"):
        file = tmp_path / mode
        parent = subprocess.Popen([sys.executable, "-c", PARENT, str(script), str(file), mode], cwd=ROOT)
        pids[mode] = read_pid(file)
        parent.kill()
        parent.wait()
    wait_for(lambda: not is_running(pids["watch"]) and not is_running(pids["ignoring"]))
    assert is_running(pids["none"])
    os.kill(pids["none"], signal.SIGKILL)


@pytest.mark.parametrize(
    ("code", "status", "error", "is_freed"),
    [
        ("pass", 0, "", False),
        ("sys.exit(3)", 3, "", False),
        ("sys.exit('no socket')", 1, "no socket", False),
        ("raise ValueError('x')", 1, "ValueError: x", True),
    ],
)
def test_run_and_end_frees_no_object_unless_the_process_fails(
    code: str, status: int, error: str, is_freed: bool
) -> None:
    result = subprocess.run(
        [sys.executable, "-c", ENDING, code], cwd=ROOT, capture_output=True, text=True, timeout=LONGEST, check=False
    )
    assert result.returncode == status
    assert result.stdout.split("\n")[:-1] == ["main", "at exit", *(["freed"] if is_freed else [])]
    assert result.stderr.strip().split("\n")[-1] == error
