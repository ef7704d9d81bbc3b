"""Temporary files: what is written stays, what killed processes left is removed, and a file is old or new."""

from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from pipelines.core import asides

pytestmark = pytest.mark.skipif(sys.platform == "win32", reason="a service runs on POSIX systems")

_HOLDER = """
import sys
from pathlib import Path
from pipelines.core import asides
with getattr(asides, sys.argv[1])(Path(sys.argv[2])) as aside:
    print(aside, flush=True)
    sys.stdin.read()
"""


@contextmanager
def start_holder(kind: str, path: Path) -> Iterator[tuple[subprocess.Popen[str], Path]]:
    """Start a process that holds a temporary file or folder until its input ends or it is killed."""
    with subprocess.Popen(
        [sys.executable, "-c", _HOLDER, kind, str(path)], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
    ) as process:
        assert process.stdout is not None
        try:
            yield process, Path(process.stdout.readline().strip())
        finally:
            process.kill()


@pytest.mark.parametrize("kind", ["hold_file", "hold_folder"])
def test_what_another_process_writes_stays_until_it_is_killed(tmp_path: Path, kind: str) -> None:
    with start_holder(kind, tmp_path / "target") as (process, aside):
        assert asides.remove_abandoned(tmp_path.iterdir()) == []
        assert aside.exists()
        process.kill()
        process.wait()
        assert aside.exists(), "the kill left nothing behind"
        assert asides.remove_abandoned(tmp_path.iterdir()) == [aside]
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize("kind", ["hold_file", "hold_folder"])
def test_what_is_not_renamed_is_removed_at_the_end(tmp_path: Path, kind: str) -> None:
    with start_holder(kind, tmp_path / "target") as (process, aside):
        assert aside.parent == tmp_path
        process.communicate("")
        assert process.returncode == 0
    assert list(tmp_path.iterdir()) == []


def test_file_is_replaced_whole_with_its_rights(tmp_path: Path) -> None:
    path = tmp_path / "folder" / "file.json"
    with asides.replace_file(path, mode=0o600, flush=True) as aside:
        aside.write_text("first")
        assert not path.exists()
    assert path.read_text() == "first"
    assert path.stat().st_mode & 0o777 == 0o600
    with pytest.raises(ZeroDivisionError), asides.replace_file(path) as aside:
        aside.write_text("half")
        raise ZeroDivisionError
    assert path.read_text() == "first"
    assert list(path.parent.iterdir()) == [path]


def test_first_of_two_writers_wins_if_the_file_is_to_be_kept(tmp_path: Path) -> None:
    path = tmp_path / "secret"
    with asides.replace_file(path, keep=True) as first, asides.replace_file(path, keep=True) as second:
        first.write_text("first")
        second.write_text("second")
    assert path.read_text() == "second", "the inner one ended first"
    assert list(tmp_path.iterdir()) == [path]


def test_file_taken_for_abandoned_before_it_was_locked_gets_another_name(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    create, removed = asides._create_file, list[Path]()

    def create_and_lose(path: Path, mode: int) -> None:
        create(path, mode)
        if not removed:
            removed.extend(asides.remove_abandoned([path]))

    monkeypatch.setattr(asides, "_create_file", create_and_lose)
    with asides.replace_file(tmp_path / "file") as aside:
        assert removed
        assert removed != [aside]
        aside.write_text("whole")
    assert [path.name for path in tmp_path.iterdir()] == ["file"]


@pytest.mark.parametrize("when", ["open", "lock"])
def test_file_lost_while_it_is_locked_gets_another_name(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, when: str
) -> None:
    lock, lost = asides._lock, list[int]()

    def lose_and_lock(handle: int, *, shared: bool) -> bool:
        if lost:
            return lock(handle, shared=shared)
        lost.append(handle)
        for path in tmp_path.iterdir():
            path.unlink()
        return when == "open" and lock(handle, shared=shared)  # else somebody else has locked it

    monkeypatch.setattr(asides, "_lock", lose_and_lock)
    with asides.replace_file(tmp_path / "file") as aside:
        assert aside.exists()
        aside.write_text("whole")
    assert lost
    assert (tmp_path / "file").read_text() == "whole"


def test_other_files_stay_whatever_their_names_resemble(tmp_path: Path) -> None:
    names = (
        "file", ".file", ".draft.new", "file.0123456789abcdef.new", ".file.0123456789abcde.new",
        ".file.0123456789abcdef.gone", ".file.0123456789ABCDEF.new",
    )  # fmt: skip
    paths = [tmp_path / name for name in names]
    for path in paths:
        path.write_text("stays")
    assert asides.remove_abandoned([*paths, tmp_path / ".gone.0123456789abcdef.new"]) == []
    assert sorted(tmp_path.iterdir()) == sorted(paths)


def leave_link(folder: Path) -> Path:
    """Give a whole file a second name, as a process does that is killed before it renames it."""
    (folder / "whole").write_text("whole")
    aside = asides.name_aside(folder / "target")
    os.link(folder / "whole", aside)
    return aside


def leave_unlocked(folder: Path) -> Path:
    """Leave a file as earlier versions named it."""
    aside = folder / ".file.4711.140001.new"
    aside.write_text("half")
    return aside


def leave_where_nothing_locks(folder: Path) -> Path:
    """Leave a file of this version."""
    aside = asides.name_aside(folder / "file")
    aside.write_text("half")
    return aside


@pytest.mark.parametrize("leave", [leave_link, leave_unlocked, leave_where_nothing_locks])
def test_what_no_lock_tells_is_removed_after_an_hour(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, leave: Callable[[Path], Path]
) -> None:
    aside = leave(tmp_path)
    if leave is leave_where_nothing_locks:
        monkeypatch.setattr("fcntl.flock", lambda *_: (_ for _ in ()).throw(OSError(37, "No locks available")))
        with asides.hold_file(tmp_path / "other") as locked:
            assert asides.remove_abandoned(tmp_path.iterdir()) == []
            assert locked.exists()
    assert asides.remove_abandoned(tmp_path.iterdir()) == []
    monkeypatch.setattr(asides, "LONGEST_SECONDS", -1.0)
    assert asides.remove_abandoned(tmp_path.iterdir()) == [aside]


def test_folder_of_an_earlier_version_is_removed_after_an_hour(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    for name in (".backup-4711", ".receiving.4711.140001"):
        (tmp_path / name / "inner").mkdir(parents=True)
    assert asides.remove_abandoned(tmp_path.iterdir()) == []
    monkeypatch.setattr(asides, "LONGEST_SECONDS", -1.0)
    assert len(asides.remove_abandoned(tmp_path.iterdir())) == 2
    assert list(tmp_path.iterdir()) == []


def test_folder_that_cannot_be_removed_is_not_reported_as_removed(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    aside = asides.name_aside(tmp_path / "folder")
    aside.mkdir()
    monkeypatch.setattr("shutil.rmtree", lambda *_args, **_options: None)
    assert asides.remove_abandoned([aside]) == []
    assert aside.exists()
