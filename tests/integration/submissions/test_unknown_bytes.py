"""Stored bytes that the ledger does not know: found after a day, kept until asked for, never what a receipt names."""

from __future__ import annotations

import json
import os
from pathlib import Path

import pytest

from pipelines.cli import main
from pipelines.ledger import audit_log
from pipelines.ledger.identity import NotAllowedError
from pipelines.ledger.opening import open_ledger
from pipelines.ledger.verification import verify_ledger
from pipelines.submissions import intake, store, unknown_bytes
from pipelines.submissions import service as door
from pipelines.submissions.service import Desk
from tests.support.fakes import desk_fakes
from tests.support.fakes.desk_fakes import get_identity, make_file, make_sent_return

DAY = 24 * 3600


@pytest.fixture
def desk(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Desk:
    desk_fakes.install_fakes(monkeypatch)
    made = desk_fakes.open_desk(tmp_path)
    monkeypatch.setenv("RTI_HOME", str(made.home.root))
    monkeypatch.delenv("RTI_ACTOR", raising=False)
    return made


def _aged(desk: Desk, days: float) -> None:
    """Make every stored file as old as this, by the machine's clock."""
    for path in desk.home.store.rglob("*"):
        if path.is_file() and not path.is_symlink():
            then = path.stat().st_mtime - days * DAY
            os.utime(path, (then, then))


def _killed(desk: Desk, monkeypatch: pytest.MonkeyPatch, data: bytes) -> str:
    """Hand in a file; the process ends between keeping and entering it."""
    with monkeypatch.context() as cut:
        cut.setattr(intake, "record_arrival", lambda *_, **__: (_ for _ in ()).throw(KeyboardInterrupt))
        with pytest.raises(KeyboardInterrupt):
            door.upload_file(desk, get_identity(desk, "qq-sender"), data, "a.csv")
    return store.compute_digest(data)


def _found(desk: Desk) -> list[str]:
    return [one.sha256 for one in unknown_bytes.find_unknown_files(desk.home, desk.engine)]


def test_what_a_kill_left_is_found_after_a_day_and_nothing_else(desk: Desk, monkeypatch: pytest.MonkeyPatch) -> None:
    make_sent_return(desk)
    draft = door.upload_file(desk, get_identity(desk, "qq-sender"), make_file(period="2025-Q1", value=101), "b.csv")
    refused = door.upload_file(desk, get_identity(desk, "qq-sender"), make_file(period="2025-Q2", value=-1), "c.csv")
    assert (draft.state, refused.state) == ("checked", "refused")
    left = _killed(desk, monkeypatch, make_file(period="2025-Q3"))
    store.point_to(desk.home, "0" * 64, desk.home.root / "arrives.csv")
    store.mark_not_kept(desk.home, "1" * 64)
    _aged(desk, 0.9)
    assert _found(desk) == []
    _aged(desk, 0.2)
    assert _found(desk) == [left]
    (one,) = unknown_bytes.find_unknown_files(desk.home, desk.engine)
    assert one.size == len(make_file(period="2025-Q3"))


def test_sent_again_it_is_known(desk: Desk, monkeypatch: pytest.MonkeyPatch) -> None:
    _killed(desk, monkeypatch, make_file())
    _aged(desk, 2)
    done = door.hand_in(desk, get_identity(desk, "qq-sender"), make_file(), "a.csv")
    assert (done.state, _found(desk)) == ("sent", [])


def test_a_steward_removes_it_and_the_log_says_so(
    desk: Desk, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    make_sent_return(desk)
    left = _killed(desk, monkeypatch, make_file(period="2025-Q3"))
    _aged(desk, 2)
    assert main.main(["store", "check", "--json"]) == 1
    assert [f["sha256"] for f in json.loads(capsys.readouterr().out)["files"]] == [left]
    assert store.path_of(desk.home, left).exists(), "told, not removed"
    for account in ("qq-sender", "nobody-yet", "no such account"):
        assert main.main(["store", "check", "--remove", "--as", account]) == 3
    assert store.path_of(desk.home, left).exists()
    assert main.main(["store", "check", "--remove", "--as", "the-steward"]) == 0
    assert not store.path_of(desk.home, left).exists()
    assert not [p for p in desk.home.store.rglob("*") if p.name.startswith(".")]
    entry = audit_log.list_entries(desk.engine)[-1]
    assert (entry["actor"], entry["action"], entry["subject"]) == ("the-steward", "store.remove", left)
    assert verify_ledger(desk.engine, home=desk.home).good
    assert (main.main(["store", "check"]), _found(desk)) == (0, [])


def test_nothing_is_removed_where_the_ledger_is_older_than_what_was_receipted(desk: Desk) -> None:
    """A ledger from a backup knows nothing of a file whose receipt an office holds."""
    import shutil

    before = desk.home.restricted / "ledger.sqlite"
    desk.engine.dispose()
    shutil.copyfile(before, kept := desk.home.root / "backup.sqlite")
    identity = make_sent_return(desk)
    given = door.get_receipt(desk, get_identity(desk, "qq-sender"), identity)
    audit_log.write_checkpoint(desk.home, desk.engine)
    assert given is not None
    desk.engine.dispose()
    for path in before.parent.glob("ledger.sqlite-*"):
        path.unlink()
    shutil.copyfile(kept, before)
    restored = Desk(desk.home, open_ledger(desk.home), desk.registry)
    _aged(restored, 2)
    sha256 = given.as_json()["file"]["sha256"]
    assert _found(restored) == [sha256]
    with pytest.raises(unknown_bytes.LedgerNotWholeError, match="nothing was removed"):
        unknown_bytes.remove_unknown_files(restored.home, restored.engine, by="the-steward")
    assert store.get_bytes(restored.home, sha256) == make_file()


def test_what_comes_in_again_at_that_moment_stays(desk: Desk, monkeypatch: pytest.MonkeyPatch) -> None:
    left = _killed(desk, monkeypatch, make_file())
    _aged(desk, 2)
    real = unknown_bytes._find_unknown

    def meanwhile(*arguments: object) -> object:
        found = real(*arguments)  # type: ignore[arg-type]
        store.put_bytes(desk.home, make_file())
        return found

    monkeypatch.setattr(unknown_bytes, "_find_unknown", meanwhile)
    assert unknown_bytes.remove_unknown_files(desk.home, desk.engine, by="the-steward") == []
    assert store.get_bytes(desk.home, left) == make_file()


def test_an_office_removes_nothing(desk: Desk) -> None:
    with pytest.raises(NotAllowedError):
        unknown_bytes.remove_unknown_files(desk.home, desk.engine, by="qq-approver")
