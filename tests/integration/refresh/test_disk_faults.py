"""A disk that becomes full or read-only in the middle of each step of a refresh, and too little memory.

Each is named, nothing is half, and the next refresh finishes.
"""

from __future__ import annotations

import errno
import os
import signal
from collections import Counter
from collections.abc import Iterator
from concurrent.futures import ProcessPoolExecutor
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from random import Random
from unittest import mock

import pytest

from pipelines.cli import main
from pipelines.core.home import open_home
from pipelines.core.spawned import open_pool
from pipelines.front import build
from pipelines.front.build import Language
from pipelines.refresh import release
from tests.kills import examining, world
from tests.support import disks
from tests.support.demonstration import copy_home
from tests.support.failing_disk import failing_disk

pytestmark = pytest.mark.slow
SEED = 17
BEFORE = {
    "gathered": "desk-3",
    "build_counts": "desk-3",
    "case_record_figures": "desk-3",
    "protected_cells": "desk-4",
    "build_public_indicators": "desk-4",
    "build_restricted_indicators": "desk-5",
    "release_draft": "desk-6",
}
"""The steps of a refresh, each with the home in which everything before it is done."""
WORDS = {errno.ENOSPC: "is full", errno.EROFS: "is read-only"}


@dataclass(frozen=True)
class Reference:
    """Homes before each step, and a refresh without faults: the files of its draft, its calls, and its bytes."""

    folder: Path
    drafts: dict[str, str]
    calls: dict[int, Counter[str]]
    written: int


def measure_folder(folder: Path) -> int:
    """Return the bytes that the files of a folder take on a disk."""
    return sum(path.lstat().st_blocks * 512 for path in folder.rglob("*"))


@pytest.fixture(scope="module")
def reference(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Reference]:
    folder = tmp_path_factory.mktemp("disk-faults")
    languages = build.list_languages()[:1]
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(build, "list_languages", lambda: languages)
        world.build_world(folder)
        root = folder / "reference"
        copy_home(folder / "desk-3", root)
        before = measure_folder(root)
        with use_home(folder, root), failing_disk(root, patch) as disk:
            finished = examining.finish_refresh(root)
        assert finished["code"] == 0
        yield Reference(folder, finished["drafts"], disk.calls, measure_folder(root) - before)


def use_home(folder: Path, root: Path) -> mock._patch_dict:
    return mock.patch.dict(os.environ, world.make_environment(root, folder / "samples"), clear=True)


def check_home(root: Path, before: dict[str, object]) -> None:
    """Check that nothing is half or lost: the release, the returns, the facts, the drafts."""
    after = examining.examine_home(root)
    assert after["damage"] == [] and after["half"] == []
    assert {name: after[name] for name in before if name != "half"} == {
        name: value for name, value in before.items() if name != "half"
    }


@pytest.mark.parametrize("error", WORDS, ids=["full", "read-only"])
@pytest.mark.parametrize("step", BEFORE)
def test_disk_that_fails_within_a_step_is_named_and_the_next_refresh_finishes(
    reference: Reference,
    step: str,
    error: int,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    root = tmp_path / "home"
    copy_home(reference.folder / BEFORE[step], root)
    with use_home(reference.folder, root):
        before = examining.examine_home(root)
        call = Random(f"{SEED}-{step}-{error}").randrange(reference.calls[error][step])
        with failing_disk(root, monkeypatch, step=step, call=call, error=error) as disk:
            code = main.main(["refresh"])
        message = capsys.readouterr().err
        assert disk.has_failed, f"{step} made no call after {call}"
        assert code == 3, message
        assert "The disk holding" in message and WORDS[error] in message, message
        assert "fault of the program" not in message
        check_home(root, before)
        finished = examining.finish_refresh(root)
    assert (finished["code"], finished["drafts"]) == (0, reference.drafts)


@pytest.mark.parametrize("share", [0.2, 0.5, 0.8])
def test_refresh_on_a_disk_that_becomes_full_is_finished_when_there_is_space(
    reference: Reference, share: float, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """Fill a real disk, so that also what DuckDB, SQLite and Polars write fails."""
    used = measure_folder(reference.folder / "desk-3")
    with disks.small_disk(tmp_path, (used + 4 * reference.written) // 1024) as disk:
        root = disk / "home"
        copy_home(reference.folder / "desk-3", root)
        with use_home(reference.folder, root):
            before = examining.examine_home(root)
            disks.fill_disk(disk, leave=int(share * reference.written) // 1024)
            code = main.main(["refresh"])
            message = capsys.readouterr().err
            assert code == 3, message
            assert "The disk holding" in message and WORDS[errno.ENOSPC] in message, message
            assert "fault of the program" not in message
            disks.empty_disk(disk)
            check_home(root, before)
            finished = examining.finish_refresh(root)
        assert open_home(root).current.resolve().name == before["current"]
    assert (finished["code"], finished["drafts"]) == (0, reference.drafts)


@pytest.mark.parametrize("step", ["build_counts", "build_public_indicators"])
def test_refresh_with_too_little_memory_is_named_and_the_next_one_finishes(
    reference: Reference,
    step: str,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    root = tmp_path / "home"
    copy_home(reference.folder / BEFORE[step], root)
    with use_home(reference.folder, root):
        before = examining.examine_home(root)
        monkeypatch.setenv("RTI_BUILD_MEMORY", "20MB")
        code = main.main(["refresh"])
        message = capsys.readouterr().err
        assert code == 3, message
        assert "DuckDB reached its limit of memory: " in message and "Set `RTI_BUILD_MEMORY` to more" in message
        assert "fault of the program" not in message
        check_home(root, before)
        monkeypatch.delenv("RTI_BUILD_MEMORY")
        finished = examining.finish_refresh(root)
    assert (finished["code"], finished["drafts"]) == (0, reference.drafts)


def test_refresh_whose_process_of_pages_is_killed_is_named_and_the_next_one_finishes(
    reference: Reference, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    def open_killed_pool(processes: int) -> ProcessPoolExecutor:
        pool = open_pool(processes)
        killed = partial(pool.submit, signal.raise_signal, signal.SIGKILL)
        monkeypatch.setattr(pool, "submit", lambda *_work: killed())
        return pool

    root = tmp_path / "home"
    copy_home(reference.folder / BEFORE["release_draft"], root)
    languages = [*build.list_languages(), Language("sq", "sq", "Shqip")]
    monkeypatch.setattr(build, "list_languages", lambda: languages)
    monkeypatch.setattr(release, "count_processes", lambda _megabytes: 2)
    with use_home(reference.folder, root):
        before = examining.examine_home(root)
        monkeypatch.setattr(build, "open_pool", open_killed_pool)
        code = main.main(["refresh"])
        message = capsys.readouterr().err
        assert code == 3, message
        assert "A process that computed for this command was ended" in message
        assert "fault of the program" not in message
        check_home(root, before)
        monkeypatch.setattr(build, "open_pool", open_pool)
        finished = examining.finish_refresh(root)
        (draft,) = finished["drafts"]
        pages = open_home(root).drafts / draft / build.FOLDER
    assert finished["code"] == 0
    assert {path.name for path in (pages / "sq").iterdir()} == {path.name for path in (pages / "en").iterdir()}
