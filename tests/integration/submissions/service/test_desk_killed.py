"""Killing the process (SIGKILL) at every step of handing in and sending: nothing receipted is lost, nothing is half."""

from __future__ import annotations

import signal
import subprocess
import sys
from pathlib import Path

import pytest

from pipelines.ledger import queries
from pipelines.ledger.opening import open_ledger
from pipelines.ledger.verification import verify_ledger
from pipelines.submissions import receipts, store
from pipelines.submissions import service as door
from pipelines.submissions.service import Desk
from tests.support.fakes import desk_fakes
from tests.support.fakes.desk_fakes import SENDER, get_identity
from tests.support.fakes.desk_killed import DATA, STEPS
from tests.support.paths import ROOT


@pytest.mark.slow
@pytest.mark.parametrize("when", ["before", "after"])
@pytest.mark.parametrize("step", list(STEPS))
def test_a_kill_at_any_step_leaves_one_state(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, step: str, when: str
) -> None:
    desk_fakes.install_fakes(monkeypatch)
    root = desk_fakes.open_desk(tmp_path).home.root
    command = [sys.executable, "-m", "tests.support.fakes.desk_killed", str(root), step, when]
    killed = subprocess.run(command, cwd=ROOT, capture_output=True, timeout=120, check=False)
    assert killed.returncode == -signal.SIGKILL, killed.stderr.decode()

    from pipelines.core.home import open_home

    home = open_home(root)
    desk = Desk(home, open_ledger(home), desk_fakes.REGISTRY)
    sender = get_identity(desk, SENDER)
    assert verify_ledger(desk.engine).faults == ()
    found = queries.list_submissions(desk.engine)
    assert [s.state for s in found] in ([], ["received"], ["checked"], ["sent"])
    for one in found:
        assert store.get_bytes(home, one.sha256) == DATA
        given = door.get_receipt(desk, sender, one.submission_id)
        assert (given is not None) == (one.state == "sent")
        if given is not None:
            assert receipts.verify_receipt(given.as_bytes(), file=DATA).outcome == "good"

    done = door.upload_file(desk, sender, DATA, "a.csv")
    assert done.submission_id is not None
    if done.state == "checked":
        door.send_submission(desk, sender, done.submission_id)
    door.approve_submission(desk, get_identity(desk, "qq-approver"), done.submission_id)
    assert [s.state for s in queries.list_submissions(desk.engine)] == ["approved"]
    assert verify_ledger(desk.engine).faults == ()
