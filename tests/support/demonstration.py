"""Build the demonstration home that tests share, under its frozen clock."""

from __future__ import annotations

import errno
import os
import shutil
from collections.abc import Iterator
from pathlib import Path

from pipelines.core.home import initialise_home

CLOCK = "2026-11-20T09:00:00Z"
"""The demonstration's present: every return that has arrived arrived before it."""


def build_home(root: Path, protection: Path | None = None) -> None:
    """Make a demonstration home under the frozen clock, refresh it and publish its draft.

    `protection` is a folder of protected blocks from earlier builds. The refresh takes a block from it only if the
    cells of the block and the code of the disclosure control are the same; new blocks are added to the folder.
    """
    from pipelines import refresh
    from pipelines.operations import run
    from pipelines.refresh.release_desk.review import DEMONSTRATION_REASON, Override

    with frozen_at(CLOCK, root):
        home = initialise_home(root, "demonstration")
        if protection is not None and protection.is_dir():
            shutil.copytree(protection, home.restricted / "protection")
        run.run_refresh(home, say=lambda _: None)
        refresh.publish_draft(home, override=Override(DEMONSTRATION_REASON))
        if protection is not None:
            shutil.copytree(home.restricted / "protection", protection, dirs_exist_ok=True)


def _copy_file(source: str, destination: str) -> str:
    """Copy a file, unless it is one that SQLite removes when a test of another worker ends its reading."""
    try:
        return shutil.copy2(source, destination)
    except FileNotFoundError:
        if not source.endswith((".sqlite-wal", ".sqlite-shm")):
            raise
        return destination


def copy_home(built: Path, target: Path) -> None:
    """Copy a built home, which tests of other workers may be reading.

    The thousand static pages of a release are linked: nothing writes them in place (`damage_file` for tests that do).
    """

    def copy_or_link(source: str, destination: str) -> str:
        if "/public/releases/" in source and "/pages/" in source:
            _link_file(source, destination)
            return destination
        return _copy_file(source, destination)

    shutil.copytree(built, target, symlinks=True, copy_function=copy_or_link)


COPIED = frozenset(
    {
        "refresh.lock", "ledger.sqlite", "ledger.sqlite-wal", "ledger.sqlite-shm", "audit-checkpoints.jsonl", "dagster",
        "survey",
    }
)  # fmt: skip
"""Names at the top of a home, and in its restricted folder, that programs lock or write in place.

All other files are replaced as a whole or only added: facts, stored files, releases, marts."""

LEFT_OUT = ("restricted/dbt", "restricted/data_docs", "restricted/protection")
"""Folders that only a refresh reads."""


def copy_for_pages(built: Path, target: Path) -> None:
    """Copy a built home for tests of the offices' pages, in a tenth of the time of a whole copy.

    The static pages of releases, half of all files, are left out. Files that are never written in place are linked. A
    test that damages such a file must unlink it first (`damage_file`); one that publishes or refreshes must copy the
    whole home.
    """
    target.mkdir(parents=True)
    restricted = target / "restricted"
    for folder, copy in ((built, target), (built / "restricted", restricted)):
        copy.mkdir(exist_ok=True)
        for entry in folder.iterdir():
            if entry.relative_to(built).as_posix() in LEFT_OUT or entry == built / "restricted":
                continue
            if entry.name in COPIED:
                _copy_entry(entry, copy / entry.name)
            else:
                _link(entry, copy / entry.name)


