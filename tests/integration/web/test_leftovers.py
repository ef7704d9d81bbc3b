"""Partial files of a killed service are removed at the next start, and nothing else is."""

from __future__ import annotations

import os
import subprocess
import sys
import time
from pathlib import Path

import pytest

from pipelines.core.home import Home, initialise_home
from pipelines.web.leftovers import OLDEST_SECONDS, remove_leftovers

SHA = "ab" * 32


@pytest.fixture
def home(tmp_path: Path) -> Home:
    return initialise_home(tmp_path / "home", "demonstration")


def write_partial(path: Path) -> Path:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(b"half of a return")
    return path


def find_ended_process() -> int:
    """Return the number of a process that has ended."""
    process = subprocess.Popen([sys.executable, "-c", ""])
    process.wait()
    return process.pid


def test_partial_files_of_dead_processes_are_removed_everywhere(home: Home) -> None:
    dead = find_ended_process()
    leftovers = [
        write_partial(home.store / SHA[:2] / f".{SHA}.{dead}.140001.new"),
        write_partial(home.facts / "waiting" / "observation" / f".S0123456789abcde.parquet.{dead}.140001.new"),
        write_partial(home.facts / "finding" / f".S0123456789abcde.parquet.{os.getpid()}.140001.new"),
        write_partial(home.restricted / "keys" / f".receipts.json.{dead}.0a1b2c3d.new"),
        write_partial(home.restricted / f".demonstration-accounts.txt.{dead}.new"),
    ]
    assert sorted(remove_leftovers(home)) == sorted(leftovers)
    assert [path for path in leftovers if path.exists()] == []
    assert remove_leftovers(home) == []


def test_final_files_and_those_of_living_processes_stay(home: Home) -> None:
    living = os.getppid()
    stays = [
        write_partial(home.store / SHA[:2] / SHA),
        write_partial(home.store / SHA[:2] / f".{SHA}.waiting"),
        write_partial(home.store / SHA[:2] / f".{SHA}.{living}.140001.new"),
        write_partial(home.facts / "observation" / "S0123456789abcde.parquet"),
        write_partial(home.restricted / "ledger.sqlite"),
        write_partial(home.restricted / "drafts" / f".draft.{find_ended_process()}.new"),
    ]
    assert remove_leftovers(home) == []
    assert all(path.exists() for path in stays)


def test_partial_file_older_than_the_limit_is_removed(home: Home) -> None:
    old = write_partial(home.store / SHA[:2] / f".{SHA}.{os.getppid()}.140001.new")
    long_ago = time.time() - OLDEST_SECONDS - 1
    os.utime(old, (long_ago, long_ago))
    assert remove_leftovers(home) == [old]
