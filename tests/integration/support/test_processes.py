"""Tests that the processes of a process are found and measured at each depth, also without lists of children."""

from __future__ import annotations

import os
import subprocess
import sys

import pytest

from pipelines.core.processes import list_descendants
from tests.support import processes
from tests.support.processes import list_children, measure_descendants


def test_list_descendants_finds_children_and_their_children() -> None:
    # The outer shell waits for the inner one, which waits until its input is closed.
    command = ["sh", "-c", "sh -c 'read line; :' ; :"]
    with subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE) as outer:
        while not (inner := list_children(outer.pid)):
            assert outer.poll() is None
        assert outer.pid in list_children(os.getpid())
        assert list_descendants(outer.pid) == inner
        assert set(list_descendants(os.getpid())) >= {outer.pid, *inner}
    assert list_children(outer.pid) == []


def test_oldest_child_comes_first_whatever_its_number(monkeypatch: pytest.MonkeyPatch) -> None:
    # The kernel gave 4855 to a child after it had given 32300 to an older one.
    with (
        subprocess.Popen(["cat"], stdin=subprocess.PIPE) as older,
        subprocess.Popen(["sh", "-c", "sleep 0.1; echo; cat"], stdin=subprocess.PIPE, stdout=subprocess.PIPE) as pause,
    ):
        assert pause.stdout is not None
        assert pause.stdout.readline() == b"\n"
        with subprocess.Popen(["cat"], stdin=subprocess.PIPE) as newer:
            for pids in ([newer.pid, older.pid], [older.pid, newer.pid]):
                monkeypatch.setattr(processes, "read_parents", lambda pids=pids: dict.fromkeys(pids, os.getpid()))
                assert list_children(os.getpid()) == [older.pid, newer.pid]


def test_measure_descendants_has_running_processes_and_those_that_they_ended() -> None:
    work = "import time\nwhile time.process_time() < 0.2: pass\n"
    inner = f"import subprocess, sys\nsubprocess.run([sys.executable, '-S', '-c', {work!r}], check=True)\n"
    command = [sys.executable, "-S", "-c", f"{work}{inner}print('done', flush=True)\ninput()"]
    before = measure_descendants(os.getpid())
    with subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE) as outer:
        assert outer.stdout is not None
        assert outer.stdout.readline() == b"done\n"
        assert 0.35 < measure_descendants(os.getpid()) - before < 2
    assert measure_descendants(outer.pid) == 0
