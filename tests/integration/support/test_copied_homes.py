"""Copies of the built home while tests of other workers read its ledger."""

from __future__ import annotations

import shutil
from collections.abc import Callable
from pathlib import Path

import pytest

from tests.support.demonstration import ReusedHome, copy_for_pages, copy_home, damage_file

NAMES = ("ledger.sqlite", "ledger.sqlite-shm", "ledger.sqlite-wal")


@pytest.fixture
def built(tmp_path: Path) -> Path:
    folder = tmp_path / "built" / "restricted"
    folder.mkdir(parents=True)
    for name in NAMES:
        (folder / name).write_text(name, encoding="utf-8")
    return tmp_path / "built"


def remove_before_copying(monkeypatch: pytest.MonkeyPatch, *names: str) -> None:
    """Remove files just before they are copied, as another process might."""
    copy_file = shutil.copy2

    def remove_or_copy(source: str, destination: str) -> str:
        if Path(source).name in names:
            Path(source).unlink()
        return copy_file(source, destination)

    monkeypatch.setattr(shutil, "copy2", remove_or_copy)


@pytest.mark.parametrize("copy", [copy_home, copy_for_pages])
def test_copy_does_without_files_that_readers_of_the_ledger_remove(
    built: Path, tmp_path: Path, copy: Callable[[Path, Path], None], monkeypatch: pytest.MonkeyPatch
) -> None:
    copy(built, tmp_path / "whole")
    assert sorted(path.name for path in (tmp_path / "whole" / "restricted").iterdir()) == list(NAMES)
    remove_before_copying(monkeypatch, "ledger.sqlite-wal", "ledger.sqlite-shm")
    copy(built, tmp_path / "copy")
    assert [path.name for path in (tmp_path / "copy" / "restricted").iterdir()] == ["ledger.sqlite"]


@pytest.mark.parametrize("copy", [copy_home, copy_for_pages])
def test_copy_without_the_ledger_is_an_error(
    built: Path, tmp_path: Path, copy: Callable[[Path, Path], None], monkeypatch: pytest.MonkeyPatch
) -> None:
    remove_before_copying(monkeypatch, "ledger.sqlite")
    with pytest.raises((shutil.Error, FileNotFoundError), match=r"ledger\.sqlite'"):
        copy(built, tmp_path / "copy")


def test_copy_for_pages_shares_what_is_never_written_in_place(tmp_path: Path) -> None:
    built, copied = tmp_path / "built", tmp_path / "copied"
    files = ("refresh.lock", "restricted/ledger.sqlite", "restricted/facts/finding/S1.parquet", "restricted/dbt/x.json")
    files += ("public/releases/2026-Q3/manifest.json", "public/releases/2026-Q3/pages/en/index.html")
    for name in files:
        (built / name).parent.mkdir(parents=True, exist_ok=True)
        (built / name).write_text(name, encoding="utf-8")
    (built / "restricted" / "store").mkdir()
    (built / "restricted" / "store" / "pointer").symlink_to(built / files[0])
    copy_for_pages(built, copied)
    linked = [name for name in files if (copied / name).exists() and (copied / name).samefile(built / name)]
    assert linked == ["restricted/facts/finding/S1.parquet", "public/releases/2026-Q3/manifest.json"]
    assert not (copied / "restricted" / "dbt").exists() and not (copied / files[-1]).exists()
    assert (copied / "restricted" / "store" / "pointer").is_symlink()
    damage_file(copied / linked[0], b"damaged")
    assert (built / linked[0]).read_text(encoding="utf-8") == linked[0]


def list_contents(root: Path) -> dict[str, bytes | None]:
    """Return the bytes of each file below a folder; None for folders."""
    return {str(path.relative_to(root)): path.read_bytes() if path.is_file() else None for path in root.rglob("*")}


def test_reused_home_is_like_new_after_any_change_that_programs_make(tmp_path: Path) -> None:
    built = tmp_path / "built"
    files = ["refresh.lock", "restricted/ledger.sqlite", "restricted/survey/answers.sqlite", "restricted/store/aa/aa1"]
    files += ["restricted/facts/finding/S1.parquet", "restricted/facts/finding/S2.parquet", "public/keys/key.json"]
    for name in files:
        (built / name).parent.mkdir(parents=True, exist_ok=True)
        (built / name).write_text(name, encoding="utf-8")
    reused_home = ReusedHome(built, tmp_path / "reused")
    restricted, before = reused_home.root / "restricted", list_contents(reused_home.root)
    for _ in range(2):
        (restricted / "ledger.sqlite").write_bytes(b"written in place")
        (restricted / "ledger.sqlite-wal").write_bytes(b"new next to it")
        (restricted / "survey" / "answers.sqlite").unlink()
        (restricted / "facts" / "finding" / "S3.parquet").write_bytes(b"added")
        (restricted / "facts" / "finding" / "S2.parquet").unlink()
        damage_file(restricted / "facts" / "finding" / "S1.parquet", b"replaced")
        shutil.rmtree(restricted / "store" / "aa")
        (restricted / "practice" / "somebody").mkdir(parents=True)
        (restricted / "practice" / "somebody" / "file").write_bytes(b"in new folders")
        reused_home.restore_files()
        assert list_contents(reused_home.root) == before
    assert list_contents(built) == before
