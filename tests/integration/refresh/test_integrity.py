"""Tests of `rti audit verify` and `rti store check`: stored files, receipts, releases and the ledger file."""

from __future__ import annotations

import json
import shutil
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import duckdb
import pytest
import sqlalchemy as sa

from pipelines import refresh
from pipelines.cli import main
from pipelines.core import clock
from pipelines.core.home import Home, open_home
from pipelines.ledger.database import open_write_transaction
from pipelines.publication.releases.verification import FaultKind, manifest_digest, verify_published
from pipelines.refresh import integrity
from pipelines.submissions import service as submission_service
from pipelines.submissions import store
from pipelines.submissions.service import Desk
from tests.support.fakes import desk_fakes
from tests.support.fakes.desk_fakes import get_identity, make_accepted_return, make_file


@pytest.fixture
def desk(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Desk]:
    monkeypatch.delenv("RTI_LEDGER_URL", raising=False)
    desk_fakes.install_fakes(monkeypatch)
    opened = desk_fakes.open_desk(tmp_path)
    monkeypatch.setenv("RTI_HOME", str(opened.home.root))
    yield opened
    opened.engine.dispose()


def _verify(capsys: pytest.CaptureFixture[str], *command: str) -> tuple[int, dict[str, object]]:
    capsys.readouterr()
    code = main.main([*(command or ("audit", "verify")), "--json"])
    return code, json.loads(capsys.readouterr().out)


# --------------------------------------------------------------------------------------------------------- stored files


@pytest.mark.parametrize("how", ["deleted", "changed"])
def test_damaged_stored_file_is_reported_by_both_commands(
    desk: Desk, how: str, capsys: pytest.CaptureFixture[str]
) -> None:
    identity = make_accepted_return(desk)
    assert _verify(capsys) == (0, {**_verify(capsys)[1], "good": True, "faults": [], "damage": []})
    path = store.path_of(desk.home, store.compute_digest(make_file()))
    if how == "deleted":
        path.unlink()
    else:
        path.write_bytes(b"X" + path.read_bytes()[1:])
    for command in (("audit", "verify"), ("store", "check")):
        code, output = _verify(capsys, *command)
        damaged = output["damage" if command[0] == "audit" else "damaged"]
        assert code == 1
        assert isinstance(damaged, list)
        assert [entry["submission_id"] for entry in damaged] == [identity]
        for part in (identity, "return.csv", "QQ", "QQ-JUSTICE-1", "2025-Q4", str(path), "backup"):
            assert part in damaged[0]["message"]


def test_check_store_ignores_files_that_were_not_kept(desk: Desk) -> None:
    make_accepted_return(desk)
    sha256 = store.compute_digest(make_file())
    store.mark_not_kept(desk.home, sha256)
    store.drop_not_kept(desk.home, sha256)
    assert integrity.check_store(desk.home, desk.engine) == []


# ------------------------------------------------------------------------------------------------------------- receipts


def _change_row(engine: sa.Engine, table: str, statement: str) -> None:
    with open_write_transaction(engine) as connection:
        if table == "receipt":
            connection.exec_driver_sql("drop trigger receipt_no_update")
        assert connection.exec_driver_sql(statement).rowcount == 1


@pytest.mark.parametrize(
    ("table", "statement", "words"),
    [
        ("submission", "update submission set filename = 'other.csv'", "differ in file"),
        ("submission", "update submission set sender = 'qq-second'", "differ in sender"),
        ("block", "update block set period = '2025-Q3'", "differ in periods"),
        ("receipt", "update receipt set at = '2020-01-01T00:00:00Z'", "differ in sent_at"),
        ("receipt", "update receipt set document = replace(document, 'return.csv', 'retorn.csv')", "signature"),
        ("receipt", "update receipt set document = 'x'", "cannot be read"),
    ],
)
def test_check_receipts_reports_disagreement_with_the_ledger(
    desk: Desk, table: str, statement: str, words: str
) -> None:
    identity = make_accepted_return(desk)
    assert integrity.check_receipts(desk.home, desk.engine) == []
    _change_row(desk.engine, table, statement)
    damage = integrity.check_receipts(desk.home, desk.engine)
    assert [(d.kind, d.submission_id) for d in damage] == [("receipt", identity)]
    assert words in damage[0].message


