"""`rti audit verify` and `rti store check`: stored files, receipts, releases and the ledger's own file."""

from __future__ import annotations

import json
import shutil
from collections.abc import Callable, Iterator
from pathlib import Path

import duckdb
import pytest
import sqlalchemy as sa

from pipelines.cli import main
from pipelines.core.home import Home, open_home
from pipelines.ledger.database import open_write_transaction
from pipelines.publication.releases.verification import manifest_digest, verify_published
from pipelines.refresh import integrity
from pipelines.submissions import service as door
from pipelines.submissions import store
from pipelines.submissions.service import Desk
from tests.support.fakes import desk_fakes
from tests.support.fakes.desk_fakes import accepted, file, who
from tests.support.releases import release_fixture


@pytest.fixture
def desk(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Desk]:
    monkeypatch.delenv("RTI_LEDGER_URL", raising=False)
    desk_fakes.install(monkeypatch)
    opened = desk_fakes.opened(tmp_path)
    monkeypatch.setenv("RTI_HOME", str(opened.home.root))
    yield opened
    opened.engine.dispose()


def _verify(capsys: pytest.CaptureFixture[str], *command: str) -> tuple[int, dict[str, object]]:
    capsys.readouterr()
    code = main.main([*(command or ("audit", "verify")), "--json"])
    return code, json.loads(capsys.readouterr().out)


# --------------------------------------------------------------------------------------------------------- stored files


@pytest.mark.parametrize("how", ["deleted", "changed"])
def test_a_damaged_stored_file_is_named_by_both_commands(
    desk: Desk, how: str, capsys: pytest.CaptureFixture[str]
) -> None:
    identity = accepted(desk)
    assert _verify(capsys) == (0, {**_verify(capsys)[1], "good": True, "faults": [], "damage": []})
    path = store.path_of(desk.home, store.compute_digest(file()))
    if how == "deleted":
        path.unlink()
    else:
        path.write_bytes(b"X" + path.read_bytes()[1:])
    for command in (("audit", "verify"), ("store", "check")):
        code, told = _verify(capsys, *command)
        damaged = told["damage" if command[0] == "audit" else "damaged"]
        assert code == 1
        assert isinstance(damaged, list)
        assert [one["submission_id"] for one in damaged] == [identity]
        for part in (identity, "return.csv", "QQ", "QQ-JUSTICE-1", "2025-Q4", str(path), "backup"):
            assert part in damaged[0]["message"]


def test_a_file_that_was_not_kept_is_not_missing(desk: Desk) -> None:
    accepted(desk)
    sha256 = store.compute_digest(file())
    store.mark_not_kept(desk.home, sha256)
    store.drop_not_kept(desk.home, sha256)
    assert integrity.check_store(desk.home, desk.engine) == []


# ------------------------------------------------------------------------------------------------------------- receipts


def _behind(engine: sa.Engine, table: str, statement: str) -> None:
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
def test_a_receipt_that_does_not_agree_with_the_ledger_is_named(
    desk: Desk, table: str, statement: str, words: str
) -> None:
    identity = accepted(desk)
    assert integrity.check_receipts(desk.home, desk.engine) == []
    _behind(desk.engine, table, statement)
    found = integrity.check_receipts(desk.home, desk.engine)
    assert [(d.kind, d.submission_id) for d in found] == [("receipt", identity)]
    assert words in found[0].message


def test_a_receipt_signed_with_a_foreign_key_is_named(desk: Desk) -> None:
    accepted(desk)
    for path in (desk.home.public / "keys").iterdir():
        path.unlink()
    assert ["public keys" in d.message for d in integrity.check_receipts(desk.home, desk.engine)] == [True]


def test_receipts_of_a_return_sent_twice_are_both_good(desk: Desk) -> None:
    identity = desk_fakes.sent(desk)
    door.give_back(desk, who(desk, "qq-approver"), identity, "please look again")
    door.send_submission(desk, who(desk, "qq-sender"), identity)
    assert integrity.check_receipts(desk.home, desk.engine) == []


# ----------------------------------------------------------------------------------------------------------- the ledger


