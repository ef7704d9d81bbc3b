"""Tests of `rti notices` and `rti timetable` on a small home."""

from __future__ import annotations

import json
from pathlib import Path

import icalendar
import pytest

from pipelines.cli.main import main
from pipelines.core.home import initialise_home
from pipelines.ledger.identity import SYSTEM, Grant
from pipelines.ledger.opening import open_ledger
from pipelines.submissions.accounts import accounts


@pytest.fixture(autouse=True)
def _setting(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setenv("RTI_HOME", str(tmp_path / "home"))
    monkeypatch.setenv("RTI_NOW", "2026-11-11T06:00:00Z")
    for name in ("RTI_SMTP_URL", "RTI_WEBHOOK_URL", "RTI_MAIL_FROM", "RTI_ACTOR", "RTI_LEDGER_URL"):
        monkeypatch.delenv(name, raising=False)


@pytest.fixture
def home(tmp_path: Path) -> Path:
    initialised = initialise_home(tmp_path / "home", "demonstration")
    accounts.create_account(
        open_ledger(initialised),
        "al-office",
        "Office",
        grants=[Grant("submitter", "AL")],
        email="al@example.org",
        by=SYSTEM,
    )
    return initialised.root


def _json(capsys: pytest.CaptureFixture[str], *arguments: str) -> tuple[int, object]:
    code = main([*arguments, "--json"])
    return code, json.loads(capsys.readouterr().out)


def test_reminder_is_sent_to_the_outbox(home: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert _json(capsys, "notices", "remind") == (0, {"reminded": 1})
    assert _json(capsys, "notices", "remind") == (0, {"reminded": 0})
    code, waiting = _json(capsys, "notices", "list", "--unsent")
    assert code == 0 and isinstance(waiting, list)
    assert [(n["account_id"], n["kind"], n["state"]) for n in waiting] == [("al-office", "reminder", "waiting")]
    assert _json(capsys, "notices", "send") == (
        0,
        {"sent": 1, "failed": 0, "given_up": 0, "ways": ["outbox"]},
    )
    assert len(list((home / "restricted" / "outbox").glob("*.eml"))) == 1
    assert _json(capsys, "notices", "list", "--unsent") == (0, [])


def test_send_with_unsent_notices_exits_with_1(
    home: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("RTI_SMTP_URL", "smtp://127.0.0.1:1?tls=no")
    assert main(["notices", "remind"]) == 0
    assert main(["notices", "send"]) == 1
    assert "1 to be tried again" in capsys.readouterr().out
    assert main(["notices", "list"]) == 0
    assert "refused" in capsys.readouterr().out


def test_send_reports_a_wrong_setting(
    home: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("RTI_SMTP_URL", "mail.example.org")
    assert main(["notices", "send"]) == 3
    assert "write smtp://" in capsys.readouterr().err


def test_timetable_works_without_a_home_and_writes_a_calendar(
    capsys: pytest.CaptureFixture[str], tmp_path: Path
) -> None:
    file = tmp_path / "days.ics"
    code, days = _json(capsys, "timetable", "--jurisdiction", "AL", "--ics", str(file))
    assert code == 0 and isinstance(days, list)
    due = [(d["instrument"], d["period"], d["collection"], d["queries"], d["release"]) for d in days]
    assert due == [
        (instrument, *days)
        for days in (
            ("2026-Q3", "2026-11-14", "2026-11-29", "2026-12-14"),
            ("2026-Q4", "2027-02-14", "2027-03-01", "2027-03-16"),
        )
        for instrument in ("cooperation", "justice", "victims")
    ] + [("requests", "2026", "2027-03-31", "2027-04-25", "2027-05-10")]
    parsed = icalendar.Calendar.from_ical(file.read_bytes())
    assert len(list(parsed.walk("VEVENT"))) == 21
    assert all("Demonstration" not in str(e["SUMMARY"]) for e in parsed.walk("VEVENT"))


def test_calendar_of_a_demonstration_is_marked(home: Path, tmp_path: Path) -> None:
    file = tmp_path / "days.ics"
    assert main(["timetable", "--ics", str(file)]) == 0
    events = list(icalendar.Calendar.from_ical(file.read_bytes()).walk("VEVENT"))
    assert events and all("Demonstration" in str(e["SUMMARY"]) for e in events)


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (("--jurisdiction", "QQ"), "no jurisdiction is named QQ"),
        (("--today", "11.11.2026"), "is not a day"),
    ],
)
def test_timetable_with_wrong_arguments_exits_with_3(
    capsys: pytest.CaptureFixture[str], arguments: tuple[str, ...], message: str
) -> None:
    assert main(["timetable", *arguments]) == 3
    assert message in capsys.readouterr().err


def test_timetable_reports_an_unwritable_file(capsys: pytest.CaptureFixture[str], tmp_path: Path) -> None:
    assert main(["timetable", "--ics", str(tmp_path / "no" / "folder.ics")]) == 2
    assert "cannot be written" in capsys.readouterr().err