class ReusedHome:
    """A home copied for tests of pages that is made like new for each of them, in a tenth of the time of a copy."""

    def __init__(self, built: Path, root: Path) -> None:
        self.built, self.root = built, root
        copy_for_pages(built, root)
        self._inodes = dict(_list_inodes(str(root)))

    def restore_files(self) -> None:
        """Make the home as it was when it was copied. What is only linked is compared, and the rest is copied again.

        A file is compared by its inode, which no other file gets as long as the built home has a link to it.
        """
        if self.built.stat().st_dev != self.root.stat().st_dev:
            shutil.rmtree(self.root)
            copy_for_pages(self.built, self.root)
            return
        present = dict(_list_inodes(str(self.root)))
        for path in reversed([path for path, inode in present.items() if self._inodes.get(path) != inode]):
            _remove(self.root / path)
        for path, inode in self._inodes.items():
            if present.get(path) != inode:
                self._add(path, is_folder=inode == _FOLDER)
        for folder, copy in ((self.built, self.root), (self.built / "restricted", self.root / "restricted")):
            for name in COPIED:
                _remove(copy / name)
                _copy_entry(folder / name, copy / name)

    def _add(self, path: str, *, is_folder: bool) -> None:
        if is_folder:
            (self.root / path).mkdir()
        else:
            _link_file(str(self.built / path), str(self.root / path))


_FOLDER = 0
"""Used instead of the inode of a folder, which may be made again."""


def _list_inodes(root: str, below: str = "") -> Iterator[tuple[str, int]]:
    """Yield path and inode of all that a copied home links, each folder before what is in it."""
    with os.scandir(f"{root}/{below}") as entries:
        for entry in entries:
            if entry.name in COPIED and below in ("", "restricted/"):
                continue
            path = below + entry.name
            if entry.is_dir(follow_symlinks=False):
                yield path, _FOLDER
                yield from _list_inodes(root, f"{path}/")
            else:
                yield path, entry.inode()


def _remove(path: Path) -> None:
    """Remove a file or a folder, if there is one."""
    if path.is_dir() and not path.is_symlink():
        shutil.rmtree(path)
    else:
        path.unlink(missing_ok=True)


def _copy_entry(source: Path, target: Path) -> None:
    """Copy a file or a folder that programs write in place, if there is one."""
    if source.is_dir():
        shutil.copytree(source, target, symlinks=True, copy_function=_copy_file)
    elif source.exists():
        _copy_file(str(source), str(target))


def _link(source: Path, target: Path) -> None:
    """Link a file, or make a folder with links to all files below another; symbolic links are kept."""
    if source.is_dir() and not source.is_symlink():
        _link_folder(str(source), str(target))
    else:
        _link_file(str(source), str(target))


def _link_folder(source: str, target: str) -> None:
    Path(target).mkdir()
    with os.scandir(source) as entries:
        for entry in entries:
            if entry.is_dir(follow_symlinks=False):
                if entry.name == "pages" and "/public/releases/" in entry.path:
                    continue
                _link_folder(entry.path, f"{target}/{entry.name}")
            else:
                _link_file(entry.path, f"{target}/{entry.name}")


def _link_file(source: str, target: str) -> None:
    """Link a file, or copy it from another disk, as the home that `RTI_TEST_HOME` names may be; links stay links."""
    try:
        os.link(source, target, follow_symlinks=False)
    except OSError as error:
        if error.errno != errno.EXDEV:
            raise
        shutil.copy2(source, target, follow_symlinks=False)


def damage_file(path: Path, content: bytes) -> None:
    """Replace a file of a copied home, which may be a link to a file of the built home, by damaged content."""
    path.unlink()
    path.write_bytes(content)


class frozen_at:  # noqa: N801 - reads as a word in a with statement
    """Set the clock and `RTI_HOME` while the block runs, and restore the environment afterwards."""

    def __init__(self, moment: str, root: Path) -> None:
        self._set = {"RTI_NOW": moment, "RTI_HOME": str(root)}
        self._before: dict[str, str | None] = {}

    def __enter__(self) -> None:
        self._before = {name: os.environ.get(name) for name in (*self._set, "DAGSTER_HOME")}
        os.environ.update(self._set)

    def __exit__(self, *_: object) -> None:
        for name, value in self._before.items():
            if value is None:
                os.environ.pop(name, None)
            else:
                os.environ[name] = value
