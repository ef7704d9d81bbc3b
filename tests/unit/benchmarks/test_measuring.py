"""Measured commands: what the processes that they start cost."""

from __future__ import annotations

import sys

import pytest

from benchmarks import measuring

_WORK = "import time; end = time.process_time() + 0.6\nwhile time.process_time() < end: pass"
_WAITS = "subprocess.run([sys.executable, '-c', work])"
_LEAVES = "subprocess.Popen([sys.executable, '-c', work], start_new_session=True)"


@pytest.mark.skipif(sys.platform != "linux", reason="only Linux lets a process adopt orphans")
@pytest.mark.parametrize("start", [_WAITS, _LEAVES])
def test_processor_time_includes_that_of_processes_that_end_later(start: str) -> None:
    command = f"import subprocess, sys; work = {_WORK!r}; {start}"
    ran = measuring.run([sys.executable, "-c", command])
    assert ran.processor >= 0.6
