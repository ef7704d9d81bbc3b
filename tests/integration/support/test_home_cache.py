"""Storing the built demonstration home between sessions: when it is used again, and when it is rebuilt."""

from __future__ import annotations

import gc
import os
import shutil
import sqlite3
import time
from collections.abc import Callable
from pathlib import Path

import pytest

from tests.support import home_cache
from tests.support.paths import ROOT

CHANGED_SOURCES = (
    "pipelines/core/clock.py",
    "pipelines/territories/AL/law.csv",
    "pipelines/locales/sq/LC_MESSAGES/rti.po",
    "expectations/justice.py",
    "dbt_project/models/marts/mart_count.sql",
    "dbt_project/seeds/codelists/sex.csv",
    "raw_samples/arrivals.csv",
    "tests/support/demonstration.py",
    "requirements.lock",
)


@pytest.fixture
def builds() -> list[Path]:
    return []


@pytest.fixture
def build(builds: list[Path]) -> Callable[[Path], None]:
    """Write a home of two files and a link, and count the builds."""

    def write_home(root: Path) -> None:
        (root / "public").mkdir(parents=True)
        (root / "home.json").write_text("{}", encoding="utf-8")
        (root / "public" / "release").write_text("figures", encoding="utf-8")
        (root / "current").symlink_to("public")
        builds.append(root)

    return write_home


def test_copy_or_build_builds_an_entry_once(tmp_path: Path, build: Callable[[Path], None], builds: list[Path]) -> None:
    entries = tmp_path / "entries"
    first, second = tmp_path / "first", tmp_path / "second"
    assert home_cache.copy_or_build(first, build, entries=entries, key="k")
    assert not home_cache.copy_or_build(second, build, entries=entries, key="k")
    assert builds == [entries / "k" / "home"]
    assert home_cache.digest_tree(first) == home_cache.digest_tree(second) == home_cache.digest_tree(builds[0])
    assert (second / "current" / "release").read_text(encoding="utf-8") == "figures"


def test_entry_is_whole_although_its_build_left_a_database_open(tmp_path: Path) -> None:
    """Leave a connection in a cycle of objects, as engines of SQLAlchemy do: it is closed when garbage is collected."""

    def write_ledger(root: Path) -> None:
        root.mkdir(parents=True)
        connection = sqlite3.connect(root / "ledger.sqlite", isolation_level=None)
        connection.execute("pragma journal_mode = wal")
        connection.execute("create table submission (number)")
        cycle: list[object] = [connection]
        cycle.append(cycle)

    entries = tmp_path / "entries"
    gc.disable()
    try:
        assert home_cache.copy_or_build(tmp_path / "first", write_ledger, entries=entries, key="k")
    finally:
        gc.enable()
    gc.collect()
    assert home_cache.is_whole(entries / "k")


def test_copy_or_build_with_another_key_builds_again(
    tmp_path: Path, build: Callable[[Path], None], builds: list[Path]
) -> None:
    for key in ("one", "other"):
        assert home_cache.copy_or_build(tmp_path / f"copy-{key}", build, entries=tmp_path / "entries", key=key)
    assert len(builds) == 2


def _change_file(home: Path) -> None:
    (home / "public" / "release").write_text("other", encoding="utf-8")


def _remove_file(home: Path) -> None:
    (home / "home.json").unlink()


def _add_file(home: Path) -> None:
    (home / "more").touch()


def _change_link(home: Path) -> None:
    (home / "current").unlink()
    (home / "current").symlink_to("home.json")


def _lose_mark(home: Path) -> None:
    (home.parent / "complete").unlink()


@pytest.mark.parametrize("damage", [_change_file, _remove_file, _add_file, _change_link, _lose_mark])
def test_copy_or_build_replaces_a_damaged_or_unfinished_entry(
    tmp_path: Path, build: Callable[[Path], None], builds: list[Path], damage: Callable[[Path], None]
) -> None:
    entries = tmp_path / "entries"
    home_cache.copy_or_build(tmp_path / "first", build, entries=entries, key="k")
    damage(builds[0])
    assert home_cache.copy_or_build(tmp_path / "second", build, entries=entries, key="k")
    assert home_cache.digest_tree(tmp_path / "second") == home_cache.digest_tree(tmp_path / "first")


