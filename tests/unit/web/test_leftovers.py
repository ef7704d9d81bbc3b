"""What a killed service left half-written is removed at the next start, and nothing else is."""

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


def planted(path: Path) -> Path:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(b"half of a return")
    return path


def ended() -> int:
    """The number of a process that is over."""
    process = subprocess.Popen([sys.executable, "-c", ""])
    process.wait()
    return process.pid


def test_what_dead_processes_wrote_aside_goes_wherever_it_lies(home: Home) -> None:
    dead = ended()
    left = [
        planted(home.store / SHA[:2] / f".{SHA}.{dead}.140001.new"),
        planted(home.facts / "waiting" / "observation" / f".S0123456789abcde.parquet.{dead}.140001.new"),
        planted(home.facts / "finding" / f".S0123456789abcde.parquet.{os.getpid()}.140001.new"),
        planted(home.restricted / "keys" / f".receipts.json.{dead}.0a1b2c3d.new"),
        planted(home.restricted / f".demonstration-accounts.txt.{dead}.new"),
    ]
    assert sorted(remove_leftovers(home)) == sorted(left)
    assert [path for path in left if path.exists()] == []
    assert remove_leftovers(home) == []


def test_what_has_its_name_or_a_living_writer_stays(home: Home) -> None:
    living = os.getppid()
    stays = [
        planted(home.store / SHA[:2] / SHA),
        planted(home.store / SHA[:2] / f".{SHA}.waiting"),
        planted(home.store / SHA[:2] / f".{SHA}.{living}.140001.new"),
        planted(home.facts / "observation" / "S0123456789abcde.parquet"),
        planted(home.restricted / "ledger.sqlite"),
        planted(home.restricted / "drafts" / f".draft.{ended()}.new"),
    ]
    assert remove_leftovers(home) == []
    assert all(path.exists() for path in stays)


def test_the_number_of_a_process_counts_for_an_hour(home: Home) -> None:
    old = planted(home.store / SHA[:2] / f".{SHA}.{os.getppid()}.140001.new")
    long_ago = time.time() - OLDEST_SECONDS - 1
    os.utime(old, (long_ago, long_ago))
    assert remove_leftovers(home) == [old]
