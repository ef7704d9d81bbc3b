"""Tests of backups of a home whose files of returns are in a bucket."""

from __future__ import annotations

from pathlib import Path

import pyrage
import pytest

from pipelines.cli import main
from pipelines.core.home import open_home
from pipelines.operations.backup import staging
from pipelines.submissions import store
from tests.support.intact_home import make_intact_home
from tests.support.object_store import ObjectStore

pytestmark = pytest.mark.storage


def test_backup_has_the_files_of_the_bucket_and_restores_them(
    tmp_path: Path, object_store: ObjectStore, monkeypatch: pytest.MonkeyPatch
) -> None:
    identity = pyrage.x25519.Identity.generate()
    (tmp_path / "identity").write_text(str(identity), encoding="ascii")
    home = make_intact_home(tmp_path / "first")
    monkeypatch.setenv("RTI_HOME", str(home.root))
    monkeypatch.setenv("RTI_BACKUP_REPOSITORY", str(tmp_path / "repository"))
    digests = [store.compute_digest(name.encode()) for name in ("1", "2", "3")]
    assert not any(store.path_of(home, digest).exists() for digest in digests)
    marked = store.put_bytes(home, b"to be removed")
    stage_files = staging._stage_files

    def change_bucket_first(root: Path, folder: Path) -> None:
        """Store and remove a file after the first of the two times that the bucket is read."""
        digests.append(store.put_bytes(home, b"late"))
        store.mark_not_kept(home, marked)
        store.drop_not_kept(home, marked)
        stage_files(root, folder)

    monkeypatch.setattr(staging, "_stage_files", change_bucket_first)
    assert main.main(["backup", "init", "--recipient", str(identity.to_public())]) == 0
    assert main.main(["backup", "run"]) == 0

    monkeypatch.setenv("RTI_HOME", str(tmp_path / "restored"))
    monkeypatch.setenv("RTI_STORE_BUCKET", object_store.choose_folder("restored")["RTI_STORE_BUCKET"])
    assert main.main(["restore", "--identity", str(tmp_path / "identity")]) == 0
    restored = open_home(tmp_path / "restored")
    assert sorted(file.name for file in store.list_stored(restored)) == sorted(map(store.name_of, digests))
    assert [store.find_problem(restored, digest) for digest in digests] == [None] * 4
    assert store.is_not_kept(restored, marked)