def test_copy_or_build_after_a_failed_build_builds_again(tmp_path: Path, build: Callable[[Path], None]) -> None:
    def fail_after_build(root: Path) -> None:
        build(root)
        raise RuntimeError("stopped")

    with pytest.raises(RuntimeError, match="stopped"):
        home_cache.copy_or_build(tmp_path / "first", fail_after_build, entries=tmp_path / "entries", key="k")
    assert home_cache.copy_or_build(tmp_path / "first", build, entries=tmp_path / "entries", key="k")


def test_copy_or_build_removes_old_entries_and_keeps_those_of_running_sessions(
    tmp_path: Path, build: Callable[[Path], None]
) -> None:
    entries = tmp_path / "entries"
    for key in ("older", "old", "recent"):
        home_cache.copy_or_build(tmp_path / key, build, entries=entries, key=key)
    for key, hours in (("older", 5), ("old", 4), ("recent", 1)):
        moment = time.time() - hours * 3600
        os.utime(entries / key, (moment, moment))
    home_cache.copy_or_build(tmp_path / "new", build, entries=entries, key="new")
    assert sorted(path.name for path in entries.iterdir() if path.is_dir()) == ["new", "recent"]


@pytest.fixture(scope="module")
def checkout(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Return a folder with one file of each kind that the build reads, at its place."""
    root = tmp_path_factory.mktemp("checkout")
    for name in (*CHANGED_SOURCES, "pyproject.toml"):
        (root / name).parent.mkdir(parents=True, exist_ok=True)
        shutil.copyfile(ROOT / name, root / name)
    return root


def test_each_source_of_the_build_is_in_the_project_and_changes_its_key(checkout: Path) -> None:
    """Check that no source is misspelt: a missing one would be left out of the key."""
    for name in home_cache.SOURCES:
        assert (ROOT / name).exists(), name
        assert (checkout / name).exists() or name == "tests/support/home_cache.py", name


@pytest.mark.parametrize("name", CHANGED_SOURCES)
def test_home_key_changes_with_each_source(checkout: Path, name: str) -> None:
    path, before = checkout / name, home_cache.home_key(checkout, {})
    content = path.read_bytes()
    path.write_bytes(content + b" ")
    assert home_cache.home_key(checkout, {}) != before
    path.write_bytes(content)
    assert home_cache.home_key(checkout, {}) == before


def test_home_key_changes_with_new_and_renamed_files(checkout: Path) -> None:
    keys = [home_cache.home_key(checkout, {})]
    new, renamed = checkout / "expectations" / "new.py", checkout / "expectations" / "renamed.py"
    new.touch()
    keys.append(home_cache.home_key(checkout, {}))
    new.rename(renamed)
    keys.append(home_cache.home_key(checkout, {}))
    renamed.unlink()
    assert len(set(keys)) == 3


def test_home_key_ignores_what_tools_write(checkout: Path) -> None:
    before = home_cache.home_key(checkout, {})
    for name in ("pipelines/core/__pycache__/clock.pyc", "dbt_project/target/manifest.json"):
        (checkout / name).parent.mkdir(exist_ok=True)
        (checkout / name).write_text("written by a tool", encoding="utf-8")
    assert home_cache.home_key(checkout, {}) == before


@pytest.mark.parametrize(
    ("environment", "differs"),
    [
        ({"RTI_LEDGER_URL": "postgresql://"}, True),
        ({"RTI_TERRITORIES": "/elsewhere"}, True),
        ({"RTI_CACHE": "/elsewhere", "RTI_HOME": "/home", "RTI_NOW": "2026-01-01T00:00:00Z"}, False),
        ({"RTI_TEST_TURN": "2"}, False),
        ({"LANG": "sq_AL.UTF-8"}, False),
    ],
)
def test_home_key_changes_with_settings_that_the_build_reads(
    checkout: Path, environment: dict[str, str], differs: bool
) -> None:
    assert (home_cache.home_key(checkout, environment) != home_cache.home_key(checkout, {})) is differs


def test_home_key_changes_with_a_package(checkout: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    before = home_cache.home_key(checkout, {})
    monkeypatch.setattr(home_cache, "distributions", list)
    assert home_cache.home_key(checkout, {}) != before
