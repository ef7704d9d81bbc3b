"""Stored files that the ledger does not know: listed after a day, removed on request, never if a receipt names them."""

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
    opened = desk_fakes.open_desk(tmp_path)
    monkeypatch.setenv("RTI_HOME", str(opened.home.root))
    monkeypatch.delenv("RTI_ACTOR", raising=False)
    return opened


def _age_files(desk: Desk, days: float) -> None:
    """Set the age of every stored file in days, by the machine's clock."""
    for path in desk.home.store.rglob("*"):
        if path.is_file() and not path.is_symlink():
            then = path.stat().st_mtime - days * DAY
            os.utime(path, (then, then))


def _upload_and_kill(desk: Desk, monkeypatch: pytest.MonkeyPatch, data: bytes) -> str:
    """Upload a file, and interrupt the process after the file is stored and before it is in the ledger."""
    with monkeypatch.context() as cut:
        cut.setattr(intake, "record_arrival", lambda *_, **__: (_ for _ in ()).throw(KeyboardInterrupt))
        with pytest.raises(KeyboardInterrupt):
            door.upload_file(desk, get_identity(desk, "qq-sender"), data, "a.csv")
    return store.compute_digest(data)


def _list_unknown(desk: Desk) -> list[str]:
    return [file.sha256 for file in unknown_bytes.find_unknown_files(desk.home, desk.engine)]


def test_find_unknown_files_lists_only_files_of_killed_upload_after_a_day(
    desk: Desk, monkeypatch: pytest.MonkeyPatch
) -> None:
    make_sent_return(desk)
    draft = door.upload_file(desk, get_identity(desk, "qq-sender"), make_file(period="2025-Q1", value=101), "b.csv")
    refused = door.upload_file(desk, get_identity(desk, "qq-sender"), make_file(period="2025-Q2", value=-1), "c.csv")
    assert (draft.state, refused.state) == ("checked", "refused")
    orphan = _upload_and_kill(desk, monkeypatch, make_file(period="2025-Q3"))
    store.point_to(desk.home, "0" * 64, desk.home.root / "arrives.csv")
    store.mark_not_kept(desk.home, "1" * 64)
    _age_files(desk, 0.9)
    assert _list_unknown(desk) == []
    _age_files(desk, 0.2)
    assert _list_unknown(desk) == [orphan]
    (file,) = unknown_bytes.find_unknown_files(desk.home, desk.engine)
    assert file.size == len(make_file(period="2025-Q3"))


def test_find_unknown_files_ignores_file_that_was_sent_again(desk: Desk, monkeypatch: pytest.MonkeyPatch) -> None:
    _upload_and_kill(desk, monkeypatch, make_file())
    _age_files(desk, 2)
    upload = door.hand_in(desk, get_identity(desk, "qq-sender"), make_file(), "a.csv")
    assert (upload.state, _list_unknown(desk)) == ("sent", [])


def test_store_check_remove_needs_steward_and_is_logged(
    desk: Desk, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    make_sent_return(desk)
    orphan = _upload_and_kill(desk, monkeypatch, make_file(period="2025-Q3"))
    _age_files(desk, 2)
    assert main.main(["store", "check", "--json"]) == 1
    assert [f["sha256"] for f in json.loads(capsys.readouterr().out)["files"]] == [orphan]
    assert store.path_of(desk.home, orphan).exists(), "the file was removed without --remove"
    for account in ("qq-sender", "nobody-yet", "no such account"):
        assert main.main(["store", "check", "--remove", "--as", account]) == 3
    assert store.path_of(desk.home, orphan).exists()
    assert main.main(["store", "check", "--remove", "--as", "the-steward"]) == 0
    assert not store.path_of(desk.home, orphan).exists()
    assert not [p for p in desk.home.store.rglob("*") if p.name.startswith(".")]
    entry = audit_log.list_entries(desk.engine)[-1]
    assert (entry["actor"], entry["action"], entry["subject"]) == ("the-steward", "store.remove", orphan)
    assert verify_ledger(desk.engine, home=desk.home).good
    assert (main.main(["store", "check"]), _list_unknown(desk)) == (0, [])


def test_remove_unknown_files_with_ledger_older_than_receipts_raises(desk: Desk) -> None:
    """Restore a ledger from a backup, which lacks a file for which an office already has a receipt."""
    import shutil

    ledger = desk.home.restricted / "ledger.sqlite"
    desk.engine.dispose()
    shutil.copyfile(ledger, backup := desk.home.root / "backup.sqlite")
    identity = make_sent_return(desk)
    receipt = door.get_receipt(desk, get_identity(desk, "qq-sender"), identity)
    audit_log.write_checkpoint(desk.home, desk.engine)
    assert receipt is not None
    desk.engine.dispose()
    for path in ledger.parent.glob("ledger.sqlite-*"):
        path.unlink()
    shutil.copyfile(backup, ledger)
    restored = Desk(desk.home, open_ledger(desk.home), desk.registry)
    _age_files(restored, 2)
    sha256 = receipt.as_json()["file"]["sha256"]
    assert _list_unknown(restored) == [sha256]
    with pytest.raises(unknown_bytes.LedgerNotWholeError, match="nothing was removed"):
        unknown_bytes.remove_unknown_files(restored.home, restored.engine, by="the-steward")
    assert store.get_bytes(restored.home, sha256) == make_file()


def test_remove_unknown_files_keeps_file_stored_meanwhile(desk: Desk, monkeypatch: pytest.MonkeyPatch) -> None:
    orphan = _upload_and_kill(desk, monkeypatch, make_file())
    _age_files(desk, 2)
    find_unknown = unknown_bytes._find_unknown

    def store_meanwhile(*arguments: object) -> object:
        unknown = find_unknown(*arguments)  # type: ignore[arg-type]
        store.put_bytes(desk.home, make_file())
        return unknown

    monkeypatch.setattr(unknown_bytes, "_find_unknown", store_meanwhile)
    assert unknown_bytes.remove_unknown_files(desk.home, desk.engine, by="the-steward") == []
    assert store.get_bytes(desk.home, orphan) == make_file()


def test_remove_unknown_files_by_office_raises(desk: Desk) -> None:
    with pytest.raises(NotAllowedError):
        unknown_bytes.remove_unknown_files(desk.home, desk.engine, by="qq-approver")
