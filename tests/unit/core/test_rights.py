"""Tests of what a home's files and folders may be used for: by one user, or by the users of a group."""

from __future__ import annotations

import ast
import os
import stat
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest
import sqlalchemy as sa

from pipelines.core import rights
from pipelines.core.home import Home, initialise_home
from pipelines.ledger.database import engine_of, open_read_transaction, open_write_transaction
from tests.support.paths import ROOT

FOR_ONE_USER = {
    "core/home.py": "a new home, until it is shared",
    "core/rights.py": "what is private in a home that is not shared",
    "operations/backup/repository.py": "the repository of backups is not in the home",
    "operations/backup/restoring.py": "a home that is being restored; its files get the rights of the backup",
    "operations/backup/keys.py": "until the new file gets its rights",
    "submissions/service/practice.py": "the offices' pages alone use practice homes",
    "warehouse/dbt_cache.py": "a cache of one user, not in the home",
    "warehouse/spark/builds.py": "a folder that is not in the home; what is kept is made below it",
    "reading/sandbox/forking.py": "the folder of one reading process",
    "reading/sandbox/spawning.py": "the folder of one reading process",
}
"""Modules below `pipelines/` that create something for one user only, and why the others need not use it."""


@contextmanager
def _umask(mask: int) -> Iterator[None]:
    before = os.umask(mask)
    try:
        yield
    finally:
        os.umask(before)


def _mode(path: Path) -> int:
    return stat.S_IMODE(path.stat().st_mode)


@pytest.fixture
def home(tmp_path: Path) -> Home:
    with _umask(0o022):
        home = initialise_home(tmp_path / "home", "demonstration")
        rights.make_private_folder(home.restricted / "keys")
        (home.restricted / "keys" / "old.pem").write_text("key")
        (home.restricted / "keys" / "old.pem").chmod(0o600)
        (home.releases / "cell.parquet").write_bytes(b"figures")
        (home.releases / "cell.parquet").chmod(0o444)
        (home.public / "current").symlink_to("releases/none")
    return home


def test_new_home_is_for_its_user(home: Home) -> None:
    assert not rights.is_shared(home)
    assert (_mode(home.restricted), _mode(home.restricted / "keys")) == (0o700, 0o700)
    assert rights.choose_private_mode(home.restricted / "keys") == 0o600


def test_umask_that_lets_the_group_write_shares_nothing(tmp_path: Path) -> None:
    with _umask(0o002):
        home = initialise_home(tmp_path / "home", "demonstration")
        rights.make_private_folder(home.restricted / "keys")
    assert not rights.is_shared(home)
    assert (_mode(home.restricted / "keys"), rights.choose_private_mode(home.restricted)) == (0o700, 0o600)


def test_folder_that_the_group_may_only_enter_is_not_shared(home: Home) -> None:
    home.restricted.chmod(0o755)
    rights.make_private_folder(home.restricted / "survey")
    assert not rights.is_shared(home)
    assert (_mode(home.restricted / "survey"), rights.choose_private_mode(home.restricted)) == (0o700, 0o600)


def test_shared_home_gives_the_group_what_its_user_has(home: Home) -> None:
    rights.share_home(home)
    assert rights.is_shared(home)
    assert (_mode(home.root), _mode(home.restricted), _mode(home.store)) == (0o775, 0o770, 0o775)
    assert (_mode(home.restricted / "keys"), _mode(home.restricted / "keys" / "old.pem")) == (0o770, 0o660)
    assert _mode(home.releases / "cell.parquet") == 0o444, "a released file stays read-only"
    assert list(rights.find_unshared(home)) == []
    with _umask(0o022):
        rights.adopt_umask(home)
        rights.make_private_folder(home.restricted / "survey")
        (home.drafts / "2026-Q3").mkdir()
        key = home.restricted / "keys" / "new.pem"
        os.close(os.open(key, os.O_CREAT | os.O_WRONLY, rights.choose_private_mode(key.parent)))
    assert (_mode(home.restricted / "survey"), _mode(home.drafts / "2026-Q3"), _mode(key)) == (0o770, 0o775, 0o660)
    assert list(rights.find_unshared(home)) == []


