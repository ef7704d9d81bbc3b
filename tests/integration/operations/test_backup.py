"""Tests of `rti backup` and `rti restore`: what comes back is what was there, and nothing damaged or foreign does."""

from __future__ import annotations

import json
import os
import shutil
import sqlite3
import subprocess
import sys
import threading
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path
from typing import Any

import pyrage
import pytest
import sqlalchemy as sa

from pipelines.cli import main
from pipelines.core import clock
from pipelines.core.home import Home, open_home
from pipelines.ledger.database import engine_of, open_write_transaction
from pipelines.ledger.identity import SYSTEM, Grant
from pipelines.ledger.opening import open_ledger
from pipelines.ledger.schema import METADATA
from pipelines.ledger.verification import verify_ledger
from pipelines.operations.backup import keys, saving, selection, staging
from pipelines.operations.backup.repository import Repository
from pipelines.operations.doctor.diagnosis import diagnose_home
from pipelines.submissions import store
from pipelines.submissions.accounts import accounts
from pipelines.warehouse import build_cache
from tests.support import postgres
from tests.support.intact_home import make_intact_home
from tests.support.kept_builds import keep_value
from tests.support.paths import ROOT
from tests.support.releases import publication_fixture as fixture

PASSPHRASE = "seven grey herons by the lake"
COUNTERS = {*range(24, 28), *range(40, 44), *range(92, 100)}
"""Bytes of an SQLite header that count changes and name the version that wrote last."""
_fast = pyrage.x25519.Identity.generate()
"""A key that opens at once: a passphrase is stretched on purpose, and one test of it is enough."""


@pytest.fixture(scope="module")
def template(tmp_path_factory: pytest.TempPathFactory) -> Home:
    home = make_intact_home(tmp_path_factory.mktemp("backup"))
    survey = home.restricted / "survey"
    (survey / "keys").mkdir(parents=True)
    (survey / "keys" / "round.key").write_bytes(b"private")
    for name in ("invitations", "answers"):
        with closing(sqlite3.connect(survey / f"{name}.sqlite")) as connection:
            connection.execute("pragma journal_mode = wal")
            connection.execute("create table entry (id text primary key)")
            connection.execute("insert into entry values (?)", (f"one of {name}",))
            connection.commit()
    (home.warehouse / "counts-000001.duckdb").write_bytes(b"computed")
    return home


