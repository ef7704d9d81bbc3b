"""Tests of commands on a full or read-only disk: they report the problem and the remedy, and lose nothing."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from pipelines.cli import main
from pipelines.core.home import Home, open_home
from pipelines.ledger import queries
from pipelines.ledger.database import sqlite_path
from pipelines.ledger.identity import SYSTEM, Grant
from pipelines.ledger.opening import open_ledger, open_ledger_to_read
from pipelines.ledger.verification import verify_ledger
from pipelines.submissions import intake
from pipelines.submissions.accounts import accounts
from tests.support import disks
from tests.support.fakes.ledger_fakes import home_and_ledger, make_accepted_submission, make_arrival
from tests.support.paths import SAMPLES

RETURN = SAMPLES / "HR" / "register" / "registar_2026_2tr.csv"


@pytest.fixture
def disk(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Path]:
    """A disk of 24 MB with a home on it, in which one return is accepted and one waits."""
    monkeypatch.delenv("RTI_LEDGER_URL", raising=False)
    monkeypatch.setenv("RTI_NOW", "2026-11-20T09:00:00Z")
    with disks.small_disk(tmp_path, 24 * 1024) as disk_root:
        home, engine = home_and_ledger(disk_root)
        make_accepted_submission(home, engine, "accepted.csv", {("2025-Q4", "reported"): 3}, days=1)
        intake.record_arrival(engine, make_arrival("waiting.csv", 2))
        accounts.create_many(
            engine, [accounts.NewAccount("hr-register", "Register", (Grant("submitter", "HR"),))], by=SYSTEM
        )
        engine.dispose()
        monkeypatch.setenv("RTI_HOME", str(home.root))
        yield disk_root


def _run(capsys: pytest.CaptureFixture[str], *command: str) -> tuple[int, str, str]:
    capsys.readouterr()
    code = main.main(list(command))
    captured = capsys.readouterr()
    return code, captured.out, captured.err


def _home(disk: Path) -> Home:
    return open_home(disk / "home")


@pytest.mark.parametrize("kilobytes", [0, 40])
def test_writing_command_reports_full_disk(disk: Path, kilobytes: int, capsys: pytest.CaptureFixture[str]) -> None:
    disks.fill_disk(disk, leave=kilobytes)
    code, _, error_output = _run(capsys, "submit", str(RETURN), "--as", "hr-register")
    assert code == 3, error_output
    assert f"The disk holding {disk}/home" in error_output and "is full" in error_output and "kB free" in error_output
    assert "Free some space and run the command again. Nothing was lost." in error_output
    assert "Traceback" not in error_output and "fault of the program" not in error_output
    disks.empty_disk(disk)
    engine = open_ledger(_home(disk))
    assert [s.filename for s in queries.list_submissions(engine)] == ["accepted.csv", "waiting.csv"]
    assert verify_ledger(engine, home=_home(disk)).good
    engine.dispose()


def test_reading_commands_work_on_a_full_disk(disk: Path, capsys: pytest.CaptureFixture[str]) -> None:
    disks.fill_disk(disk, leave=0)
    code, output, error_output = _run(capsys, "status")
    assert (code, error_output) == (0, "")
    assert "accepted.csv" in output and "waiting.csv" in output
    code, output, _ = _run(capsys, "store", "check")
    assert code == 1
    assert "waiting.csv" in output  # these invented returns have no stored bytes


def test_reading_commands_work_on_a_read_only_disk(disk: Path, capsys: pytest.CaptureFixture[str]) -> None:
    disks.remount_disk(disk, "ro")
    code, output, error_output = _run(capsys, "status")
    assert (code, error_output) == (0, "")
    assert "accepted.csv" in output
    code, output, _ = _run(capsys, "check", str(RETURN))
    assert code == 0
    assert "coverage.late" in output
    for command in (("submit", str(RETURN), "--as", "office"), ("approve", "S", "--as", "chief"), ("init",)):
        code, _, error_output = _run(capsys, *command)
        assert code == 3, error_output
        assert f"The disk holding {disk}/home" in error_output and "is read-only" in error_output
        assert "Make it writable" in error_output
        assert "Traceback" not in error_output
    disks.remount_disk(disk, "rw")


def test_refresh_reports_full_disk(disk: Path, capsys: pytest.CaptureFixture[str]) -> None:
    disks.fill_disk(disk, leave=0)
    code, _, error_output = _run(capsys, "refresh")
    assert code == 3, error_output
    assert "is full" in error_output.strip().splitlines()[-1]


def test_write_ahead_log_of_a_killed_writer_is_read_on_a_full_disk(disk: Path) -> None:
    """Read a write-ahead log with a commit that is not in the main file yet, without an index file."""
    home = _home(disk)
    path = sqlite_path(home.ledger_url)
    assert path is not None
    engine = open_ledger(home)
    intake.record_arrival(engine, make_arrival("in the log.csv", 3))
    wal = path.with_name(f"{path.name}-wal")
    main, log = path.read_bytes(), wal.read_bytes()
    assert log
    engine.dispose()
    for file in path.parent.glob("ledger.sqlite*"):
        file.unlink()
    path.write_bytes(main)
    wal.write_bytes(log)
    disks.fill_disk(disk, leave=0)
    reading = open_ledger_to_read(home)
    assert [s.filename for s in queries.list_submissions(reading)][-1] == "in the log.csv"
    with pytest.raises(Exception, match="readonly"):
        intake.record_arrival(reading, make_arrival("late.csv", 4))
    reading.dispose()
    assert wal.read_bytes() == log
