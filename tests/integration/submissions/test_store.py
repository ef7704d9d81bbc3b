"""The store of bytes."""

import os
from pathlib import Path

import pytest

from pipelines.core.home import initialise_home
from pipelines.submissions import store


def test_bytes_come_back_unchanged_and_lie_under_their_digest(tmp_path: Path) -> None:
    home = initialise_home(tmp_path / "home", "real")
    sha256 = store.put_bytes(home, b"\x00\xffkazna\r\n")
    assert store.get_bytes(home, sha256) == b"\x00\xffkazna\r\n"
    assert store.path_of(home, sha256) == home.store / sha256[:2] / sha256
    assert store.put_bytes(home, b"\x00\xffkazna\r\n") == sha256
    assert [p.name for p in home.store.rglob("*") if p.is_file()] == [sha256]


def test_what_was_changed_on_the_disk_is_noticed(tmp_path: Path) -> None:
    home = initialise_home(tmp_path / "home", "real")
    sha256 = store.put_bytes(home, b"one")
    store.path_of(home, sha256).write_bytes(b"two")
    with pytest.raises(store.StoreError, match="changed on the disk"):
        store.get_bytes(home, sha256)


def test_what_is_not_there_is_said(tmp_path: Path) -> None:
    home = initialise_home(tmp_path / "home", "real")
    with pytest.raises(store.StoreError, match="backup"):
        store.get_bytes(home, "0" * 64)


def test_a_crash_while_writing_leaves_no_half_file(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    home = initialise_home(tmp_path / "home", "real")

    def power_cut(_handle: int) -> None:
        raise OSError("no power")

    monkeypatch.setattr(os, "fsync", power_cut)
    with pytest.raises(OSError, match="no power"):
        store.put_bytes(home, b"half")
    assert not [p for p in home.store.rglob("*") if p.is_file()]
