"""One seeded kill (SIGKILL) in each step from the check of a return to the switch of the current release."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest

from tests.kills.killing import STEPS, choose_steps
from tests.support.paths import ROOT


def test_two_hundred_kills_are_in_every_step_by_the_seed() -> None:
    steps = choose_steps(200, 1)
    assert len(steps) == 200 and {step: steps.count(step) for step in STEPS} == dict(STEPS)
    assert steps == choose_steps(200, 1) != choose_steps(200, 2)
    assert set(choose_steps(7, 3)) == set(STEPS)


@pytest.mark.slow
def test_kill_in_each_step_leaves_nothing_lost_or_half_done(tmp_path: Path) -> None:
    command = [sys.executable, "-m", "tests.kills", "--kills", "7", "--seed", "3", "--work", str(tmp_path)]
    ran = subprocess.run(
        command, cwd=ROOT, env=dict(os.environ), capture_output=True, text=True, timeout=1800, check=False
    )
    lines = (tmp_path / "kills-3.jsonl").read_text(encoding="utf-8").splitlines() if ran.stdout else []
    kills = [json.loads(line) for line in lines]
    assert ran.returncode == 0, ran.stdout[-2000:] + ran.stderr[-2000:]
    assert {kill["step"] for kill in kills} == set(STEPS)
    assert not [kill for kill in kills if kill["problem"]]