def test_check_receipts_reports_an_unknown_key(desk: Desk) -> None:
    make_accepted_return(desk)
    for path in (desk.home.public / "keys").iterdir():
        path.unlink()
    assert ["public keys" in d.message for d in integrity.check_receipts(desk.home, desk.engine)] == [True]


def test_check_receipts_accepts_both_receipts_of_a_return_sent_twice(desk: Desk) -> None:
    identity = desk_fakes.make_sent_return(desk)
    submission_service.give_back(desk, get_identity(desk, "qq-approver"), identity, "please look again")
    submission_service.send_submission(desk, get_identity(desk, "qq-sender"), identity)
    assert integrity.check_receipts(desk.home, desk.engine) == []


# --------------------------------------------------------------------------------------------------------------- ledger


def test_audit_verify_reports_an_overwritten_page_of_the_ledger(desk: Desk, capsys: pytest.CaptureFixture[str]) -> None:
    for period in ("2025-Q1", "2025-Q2"):
        make_accepted_return(desk, period=period)
    desk.engine.dispose()
    path = desk.home.restricted / "ledger.sqlite"
    with path.open("r+b") as handle:
        handle.seek(4096 * 5)
        handle.write(b"\xa5" * 4096)
    code, output = _verify(capsys)
    assert (code, output["good"]) == (1, False)
    damage = output["damage"]
    assert isinstance(damage, list)
    assert damage[0]["kind"] == "ledger"
    assert str(path) in damage[0]["message"]
    with pytest.raises(integrity.IntegrityError, match="ledger"):
        integrity.require_intact_inputs(desk.home)


def test_gathering_examines_the_whole_ledger_once_a_day_and_whenever_it_was_exported_from_the_start(
    desk: Desk, monkeypatch: pytest.MonkeyPatch
) -> None:
    make_accepted_return(desk)
    days = []
    examine = integrity.check_ledger

    def note_day(*arguments: Any) -> list[integrity.Damage]:
        days.append(clock.now().date().isoformat())
        return examine(*arguments)

    monkeypatch.setattr(integrity, "check_ledger", note_day)

    def gather_again() -> tuple[str, ...]:
        return refresh.gather_tables(desk.home).unmatched

    with clock.freeze_time(clock.parse_time("2026-12-01T09:00:00Z")):
        assert [gather_again(), gather_again()] == [(), ()]
    with clock.freeze_time(clock.parse_time("2026-12-02T09:00:00Z")):
        assert [gather_again(), gather_again()] == [(), ()]
        (desk.home.gathered / "exported.json").unlink()
        assert gather_again() == ()
        monkeypatch.setattr(
            integrity, "check_ledger", lambda *_: [integrity.Damage("ledger", "the ledger is damaged", None)]
        )
        assert gather_again() == ()
    with clock.freeze_time(clock.parse_time("2026-12-03T09:00:00Z")):
        assert [gather_again(), gather_again()] == [("the ledger is damaged",)] * 2
    assert days == ["2026-12-01", "2026-12-02", "2026-12-02"]


# ------------------------------------------------------------------------------------------------------------- releases


@pytest.fixture
def published(release_root: Path, tmp_path: Path) -> Home:
    """A home with one published release, which a test may damage."""
    root = tmp_path / "published"
    shutil.copytree(release_root, root, symlinks=True)
    return open_home(root)


def _writable(path: Path) -> Path:
    path.chmod(0o644)
    return path


def _change_rows(folder: Path) -> None:
    with duckdb.connect(str(_writable(folder / "release.duckdb"))) as connection:
        connection.execute("update cell set value = value + 100 where value is not null")


