"""Commands on a disk that is full or read-only: what is wrong, what to do, and nothing lost."""

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
from tests.support.fakes.ledger_fakes import accepted, arrival, home_and_ledger
from tests.support.paths import SAMPLES

RETURN = SAMPLES / "HR" / "register" / "registar_2026_2tr.csv"


@pytest.fixture
def disk(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Path]:
    """A disk of 24 MB with a home on it, in which one return is accepted and one waits."""
    monkeypatch.delenv("RTI_LEDGER_URL", raising=False)
    monkeypatch.setenv("RTI_NOW", "2026-11-20T09:00:00Z")
    with disks.small_disk(tmp_path, 24 * 1024) as place:
        home, engine = home_and_ledger(place)
        accepted(home, engine, "accepted.csv", {("2025-Q4", "reported"): 3}, days=1)
        intake.record_arrival(engine, arrival("waiting.csv", 2))
        accounts.create_many(
            engine, [accounts.NewAccount("hr-register", "Register", (Grant("submitter", "HR"),))], by=SYSTEM
        )
        engine.dispose()
        monkeypatch.setenv("RTI_HOME", str(home.root))
        yield place


def _run(capsys: pytest.CaptureFixture[str], *command: str) -> tuple[int, str, str]:
    capsys.readouterr()
    code = main.main(list(command))
    told = capsys.readouterr()
    return code, told.out, told.err


def _home(disk: Path) -> Home:
    return open_home(disk / "home")


@pytest.mark.parametrize("kilobytes", [0, 40])
def test_a_command_that_writes_says_that_the_disk_is_full(
    disk: Path, kilobytes: int, capsys: pytest.CaptureFixture[str]
) -> None:
    disks.fill_disk(disk, leave=kilobytes)
    code, _, told = _run(capsys, "submit", str(RETURN), "--as", "hr-register")
    assert code == 3, told
    assert f"The disk holding {disk}/home" in told and "is full" in told and "kB free" in told
    assert "Free some space and run the command again. Nothing was lost." in told
    assert "Traceback" not in told and "fault of the program" not in told
    disks.empty_disk(disk)
    engine = open_ledger(_home(disk))
    assert [s.filename for s in queries.list_submissions(engine)] == ["accepted.csv", "waiting.csv"]
    assert verify_ledger(engine, home=_home(disk)).good
    engine.dispose()


def test_commands_that_read_work_on_a_full_disk(disk: Path, capsys: pytest.CaptureFixture[str]) -> None:
    disks.fill_disk(disk, leave=0)
    code, shown, told = _run(capsys, "status")
    assert (code, told) == (0, "")
    assert "accepted.csv" in shown and "waiting.csv" in shown
    code, shown, _ = _run(capsys, "store", "check")
    assert code == 1
    assert "waiting.csv" in shown  # these made-up returns have no stored bytes


def test_commands_that_read_work_on_a_read_only_disk(disk: Path, capsys: pytest.CaptureFixture[str]) -> None:
    disks.remount_disk(disk, "ro")
    code, shown, told = _run(capsys, "status")
    assert (code, told) == (0, "")
    assert "accepted.csv" in shown
    code, shown, _ = _run(capsys, "check", str(RETURN))
    assert code == 0
    assert "coverage.late" in shown
    for command in (("submit", str(RETURN), "--as", "office"), ("approve", "S", "--as", "chief"), ("init",)):
        code, _, told = _run(capsys, *command)
        assert code == 3, told
        assert f"The disk holding {disk}/home" in told and "is read-only" in told
        assert "Make it writable" in told
        assert "Traceback" not in told
    disks.remount_disk(disk, "rw")


def test_a_refresh_on_a_full_disk_says_so(disk: Path, capsys: pytest.CaptureFixture[str]) -> None:
    disks.fill_disk(disk, leave=0)
    code, _, told = _run(capsys, "refresh")
    assert code == 3, told
    assert "is full" in told.strip().splitlines()[-1]


def test_what_a_killed_writer_left_in_the_log_is_read_from_a_full_disk(disk: Path) -> None:
    """The write-ahead log holds a commit that is not in the main file yet, and no index file is there."""
    home = _home(disk)
    path = sqlite_path(home.ledger_url)
    assert path is not None
    engine = open_ledger(home)
    intake.record_arrival(engine, arrival("in the log.csv", 3))
    wal = path.with_name(f"{path.name}-wal")
    main, log = path.read_bytes(), wal.read_bytes()
    assert log
    engine.dispose()
    for left in path.parent.glob("ledger.sqlite*"):
        left.unlink()
    path.write_bytes(main)
    wal.write_bytes(log)
    disks.fill_disk(disk, leave=0)
    reading = open_ledger_to_read(home)
    assert [s.filename for s in queries.list_submissions(reading)][-1] == "in the log.csv"
    with pytest.raises(Exception, match="readonly"):
        intake.record_arrival(reading, arrival("late.csv", 4))
    reading.dispose()
    assert wal.read_bytes() == log