@pytest.fixture
def home(template: Home, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Home:
    monkeypatch.delenv("RTI_LEDGER_URL", raising=False)
    monkeypatch.setenv("RTI_BACKUP_REPOSITORY", str(tmp_path / "repository"))
    copied = fixture.use_copy(template, tmp_path / "home", monkeypatch)
    (tmp_path / "identity").write_text(str(_fast), encoding="ascii")
    return copied


@pytest.fixture
def saved(home: Home, capsys: pytest.CaptureFixture[str]) -> Home:
    """A home with a repository and one backup in it."""
    assert _run(capsys, "backup", "init", "--recipient", str(_fast.to_public()))[0] == 0
    assert _run(capsys, "backup", "run")[0] == 0
    return home


def _run(capsys: pytest.CaptureFixture[str], *command: str) -> tuple[int, Any]:
    capsys.readouterr()
    code = main.main([*command, "--json"])
    return code, json.loads(capsys.readouterr().out)


def _restore(
    home: Home, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch, *options: str
) -> tuple[int, Any, Path]:
    target = home.root.parent / "restored"
    with monkeypatch.context() as patched:
        patched.setenv("RTI_HOME", str(target))
        code, content = _run(capsys, "restore", "--identity", str(home.root.parent / "identity"), *options)
    return code, content, target


def _read_files(root: Path) -> dict[str, tuple[bytes, int]]:
    """Return the content and rights of the files that a backup keeps as they are."""
    paths = [(name, path) for name, path in selection.list_paths(root) if path.is_file() and not path.is_symlink()]
    changing = ("steps.json", "backup.json", ".sqlite")
    return {name: (path.read_bytes(), path.stat().st_mode) for name, path in paths if not name.endswith(changing)}


def _read_rows(path: Path) -> list[str]:
    with closing(sqlite3.connect(path)) as connection:
        return list(connection.iterdump())


def _repository(home: Home) -> Repository:
    return Repository(home.root.parent / "repository")


def _objects(home: Home) -> list[Path]:
    return sorted(path for path in (home.root.parent / "repository" / "objects").rglob("*") if path.is_file())


def test_restore_gives_the_same_home_byte_for_byte(
    saved: Home, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    code, content, target = _restore(saved, capsys, monkeypatch)
    assert (code, content["problems"], content["current"]) == (0, [], fixture.FIRST)
    assert _read_files(target) == _read_files(saved.root)
    assert (target / "public" / "current").readlink() == (saved.public / "current").readlink()
    assert (target / "restricted").stat().st_mode & 0o777 == 0o700
    engines = [open_ledger(saved), open_ledger(open_home(target))]
    heads = [verify_ledger(engine).head for engine in engines]
    for engine in engines:
        engine.dispose()
    assert heads[0] == heads[1]


def test_restored_ledger_is_the_same_row_for_row_and_page_for_page(
    saved: Home, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    code, _, target = _restore(saved, capsys, monkeypatch)
    assert code == 0
    paths = [root / "restricted" / "ledger.sqlite" for root in (saved.root, target)]
    assert _read_rows(paths[0]) == _read_rows(paths[1])
    for path in paths:
        with closing(sqlite3.connect(path)) as connection:
            connection.execute("pragma wal_checkpoint(truncate)").fetchone()
    before, after = (path.read_bytes() for path in paths)
    assert len(before) == len(after)
    assert {n for n, (a, b) in enumerate(zip(before, after, strict=True)) if a != b} <= COUNTERS


def test_restored_home_publishes_the_draft_that_waited(
    saved: Home, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    _, _, target = _restore(saved, capsys, monkeypatch)
    restored = open_home(target)
    assert (build_cache.find_last_outcome(restored, "draft") or {})["release"] == fixture.NEXT
    assert fixture.publish_draft(restored) == fixture.NEXT
    assert fixture.find_current_name(restored) == fixture.NEXT


def test_backup_leaves_out_computed_data_keys_of_rounds_and_practice(
    saved: Home, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    _, _, target = _restore(saved, capsys, monkeypatch)
    assert not (target / "restricted" / "survey" / "keys").exists()
    assert list((target / "restricted" / "warehouse").iterdir()) == []
    assert not list(target.rglob(".*.new"))


def test_stores_of_the_questionnaire_stay_two_databases(
    saved: Home, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    _, _, target = _restore(saved, capsys, monkeypatch)
    for name in ("invitations", "answers"):
        rows = "".join(_read_rows(target / "restricted" / "survey" / f"{name}.sqlite"))
        assert f"one of {name}" in rows
        assert rows.count("one of") == 1
    key = keys.unwrap_key(_repository(saved).wrapped_key, identities=str(_fast))
    content = _repository(saved).read_snapshot(_repository(saved).find_snapshot(None), key)
    pieces = [
        set(e["pieces"]) for e in content["entries"] if e["path"].startswith("restricted/survey/") and "pieces" in e
    ]
    assert len(pieces) == 2 and not pieces[0] & pieces[1]


def test_second_backup_stores_only_what_is_new(saved: Home, capsys: pytest.CaptureFixture[str]) -> None:
    number = len(_objects(saved))
    (saved.restricted / "approval-note.txt").write_text("new", encoding="utf-8")
    _, content = _run(capsys, "backup", "run")
    # The new file, and the record of the first backup.
    assert content["new_objects"] == 2
    assert len(_objects(saved)) == number + 2


def test_nothing_in_the_repository_is_readable(saved: Home) -> None:
    secrets = (b"QQ-JUSTICE", b"secretariat", b"ledger.sqlite", b"office", b"private", b"release-")
    for path in (path for path in (saved.root.parent / "repository").rglob("*") if path.is_file()):
        content = path.read_bytes()
        assert not [word for word in secrets if word in content], path
        if path.suffix == ".age" or "objects" in path.parts:
            assert content.startswith(b"age-encryption.org/v1"), path


@pytest.mark.sampled(turn=6)
def test_repository_opens_with_its_passphrase_only(
    home: Home, capsys: pytest.CaptureFixture[str], tmp_path: Path, request: pytest.FixtureRequest
) -> None:
    """Check the answers to passphrases, which are kept: each use takes seconds on purpose."""

    def try_passphrases() -> dict[str, tuple[int, Any]]:
        answers = {}
        with pytest.MonkeyPatch.context() as patch:
            patch.setenv("RTI_BACKUP_PASSPHRASE", PASSPHRASE)
            answers["init"] = _run(capsys, "backup", "init")
            patch.delenv("RTI_BACKUP_PASSPHRASE")
            answers["run without"] = _run(capsys, "backup", "run")
            patch.setenv("RTI_HOME", str(tmp_path / "restored"))
            (tmp_path / "passphrase").write_text(f"{PASSPHRASE}s", encoding="utf-8")
            answers["wrong"] = _run(capsys, "restore", "--passphrase-file", str(tmp_path / "passphrase"))
            assert not (tmp_path / "restored").exists()
            patch.setenv("RTI_BACKUP_PASSPHRASE", PASSPHRASE)
            answers["right"] = _run(capsys, "restore")
            answers["run restored"] = _run(capsys, "backup", "run")
        return answers

    answers = keep_value(request, "passphrases-of-backups", try_passphrases)
    assert answers["init"][0] == 0
    assert answers["run without"][0] == 0, "adding a backup needs no passphrase"
    assert answers["wrong"][0] == 3
    assert "the passphrase does not open this repository" in answers["wrong"][1]["error"]["message"]
    assert answers["right"][0] == 0
    assert answers["run restored"][0] == 0, "a restored home goes on with its repository"


def test_short_passphrase_is_refused(
    home: Home, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("RTI_BACKUP_PASSPHRASE", "eleven char")
    code, content = _run(capsys, "backup", "init")
    assert (code, "at least 12" in content["error"]["message"]) == (3, True)
    assert not (home.root.parent / "repository").exists()


@pytest.mark.parametrize("how", ["flipped", "cut", "missing", "exchanged"])
def test_damaged_object_is_found_and_never_restored(
    saved: Home, how: str, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    name = keys.read_writing_key(saved).name_content(b"1")  # type: ignore[union-attr]
    path = _repository(saved).object_path(name)
    content = path.read_bytes()
    match how:
        case "flipped":
            path.write_bytes(content[:-1] + bytes([content[-1] ^ 1]))
        case "cut":
            path.write_bytes(content[:-1])
        case "missing":
            path.unlink()
        case _:
            name_of_second = keys.read_writing_key(saved).name_content(b"2")  # type: ignore[union-attr]
            shutil.copy(_repository(saved).object_path(name_of_second), path)
    code, verified = _run(capsys, "backup", "verify")
    assert code == 1 and [name in fault for fault in verified["faults"]] == [True]
    code, restored, target = _restore(saved, capsys, monkeypatch)
    assert code == 3
    stored = store.path_of(saved, store.compute_digest(b"1")).relative_to(saved.root)
    assert str(stored) in restored["error"]["message"] and "--snapshot" in restored["error"]["message"]
    words = {"flipped": "is damaged", "cut": "is damaged", "missing": "is missing", "exchanged": "it was exchanged"}
    assert words[how] in restored["error"]["message"]
    assert list(target.iterdir()) == [], "nothing is left that could be taken for a home"
    if how in ("missing", "cut"):
        _run(capsys, "backup", "run")
        assert _run(capsys, "backup", "verify")[0] == 0, "the next backup stores it again"


def test_forged_list_and_snapshot_are_refused(
    saved: Home, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    folder = saved.root.parent / "repository" / "snapshots"
    snapshot = _repository(saved).find_snapshot(None)
    listed = folder / f"{snapshot}.objects"
    content = listed.read_text(encoding="ascii")
    listed.write_text("".join(content.splitlines(keepends=True)[1:]), encoding="ascii")
    code, answer = _run(capsys, "backup", "verify")
    assert (code, "it was changed" in answer["error"]["message"]) == (3, True)
    listed.write_text(content, encoding="ascii")
    key = keys.read_writing_key(saved)
    assert key is not None
    forged = json.dumps({"seal": "0" * 64, "snapshot": json.dumps({"entries": []})})
    (folder / f"{snapshot}.age").write_bytes(key.encrypt_content(forged.encode()))
    code, answer, _ = _restore(saved, capsys, monkeypatch)
    assert (code, "it was changed" in answer["error"]["message"]) == (3, True)


def test_snapshot_that_names_a_path_outside_the_home_is_refused(
    saved: Home, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    key, repository = keys.read_writing_key(saved), _repository(saved)
    assert key is not None
    snapshot = repository.find_snapshot(None)
    content = {"ledger": "sqlite", "entries": [{"path": "../outside", "mode": 0o700, "mtime": 0}]}
    repository.write_snapshot(snapshot, content, repository.list_objects(snapshot, key), key)
    code, answer, _ = _restore(saved, capsys, monkeypatch)
    assert (code, "outside the home" in answer["error"]["message"]) == (3, True)
    assert not (saved.root.parent / "outside").exists()


def test_restore_replaces_nothing(saved: Home, capsys: pytest.CaptureFixture[str]) -> None:
    before = _read_files(saved.root)
    code, content = _run(capsys, "restore", "--identity", str(saved.root.parent / "identity"))
    assert (code, "is not empty" in content["error"]["message"]) == (3, True)
    assert _read_files(saved.root) == before


def test_backup_into_the_home_is_refused(
    home: Home, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    code, content = _run(capsys, "backup", "init", "--repository", str(home.root / "backups"))
    assert (code, "is in the home" in content["error"]["message"]) == (3, True)


def test_backup_to_a_repository_of_another_home_is_refused(saved: Home, capsys: pytest.CaptureFixture[str]) -> None:
    (saved.restricted / "keys" / "backup.json").unlink()
    code, content = _run(capsys, "backup", "run")
    assert (code, "does not know" in content["error"]["message"]) == (3, True)


def test_prune_keeps_the_newest_and_what_they_need(
    saved: Home, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    note = saved.restricted / "note.txt"
    note.write_text("only in the second", encoding="utf-8")
    _run(capsys, "backup", "run")
    note.unlink()
    _run(capsys, "backup", "run")
    number = len(_objects(saved))
    _, content = _run(capsys, "backup", "prune", "--keep", "1")
    assert len(content["removed"]) == 2
    assert len(_objects(saved)) == number - content["objects"] < number
    assert _run(capsys, "backup", "verify", "--read", "--identity", str(saved.root.parent / "identity"))[0] == 0
    assert _restore(saved, capsys, monkeypatch)[0] == 0


def test_snapshot_is_chosen_by_the_beginning_of_its_name(
    saved: Home, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    first = _repository(saved).find_snapshot(None)
    monkeypatch.setenv("RTI_NOW", "2026-11-26T09:00:00Z")
    (saved.restricted / "later.txt").write_text("later", encoding="utf-8")
    _run(capsys, "backup", "run")
    code, content, target = _restore(saved, capsys, monkeypatch, "--snapshot", first[:12])
    assert (code, content["snapshot"]) == (0, first)
    assert not (target / "restricted" / "later.txt").exists()
    code, content, _ = _restore(saved, capsys, monkeypatch, "--snapshot", "2026")
    assert (code, "2 backups begin with" in content["error"]["message"]) == (3, True)


def test_backup_during_writes_is_one_moment(
    saved: Home, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    """Store a file and then a row with its digest, again and again: a backup never has the row without the file."""
    engine = open_ledger(saved)
    is_ending = threading.Event()
    written: list[str] = []

    def write_accounts() -> None:
        while not is_ending.is_set():
            content = f"account-{len(written)}".encode()
            digest = store.put_bytes(saved, content)
            new = accounts.NewAccount(f"a-{digest[:24]}", digest, (Grant("submitter", "QQ"),))
            accounts.create_many(engine, [new], by=SYSTEM)
            written.append(digest)

    writer = threading.Thread(target=write_accounts)
    writer.start()
    try:
        for _ in range(3):
            code, _ = _run(capsys, "backup", "run")
            assert code == 0
    finally:
        is_ending.set()
        writer.join()
        engine.dispose()
    assert len(written) > 3
    _, content, target = _restore(saved, capsys, monkeypatch)
    assert content["problems"] == []
    restored = open_home(target)
    restored_engine = open_ledger(restored)
    with restored_engine.connect() as connection:
        names = set(
            connection.exec_driver_sql("select display_name from account where account_id like 'a-%'").scalars()
        )
    restored_engine.dispose()
    assert names <= set(written) and names
    assert [n for n in names if not store.path_of(restored, n).is_file()] == []


def test_backup_holds_back_acts_while_it_takes_its_view(
    saved: Home, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    refusals: list[str] = []
    real = staging._stage_files

    def try_to_write(root: Path, folder: Path) -> None:
        with closing(sqlite3.connect(root / "restricted" / "ledger.sqlite", timeout=0)) as connection:
            try:
                connection.execute("begin immediate")
            except sqlite3.OperationalError as error:
                refusals.append(str(error))
        real(root, folder)

    monkeypatch.setattr(staging, "_stage_files", try_to_write)
    assert _run(capsys, "backup", "run")[0] == 0
    assert refusals == ["database is locked"]
    assert not list(saved.restricted.glob(".backup*"))


def test_interrupted_backup_leaves_no_snapshot_and_its_objects_are_written_anew(
    saved: Home, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    program = (
        "import os, signal\n"
        "from pipelines.cli import main\n"
        "from pipelines.operations.backup.repository import Repository\n"
        "Repository.sync_objects = lambda self: os.kill(os.getpid(), signal.SIGKILL)\n"
        "main.main(['backup', 'run'])\n"
    )
    (saved.restricted / "note.txt").write_text("new", encoding="utf-8")
    before = _repository(saved).list_snapshots()
    killed = subprocess.run([sys.executable, "-c", program], cwd=ROOT, env=os.environ, check=False)
    assert killed.returncode == -9
    assert _repository(saved).list_snapshots() == before
    assert list(saved.restricted.glob(".backup*"))
    name = keys.read_writing_key(saved).name_content(b"new")  # type: ignore[union-attr]
    orphan = _repository(saved).object_path(name)
    orphan.write_bytes(orphan.read_bytes()[:-1])
    assert _run(capsys, "backup", "run")[0] == 0
    assert not list(saved.restricted.glob(".backup*"))
    assert _run(capsys, "backup", "verify")[0] == 0
    assert _restore(saved, capsys, monkeypatch)[0] == 0


def test_two_backups_at_once_are_refused(saved: Home, capsys: pytest.CaptureFixture[str]) -> None:
    with _repository(saved).hold_lock():
        code, content = _run(capsys, "backup", "run")
    assert (code, "another command is using" in content["error"]["message"]) == (3, True)


def test_last_backup_is_recorded_and_judged_by_the_doctor(
    saved: Home, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    recorded = saving.read_last_backup(saved)
    assert recorded is not None
    assert recorded["created_at"] == clock.format_timestamp(clock.now())
    assert recorded["snapshot"] == _repository(saved).find_snapshot(None)
    for day, outcome in (("27", "ok"), ("28", "warning")):
        monkeypatch.setenv("RTI_NOW", f"2026-11-{day}T10:00:00Z")
        (check,) = [e for e in diagnose_home(saved, is_quick=True).examinations if e.name == "backup"]
        assert check.outcome == outcome


# -- PostgreSQL


@pytest.fixture
def postgres_home(
    home: Home, postgres_databases: postgres.Databases, monkeypatch: pytest.MonkeyPatch
) -> Iterator[tuple[Home, str]]:
    """The home with its ledger on PostgreSQL, and the address of an empty database."""
    url = postgres_databases.take_migrated()
    source = engine_of(f"sqlite:///{home.restricted / 'ledger.sqlite'}")
    target = engine_of(url)
    with source.connect() as reading, open_write_transaction(target) as writing:
        for table in METADATA.sorted_tables:
            rows = [dict(row._mapping) for row in reading.execute(sa.select(table))]
            if rows:
                writing.execute(table.insert(), rows)
    source.dispose()
    target.dispose()
    for path in home.restricted.glob("ledger.sqlite*"):
        path.unlink()
    monkeypatch.setenv("RTI_LEDGER_URL", url)
    yield home, postgres_databases.create_empty()
    postgres_databases.give_back(url)


def _read_tables(url: str) -> dict[str, list[Any]]:
    engine = engine_of(url)
    with engine.connect() as connection:
        tables = {
            table.name: [tuple(row) for row in connection.execute(sa.select(table).order_by(*table.primary_key))]
            for table in METADATA.sorted_tables
        }
    engine.dispose()
    return tables


@pytest.mark.postgres
def test_ledger_on_postgresql_comes_back_row_for_row(
    postgres_home: tuple[Home, str], capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    home, empty = postgres_home
    source = os.environ["RTI_LEDGER_URL"]
    assert _run(capsys, "backup", "init", "--recipient", str(_fast.to_public()))[0] == 0
    assert _run(capsys, "backup", "run")[0] == 0
    code, content, target = _restore(home, capsys, monkeypatch)
    assert (code, "is not empty" in content["error"]["message"]) == (3, True), "the ledger in use is not replaced"
    monkeypatch.setenv("RTI_LEDGER_URL", empty)
    code, content, target = _restore(home, capsys, monkeypatch)
    assert (code, content["problems"]) == (0, [])
    tables = _read_tables(source)
    assert _read_tables(empty) == tables and len(tables["audit"]) > 3
    assert not (target / staging.POSTGRES_DUMP).exists()
    monkeypatch.delenv("RTI_LEDGER_URL")
    shutil.rmtree(target)
    code, content, _ = _restore(home, capsys, monkeypatch)
    assert (code, "RTI_LEDGER_URL" in content["error"]["message"]) == (3, True)