def _truncate_database(folder: Path) -> None:
    path = _writable(folder / "release.duckdb")
    path.write_bytes(path.read_bytes()[:-300_000])


def _change_csv(folder: Path) -> None:
    path = folder / "csv" / "cell.csv"
    path.write_bytes(path.read_bytes().replace(b"2026-Q3", b"2026-Q2", 1))


def _change_parquet(folder: Path) -> None:
    path = folder / "data" / "cell.parquet"
    path.write_bytes(path.read_bytes()[:-20])


@pytest.mark.parametrize(
    ("fault", "name", "problem"),
    [
        (_change_rows, "release.duckdb", "other rows in table cell"),
        (_truncate_database, "release.duckdb", "cannot be read"),
        (lambda folder: (folder / "release.duckdb").unlink(), "release.duckdb", "is missing"),
        (_change_csv, "csv/cell.csv", "was changed after it was published"),
        (_change_parquet, "data/cell.parquet", "was changed after it was published"),
        (lambda folder: (folder / "csv" / "cell.csv").unlink(), "csv/cell.csv", "is missing"),
        (lambda folder: (folder / "extra.csv").write_text("x"), "extra.csv", "not in the manifest"),
        (lambda folder: (folder / "manifest.json").write_text("{"), "manifest.json", "is damaged"),
        (lambda folder: (folder / "manifest.json").unlink(), "manifest.json", "is missing"),
    ],
)
def test_verify_published_reports_each_damaged_file(
    published: Home, fault: Callable[[Path], object], name: str, problem: str
) -> None:
    assert verify_published(published) == []
    folder = published.current.resolve()
    fault(folder)
    damage = verify_published(published)
    assert [(f.kind, f.release, f.path) for f in damage] == [(FaultKind.FILE, folder.name, folder / name)]
    assert problem in damage[0].problem


def test_verify_published_reports_other_rows_next_to_a_damaged_file(published: Home) -> None:
    folder = published.current.resolve()
    _change_rows(folder)
    (folder / "data" / "coverage.parquet").write_bytes(b"damaged")
    assert {(f.path.name, f.problem) for f in verify_published(published)} == {
        ("coverage.parquet", "was changed after it was published"),
        ("release.duckdb", "has other rows in table cell than data/cell.parquet"),
    }


def test_verify_published_reports_a_rewritten_manifest(published: Home) -> None:
    folder = published.current.resolve()
    journal = published.public / "publications.jsonl"
    line = {"release": folder.name, "published_at": "2026-11-20T09:00:00Z", "manifest_sha256": manifest_digest(folder)}
    journal.write_text(json.dumps(line) + "\n", encoding="utf-8")
    assert verify_published(published) == []
    manifest = folder / "manifest.json"
    content = json.loads(manifest.read_text(encoding="utf-8"))
    manifest.write_text(json.dumps(content | {"declarations": "0" * 64}), encoding="utf-8")
    assert ["is not the one that was published" in f.problem for f in verify_published(published)] == [True]


def test_verify_published_reports_unrecorded_and_missing_releases(published: Home) -> None:
    folder = published.current.resolve()
    journal = published.public / "publications.jsonl"
    journal.write_text('{"release": "2026-Q2", "published_at": "2026-08-20T09:00:00Z"}\n', encoding="utf-8")
    assert {(f.kind, f.release, f.problem) for f in verify_published(published)} == {
        (FaultKind.UNRECORDED, folder.name, "is public, and publications.jsonl records no publication of it"),
        (FaultKind.MISSING, "2026-Q2", "was published and is missing"),
    }
    journal.write_text('{"release": "2026', encoding="utf-8")
    damage = {(f.kind, f.release, f.problem) for f in verify_published(published)}
    assert (FaultKind.JOURNAL, "", "is damaged in line 1") in damage
    published.current.unlink()
    published.current.symlink_to("releases/2026-Q2")
    assert (FaultKind.CURRENT, "") in {(f.kind, f.release) for f in verify_published(published)}
