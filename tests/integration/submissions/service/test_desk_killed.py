"""Kill the process (SIGKILL) at every step of uploading and sending: nothing with a receipt is lost or partial."""

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
def test_kill_at_any_step_leaves_consistent_state(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, step: str, when: str
) -> None:
    desk_fakes.install_fakes(monkeypatch)
    root = desk_fakes.open_desk(tmp_path).home.root
    command = [sys.executable, "-m", "tests.support.fakes.desk_killed", str(root), step, when]
    process = subprocess.run(command, cwd=ROOT, capture_output=True, timeout=120, check=False)
    assert process.returncode == -signal.SIGKILL, process.stderr.decode()

    from pipelines.core.home import open_home

    home = open_home(root)
    desk = Desk(home, open_ledger(home), desk_fakes.REGISTRY)
    sender = get_identity(desk, SENDER)
    assert verify_ledger(desk.engine).faults == ()
    submissions = queries.list_submissions(desk.engine)
    assert [s.state for s in submissions] in ([], ["received"], ["checked"], ["sent"])
    for submission in submissions:
        assert store.get_bytes(home, submission.sha256) == DATA
        receipt = door.get_receipt(desk, sender, submission.submission_id)
        assert (receipt is not None) == (submission.state == "sent")
        if receipt is not None:
            assert receipts.verify_receipt(receipt.as_bytes(), file=DATA).outcome == "good"

    upload = door.upload_file(desk, sender, DATA, "a.csv")
    assert upload.submission_id is not None
    if upload.state == "checked":
        door.send_submission(desk, sender, upload.submission_id)
    door.approve_submission(desk, get_identity(desk, "qq-approver"), upload.submission_id)
    assert [s.state for s in queries.list_submissions(desk.engine)] == ["approved"]
    assert verify_ledger(desk.engine).faults == ()
