"""States of files: everything that writes to a file, or puts another in its place, changes them."""

from __future__ import annotations

import os
from collections.abc import Callable
from pathlib import Path

import pytest

from pipelines.core import file_states
from pipelines.core.file_states import FileStates, read_states


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A folder with two files, one of them in a folder, a link to a file and a link that leads nowhere."""
    monkeypatch.setattr(file_states, "SETTLED_SECONDS", -1.0)
    root = tmp_path / "folder"
    (root / "inner").mkdir(parents=True)
    (root / "one.txt").write_text("one", encoding="ascii")
    (root / "inner" / "two.txt").write_text("two2", encoding="ascii")
    (tmp_path / "elsewhere.txt").write_text("elsewhere", encoding="ascii")
    (root / "link").symlink_to(tmp_path / "elsewhere.txt")
    (root / "nowhere").symlink_to("missing")
    return root


def _write_and_set_time_back(path: Path) -> None:
    """Write as many bytes as before, and set the time of modification back."""
    before = path.stat()
    path.write_text("ONE"[: before.st_size], encoding="ascii")
    os.utime(path, ns=(before.st_atime_ns, before.st_mtime_ns))


def _replace_file(path: Path) -> None:
    copy = path.with_name("other")
    copy.write_bytes(path.read_bytes())
    os.utime(copy, ns=(path.stat().st_atime_ns, path.stat().st_mtime_ns))
    copy.replace(path)


CHANGES: dict[str, Callable[[Path], object]] = {
    "a file is written": lambda folder: (folder / "inner" / "two.txt").write_text("longer than before"),
    "a file is written, and its time set back": lambda folder: _write_and_set_time_back(folder / "one.txt"),
    "a file is replaced by an equal one": lambda folder: _replace_file(folder / "one.txt"),
    "a file is added": lambda folder: (folder / "inner" / "three.txt").touch(),
    "a file is removed": lambda folder: (folder / "one.txt").unlink(),
    "a file is renamed": lambda folder: (folder / "one.txt").rename(folder / "uno.txt"),
    "an empty folder is added": lambda folder: (folder / "empty").mkdir(),
    "the file behind a link is written": lambda folder: (folder.parent / "elsewhere.txt").write_text("changed"),
    "a link leads somewhere": lambda folder: (folder / "missing").write_text("here"),
    "the folder is removed": lambda folder: folder.rename(folder.with_name("away")),
}


@pytest.mark.parametrize("change", CHANGES)
def test_state_differs_after_every_change(folder: Path, change: str) -> None:
    before = read_states(folder)
    assert read_states(folder) == before and before.state == before.digest
    CHANGES[change](folder)
    assert read_states(folder).digest != before.digest


def test_state_of_several_paths_has_their_sizes_and_those_that_are_missing(folder: Path) -> None:
    states = read_states(folder / "one.txt", folder / "inner", folder / "absent")
    assert states.size == len("one") + len("two2")
    (folder / "absent").touch()
    assert read_states(folder / "one.txt", folder / "inner", folder / "absent").digest != states.digest


def test_files_that_were_just_written_have_no_state_to_keep(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(file_states, "SETTLED_SECONDS", 60.0)
    assert read_states(folder).state is None
    assert not file_states.is_settled((folder / "one.txt").stat())
    assert read_states(folder / "absent").state is not None
    assert FileStates("digest", 0, is_settled=False).state is None