def test_an_overwritten_page_of_the_ledger_is_found(desk: Desk, capsys: pytest.CaptureFixture[str]) -> None:
    for period in ("2025-Q1", "2025-Q2"):
        accepted(desk, period=period)
    desk.engine.dispose()
    path = desk.home.restricted / "ledger.sqlite"
    with path.open("r+b") as handle:
        handle.seek(4096 * 5)
        handle.write(b"\xa5" * 4096)
    code, told = _verify(capsys)
    assert (code, told["good"]) == (1, False)
    damage = told["damage"]
    assert isinstance(damage, list)
    assert damage[0]["kind"] == "ledger"
    assert str(path) in damage[0]["message"]
    with pytest.raises(integrity.IntegrityError, match="ledger"):
        integrity.require_intact_inputs(desk.home)


# ------------------------------------------------------------------------------------------------------------- releases


@pytest.fixture(scope="module")
def made(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return release_fixture.make_home(tmp_path_factory.mktemp("published") / "home").root


@pytest.fixture
def published(made: Path, tmp_path: Path) -> Home:
    """A home with one published release, which a test may damage."""
    root = tmp_path / "published"
    shutil.copytree(made, root, symlinks=True)
    return open_home(root)


def _writable(path: Path) -> Path:
    path.chmod(0o644)
    return path


def _change_rows(folder: Path) -> None:
    with duckdb.connect(str(_writable(folder / "release.duckdb"))) as connection:
        connection.execute("update cell set value = value + 100 where value is not null")


def _cut(folder: Path) -> None:
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
        (_cut, "release.duckdb", "cannot be read"),
        (lambda folder: (folder / "release.duckdb").unlink(), "release.duckdb", "is missing"),
        (_change_csv, "csv/cell.csv", "was changed after it was published"),
        (_change_parquet, "data/cell.parquet", "was changed after it was published"),
        (lambda folder: (folder / "csv" / "cell.csv").unlink(), "csv/cell.csv", "is missing"),
        (lambda folder: (folder / "extra.csv").write_text("x"), "extra.csv", "not in the manifest"),
        (lambda folder: (folder / "manifest.json").write_text("{"), "manifest.json", "is damaged"),
        (lambda folder: (folder / "manifest.json").unlink(), "manifest.json", "is missing"),
    ],
)
def test_each_damaged_file_of_a_release_is_named(
    published: Home, fault: Callable[[Path], object], name: str, problem: str
) -> None:
    assert verify_published(published) == []
    folder = published.current.resolve()
    fault(folder)
    found = verify_published(published)
    assert [(f.release, f.path) for f in found] == [(folder.name, folder / name)]
    assert problem in found[0].problem


def test_a_manifest_that_was_rewritten_is_found_by_the_journal(published: Home) -> None:
    folder = published.current.resolve()
    journal = published.public / "publications.jsonl"
    line = {"release": folder.name, "published_at": "2026-11-20T09:00:00Z", "manifest_sha256": manifest_digest(folder)}
    journal.write_text(json.dumps(line) + "\n", encoding="utf-8")
    assert verify_published(published) == []
    manifest = folder / "manifest.json"
    content = json.loads(manifest.read_text(encoding="utf-8"))
    manifest.write_text(json.dumps(content | {"declarations": "0" * 64}), encoding="utf-8")
    assert ["is not the one that was published" in f.problem for f in verify_published(published)] == [True]


def test_a_release_outside_the_journal_and_one_that_is_gone_are_named(published: Home) -> None:
    folder = published.current.resolve()
    journal = published.public / "publications.jsonl"
    journal.write_text('{"release": "2026-Q2", "published_at": "2026-08-20T09:00:00Z"}\n', encoding="utf-8")
    assert {(f.release, f.problem) for f in verify_published(published)} == {
        (folder.name, "is public, and publications.jsonl records no publication of it"),
        ("2026-Q2", "was published and is missing"),
    }
    journal.write_text('{"release": "2026', encoding="utf-8")
    assert "is damaged in line 1" in {f.problem for f in verify_published(published)}
