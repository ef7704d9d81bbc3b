"""Tests of interrupted publications and a clock that was set back, with the real command on the built home."""

from __future__ import annotations

import json
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from pipelines.core.home import Home
from pipelines.ledger import queries
from pipelines.ledger.opening import open_ledger
from pipelines.publication.releases import signature
from pipelines.refresh import released_counts
from pipelines.refresh.counts import records_folder
from pipelines.warehouse import build_cache
from tests.support import small
from tests.support.demonstration import CLOCK
from tests.support.releases import publication_fixture as fixture

NEXT = "2026-Q3.1"
EARLIER = "2026-11-01T00:00:00Z"


@pytest.fixture
def drafted(copied_home: Home) -> Home:
    """The built home with a draft of the next edition: the same tables under another name.

    It has the key that signs releases, so that its copies sign with the same one.
    """
    signature.find_signing_key(copied_home)
    shutil.copytree(copied_home.releases / "2026-Q3", copied_home.drafts / NEXT)
    released_counts.record_audit(copied_home, copied_home.drafts / NEXT, {"disclosed": 0, "narrow": 0, "unknown": 0})
    build_cache.store_outcome(
        copied_home, "draft", "test", {"release": NEXT, "records": records_folder(copied_home).name}
    )
    return copied_home


def _kill(home: Home, step: str) -> None:
    process = subprocess.run(
        [sys.executable, "-m", "tests.support.releases.publication_killed"],
        cwd=small.ROOT, input=f"{home.root} named {step} before\n", capture_output=True, text=True, timeout=120,
        check=True,
    )  # fmt: skip
    assert process.stdout == "killed\n", process.stderr


@pytest.mark.sampled(turn=3)
def test_refresh_with_clock_set_back_keeps_draft_and_release(drafted: Home) -> None:
    before = fixture.read_state(drafted)
    for run_command, command in ((small.run_rti, "refresh"), (small.run_rti_here, "publish")):
        process = run_command(drafted.root, EARLIER, command)
        assert process.returncode == 3, process.stderr
        assert f"clock of this computer says {EARLIER}, but the audit log has an entry of {CLOCK}" in process.stderr
    assert fixture.read_state(drafted) == before


def test_submit_with_clock_set_back_is_refused(drafted: Home, tmp_path: Path) -> None:
    line = (small.RAW / "BA/justice/JT_BD_2026_1.csv").read_bytes()
    (path := tmp_path / "JT_BD_2026_1.csv").write_bytes(line + b"\n")
    before = queries.list_submissions(open_ledger(drafted))
    process = small.run_rti_here(drafted.root, EARLIER, "submit", str(path))
    assert process.returncode == 3, process.stdout
    assert "Set the clock right" in process.stderr
    assert queries.list_submissions(open_ledger(drafted)) == before


@pytest.mark.sampled(turn=3)
def test_publication_killed_before_the_ledger_is_reported_and_finished(drafted: Home, tmp_path: Path) -> None:
    uninterrupted = fixture.copy_home(drafted, tmp_path / "whole")
    assert fixture.publish_draft(uninterrupted) == NEXT
    expected = fixture.read_state(uninterrupted)
    marked = [
        event for event in queries.list_events(open_ledger(uninterrupted)) if event["payload"] == {"release": NEXT}
    ]
    assert len(marked) > 250
    _kill(drafted, "returns_marked")
    status = small.run_rti_here(drafted.root, CLOCK, "status", "--state", "sent")
    assert (status.returncode, f"publication of release {NEXT}" in status.stderr) == (1, True)
    verified = json.loads(small.run_rti_here(drafted.root, CLOCK, "audit", "verify", "--json").stdout)
    assert [NEXT in fault["message"] for fault in verified["faults"]] == [True]
    process = small.run_rti(drafted.root, CLOCK, "publish")
    assert (process.returncode, process.stdout) == (0, f"published {NEXT}\n"), process.stderr
    assert fixture.read_state(drafted) == expected
