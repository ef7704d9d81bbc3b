"""The store of bytes."""

import os
from pathlib import Path

import pytest

from pipelines.core.home import initialise_home
from pipelines.submissions import store


def test_put_bytes_stores_bytes_unchanged_under_their_digest(tmp_path: Path) -> None:
    home = initialise_home(tmp_path / "home", "real")
    sha256 = store.put_bytes(home, b"\x00\xffkazna\r\n")
    assert store.get_bytes(home, sha256) == b"\x00\xffkazna\r\n"
    assert store.path_of(home, sha256) == home.store / sha256[:2] / sha256
    assert store.put_bytes(home, b"\x00\xffkazna\r\n") == sha256
    assert [p.name for p in home.store.rglob("*") if p.is_file()] == [sha256]


def test_get_bytes_of_changed_file_raises(tmp_path: Path) -> None:
    home = initialise_home(tmp_path / "home", "real")
    sha256 = store.put_bytes(home, b"one")
    store.path_of(home, sha256).write_bytes(b"two")
    with pytest.raises(store.StoreError, match="changed on the disk"):
        store.get_bytes(home, sha256)


def test_get_bytes_of_missing_file_raises(tmp_path: Path) -> None:
    home = initialise_home(tmp_path / "home", "real")
    with pytest.raises(store.StoreError, match="backup"):
        store.get_bytes(home, "0" * 64)


def test_put_bytes_interrupted_leaves_no_partial_file(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    home = initialise_home(tmp_path / "home", "real")

    def power_cut(_handle: int) -> None:
        raise OSError("no power")

    monkeypatch.setattr(os, "fsync", power_cut)
    with pytest.raises(OSError, match="no power"):
        store.put_bytes(home, b"half")
    assert not [p for p in home.store.rglob("*") if p.is_file()]
