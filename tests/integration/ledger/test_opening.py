"""Opening a ledger: a home that had one never gets an empty one instead."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from pipelines.cli import main
from pipelines.core.home import Home, HomeError, initialise_home, open_home
from pipelines.ledger import facts
from pipelines.ledger.opening import LedgerMissingError, open_ledger, open_ledger_to_read
from pipelines.ledger.verification import verify_ledger
from pipelines.submissions import store
from tests.support.fakes.ledger_fakes import home_and_ledger, make_accepted_submission

pytestmark = pytest.mark.usefixtures("real_migrations")


@pytest.fixture
def home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Home:
    monkeypatch.delenv("RTI_LEDGER_URL", raising=False)
    created, engine = home_and_ledger(tmp_path)
    make_accepted_submission(created, engine, "q.csv", {("2025-Q4", "reported"): 3}, days=1)
    engine.dispose()
    monkeypatch.setenv("RTI_HOME", str(created.root))
    return created


def _ledger_path(home: Home) -> Path:
    return home.restricted / "ledger.sqlite"


def _remove_ledger(home: Home, how: str) -> None:
    for path in home.restricted.glob("ledger.sqlite*"):
        path.unlink()
    if how == "emptied":
        _ledger_path(home).touch()


@pytest.mark.parametrize("how", ["deleted", "emptied"])
@pytest.mark.parametrize("command", [["status"], ["init"], ["audit", "verify"], ["store", "check"], ["publish"]])
def test_command_with_lost_ledger_fails_and_creates_none(
    home: Home, how: str, command: list[str], capsys: pytest.CaptureFixture[str]
) -> None:
    _remove_ledger(home, how)
    assert main.main(command) == 3
    message = capsys.readouterr().err
    assert str(_ledger_path(home)) in message
    assert "restore it from a backup" in message
    assert "no submission yet" not in message
    assert (_ledger_path(home).stat().st_size if how == "emptied" else _ledger_path(home).exists()) == 0


def _write_checkpoint(home: Home) -> None:
    (home.restricted / "audit-checkpoints.jsonl").write_text("{}\n")


def _store_bytes(home: Home) -> None:
    store.put_bytes(home, b"a return")


def _write_facts(home: Home) -> None:
    from pipelines.model import long_tables

    facts.write_parquet(long_tables.empty_table(long_tables.OBSERVATION), facts.path_of(home, "observation", "S1"))


@pytest.mark.parametrize("trace", [_write_checkpoint, _store_bytes, _write_facts])
def test_open_ledger_of_earlier_home_without_ledger_raises(tmp_path: Path, trace: object) -> None:
    home = initialise_home(tmp_path / "home", "real")
    trace(home)  # type: ignore[operator]
    for open_function in (open_ledger, open_ledger_to_read):
        with pytest.raises(LedgerMissingError, match="this home had one"):
            open_function(home)
    assert not _ledger_path(home).exists()


def test_open_ledger_marks_home_of_earlier_version(home: Home) -> None:
    mark = home.root / "home.json"
    mark.write_text('{"kind": "demonstration", "layout": 1}\n', encoding="utf-8")
    open_ledger(home).dispose()
    assert json.loads(mark.read_text(encoding="utf-8")) == {"kind": "demonstration", "layout": 1, "ledger": True}


def test_open_ledger_of_new_home_creates_it(tmp_path: Path) -> None:
    home = initialise_home(tmp_path / "home", "real")
    engine = open_ledger(home)
    assert verify_ledger(engine, home=home).entries == 0
    engine.dispose()
    assert json.loads((home.root / "home.json").read_text(encoding="utf-8"))["ledger"] is True


@pytest.mark.parametrize("content", ["", "{", "[]", '"x"'])
def test_damaged_home_file_is_reported_with_its_repair(
    home: Home, content: str, capsys: pytest.CaptureFixture[str]
) -> None:
    (home.root / "home.json").write_text(content, encoding="utf-8")
    with pytest.raises(HomeError, match="empty or damaged"):
        open_home(home.root)
    assert main.main(["status"]) == 3
    message = capsys.readouterr().err
    assert str(home.root / "home.json") in message
    assert '{"kind": "demonstration", "layout": 1, "ledger": true}' in message
