"""A home that had a ledger never gets an empty one in its place."""

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
    made, engine = home_and_ledger(tmp_path)
    make_accepted_submission(made, engine, "q.csv", {("2025-Q4", "reported"): 3}, days=1)
    engine.dispose()
    monkeypatch.setenv("RTI_HOME", str(made.root))
    return made


def _file(home: Home) -> Path:
    return home.restricted / "ledger.sqlite"


def _lose(home: Home, how: str) -> None:
    for path in home.restricted.glob("ledger.sqlite*"):
        path.unlink()
    if how == "emptied":
        _file(home).touch()


@pytest.mark.parametrize("how", ["deleted", "emptied"])
@pytest.mark.parametrize("command", [["status"], ["init"], ["audit", "verify"], ["store", "check"], ["publish"]])
def test_every_command_refuses_a_lost_ledger_and_creates_none(
    home: Home, how: str, command: list[str], capsys: pytest.CaptureFixture[str]
) -> None:
    _lose(home, how)
    assert main.main(command) == 3
    told = capsys.readouterr().err
    assert str(_file(home)) in told
    assert "restore it from a backup" in told
    assert "no submission yet" not in told
    assert (_file(home).stat().st_size if how == "emptied" else _file(home).exists()) == 0


def _checkpoint(home: Home) -> None:
    (home.restricted / "audit-checkpoints.jsonl").write_text("{}\n")


def _stored(home: Home) -> None:
    store.put_bytes(home, b"a return")


def _fact(home: Home) -> None:
    from pipelines.model import long_tables

    facts.write_parquet(long_tables.empty_table(long_tables.OBSERVATION), facts.path_of(home, "observation", "S1"))


@pytest.mark.parametrize("trace", [_checkpoint, _stored, _fact])
def test_a_home_of_an_earlier_version_is_known_by_its_traces(tmp_path: Path, trace: object) -> None:
    home = initialise_home(tmp_path / "home", "real")
    trace(home)  # type: ignore[operator]
    for open_it in (open_ledger, open_ledger_to_read):
        with pytest.raises(LedgerMissingError, match="this home had one"):
            open_it(home)
    assert not _file(home).exists()


def test_a_home_of_an_earlier_version_is_marked_when_it_is_opened(home: Home) -> None:
    mark = home.root / "home.json"
    mark.write_text('{"kind": "demonstration", "layout": 1}\n', encoding="utf-8")
    open_ledger(home).dispose()
    assert json.loads(mark.read_text(encoding="utf-8")) == {"kind": "demonstration", "layout": 1, "ledger": True}


def test_a_new_home_gets_its_ledger(tmp_path: Path) -> None:
    home = initialise_home(tmp_path / "home", "real")
    engine = open_ledger(home)
    assert verify_ledger(engine, home=home).entries == 0
    engine.dispose()
    assert json.loads((home.root / "home.json").read_text(encoding="utf-8"))["ledger"] is True


@pytest.mark.parametrize("content", ["", "{", "[]", '"x"'])
def test_a_damaged_home_file_is_named_with_what_to_write(
    home: Home, content: str, capsys: pytest.CaptureFixture[str]
) -> None:
    (home.root / "home.json").write_text(content, encoding="utf-8")
    with pytest.raises(HomeError, match="empty or damaged"):
        open_home(home.root)
    assert main.main(["status"]) == 3
    told = capsys.readouterr().err
    assert str(home.root / "home.json") in told
    assert '{"kind": "demonstration", "layout": 1, "ledger": true}' in told
