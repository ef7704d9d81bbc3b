"""Test two simultaneous refreshes of one home, ten times: one works, the other waits or reports the first."""

from __future__ import annotations

import os
import subprocess
import sys

import pytest

from pipelines.core.home import Home
from pipelines.ledger.opening import open_ledger
from pipelines.publication.releases.publish import find_current_release
from pipelines.refresh import integrity
from tests.support.demonstration import CLOCK
from tests.support.paths import ROOT

pytestmark = pytest.mark.slow
ROUNDS = 10


def test_two_refreshes_at_once_leave_the_home_intact(copied_home: Home) -> None:
    environment = {**os.environ, "RTI_HOME": str(copied_home.root), "RTI_NOW": CLOCK}
    command = [sys.executable, "-m", "pipelines.cli.main", "refresh"]
    before = find_current_release(copied_home)
    busy_reports = 0
    for _ in range(ROUNDS):
        running = [
            subprocess.Popen(
                command, cwd=ROOT, env=environment, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True
            )
            for _ in range(2)
        ]
        output = [process.communicate(timeout=300)[0] for process in running]
        statuses = [process.returncode for process in running]
        assert 0 in statuses, output
        for status, text in zip(statuses, output, strict=True):
            assert "Traceback" not in text
            if status:
                assert "is running" in text and "try again" in text, text
                busy_reports += 1
    engine = open_ledger(copied_home)
    assert not integrity.verify_records(copied_home, engine).faults
    engine.dispose()
    assert find_current_release(copied_home) == before
    print(f"\n{ROUNDS} times two at once: {busy_reports} reported a running refresh, the others completed")
