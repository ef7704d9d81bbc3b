"""Tests of the watch on processes that start."""

from __future__ import annotations

import subprocess
import sys
import time

import pytest

from tests.support.processes import StartWatch, read_processor_time

MOSTLY_SLEEPING = """
import time
while True:
    end = time.process_time() + 0.01
    while time.process_time() < end:
        pass
    time.sleep(0.1)
"""


@pytest.mark.sampled(turn=3)
@pytest.mark.parametrize("program", ["while True: pass", "import time; time.sleep(600)"])
def test_start_watch_ends_for_process_that_computes_or_sleeps_too_long(program: str) -> None:
    with subprocess.Popen([sys.executable, "-c", program]) as process:
        watch, patient = StartWatch(process.pid, 0.4), StartWatch(process.pid, 600)
        assert not watch.is_overdue()
        while not watch.is_overdue():
            time.sleep(0.02)
        assert not patient.is_overdue()
        process.kill()


@pytest.mark.sampled(turn=3)
def test_start_watch_waits_for_process_that_gets_little_processor_time() -> None:
    """Let a process compute a tenth of the time: it is not overdue when more time than its limit has passed."""
    with subprocess.Popen([sys.executable, "-c", MOSTLY_SLEEPING]) as process:
        watch, began = StartWatch(process.pid, 1.0), time.monotonic()
        while time.monotonic() - began < 1.5:
            assert not watch.is_overdue()
            time.sleep(0.05)
        assert 0 < read_processor_time(process.pid) < 1.0
        process.kill()