@pytest.mark.parametrize(
    ("name", "mode"), [("restricted/keys/old.pem", 0o600), ("restricted/keys/old.pem", 0o640), ("public", 0o755)]
)
def test_what_the_group_cannot_use_is_found(home: Home, name: str, mode: int) -> None:
    rights.share_home(home)
    (home.root / name).chmod(mode)
    assert list(rights.find_unshared(home)) == [home.root / name]


def test_file_of_another_group_is_found(home: Home) -> None:
    if os.geteuid() != 0:
        pytest.skip("only root can give a file to a group that it is not in")
    rights.share_home(home)
    os.chown(home.releases / "cell.parquet", -1, 64000)
    assert list(rights.find_unshared(home)) == [home.releases / "cell.parquet"]


def test_folders_of_one_part_are_left_out(home: Home) -> None:
    rights.share_home(home)
    for name in rights.OF_ONE_USER:
        (home.root / name / "below").mkdir(mode=0o700, parents=True)
    assert list(rights.find_unshared(home)) == []


def test_restricting_changes_only_files_with_other_rights(home: Home) -> None:
    rights.share_home(home)
    path = home.restricted / "keys" / "old.pem"
    path.chmod(0o644)
    rights.restrict_file(path)
    assert _mode(path) == 0o660
    changed_at = path.stat().st_ctime_ns
    rights.restrict_file(path)
    assert path.stat().st_ctime_ns == changed_at, "another user than the owner may not change rights"


@pytest.mark.parametrize(("mask", "mode"), [(0o002, 0o664), (0o022, 0o644), (0o077, 0o600)])
def test_new_database_and_its_log_have_the_rights_that_the_umask_leaves(tmp_path: Path, mask: int, mode: int) -> None:
    path = tmp_path / "ledger.sqlite"
    with _umask(mask):
        engine = engine_of(f"sqlite:///{path}")
        with open_write_transaction(engine) as connection:
            connection.execute(sa.text("create table note (text text)"))
        log = path.with_name("ledger.sqlite-wal")
        assert (_mode(path), _mode(log)) == (mode, mode)
        engine.dispose()


def test_opening_a_database_again_keeps_the_locks_of_its_connections(tmp_path: Path) -> None:
    """Try, from another process, to write while this one does: closing the file in between would let it."""
    path = tmp_path / "ledger.sqlite"
    writing = engine_of(f"sqlite:///{path}")
    program = "import sqlite3, sys; sqlite3.connect(sys.argv[1], timeout=0).execute('begin immediate')"
    with open_write_transaction(writing) as connection:
        connection.execute(sa.text("create table note (text text)"))
        reading = engine_of(f"sqlite:///{path}")
        with open_read_transaction(reading):
            pass
        reading.dispose()
        tried = subprocess.run([sys.executable, "-c", program, str(path)], capture_output=True, text=True, check=False)
    writing.dispose()
    assert "database is locked" in tried.stderr


def test_modules_that_create_something_for_one_user_are_known() -> None:
    modules = set()
    for path in sorted((ROOT / "pipelines").rglob("*.py")):
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
            is_private = isinstance(node, ast.Constant) and node.value in (0o600, 0o700) and type(node.value) is int
            is_temporary = isinstance(node, ast.Attribute) and node.attr in ("mkdtemp", "mkstemp", "NamedTemporaryFile")
            if is_temporary or (is_private and _is_mode(path, node)):
                modules.add(path.relative_to(ROOT / "pipelines").as_posix())
    assert modules == set(FOR_ONE_USER)


def _is_mode(path: Path, node: ast.AST) -> bool:
    """Return True for a number that is written in octal digits."""
    assert isinstance(node, ast.Constant)
    line = path.read_text(encoding="utf-8").splitlines()[node.lineno - 1]
    return line[node.col_offset :].startswith("0o")
