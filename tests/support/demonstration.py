"""Build the demonstration home that tests share, under its frozen clock."""

from __future__ import annotations

import os
import shutil
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

    with frozen_at(CLOCK, root):
        home = initialise_home(root, "demonstration")
        if protection is not None and protection.is_dir():
            shutil.copytree(protection, home.restricted / "protection")
        run.run_refresh(home, say=lambda _: None)
        refresh.publish_draft(home)
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
    """Copy a built home, which tests of other workers may be reading."""
    shutil.copytree(built, target, symlinks=True, copy_function=_copy_file)


LINKED = ("public", "restricted/warehouse", "restricted/protected", "restricted/data_docs", "restricted/dbt")
"""Folders that a refresh and a publication write, and the offices' pages only read: 119 of 141 MB."""


def copy_for_pages(built: Path, target: Path) -> None:
    """Copy a built home for tests of the offices' pages.

    What the pages only read is linked, not copied: a test that publishes, refreshes or damages a release must copy the
    whole home.
    """
    linked = tuple(f"{built / folder}{os.sep}" for folder in LINKED)

    def copy_or_link(source: str, destination: str) -> str:
        if source.startswith(linked):
            os.link(source, destination)
            return destination
        return _copy_file(source, destination)

    shutil.copytree(built, target, symlinks=True, copy_function=copy_or_link)


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
