"""The cache of steps: several writers, and a damaged file."""

from __future__ import annotations

import logging
import subprocess
import sys
import threading
from pathlib import Path

import pytest

from pipelines.core.home import Home, initialise_home
from pipelines.warehouse import build_cache


@pytest.fixture
def home(tmp_path: Path) -> Home:
    return initialise_home(tmp_path / "home", "demonstration")


@pytest.mark.parametrize("content", ['{"draft": {"key": "k", "outco', "", "[]", '{"draft": 3}', "\xff"])
def test_last_damaged_file_counts_as_nothing_remembered(
    home: Home, content: str, caplog: pytest.LogCaptureFixture
) -> None:
    file = home.restricted / "steps.json"
    file.write_bytes(content.encode("latin-1"))
    with caplog.at_level(logging.WARNING, "rti.steps"):
        assert build_cache.find_last_outcome(home, "draft") is None
    assert str(file) in caplog.text
    build_cache.store_outcome(home, "draft", "key", {"release": "2026-Q3"})
    assert build_cache.find_outcome(home, "draft", "key") == {"release": "2026-Q3"}


def test_remember_from_many_threads_never_leaves_a_damaged_file(home: Home, caplog: pytest.LogCaptureFixture) -> None:
    errors: list[Exception] = []

    def store_outcomes(name: str) -> None:
        try:
            for number in range(30):
                build_cache.store_outcome(home, name, str(number), {"text": name * 500})
        except Exception as error:
            errors.append(error)

    threads = [threading.Thread(target=store_outcomes, args=(name,)) for name in "abcd"]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert errors == []
    assert "damaged" not in caplog.text
    assert list(home.restricted.glob(".*.new")) == []


STORE = """
import sys
from pathlib import Path
from pipelines.core.home import open_home
from pipelines.warehouse import build_cache
home = open_home(Path(sys.argv[1]))
for number in range(40):
    build_cache.store_outcome(home, f"{sys.argv[2]}-{number}", "key", {"number": number})
"""


def test_steps_that_end_at_the_same_time_lose_no_outcome(home: Home) -> None:
    writers = [subprocess.Popen([sys.executable, "-c", STORE, str(home.root), name]) for name in ("a", "b")]
    assert [writer.wait(120) for writer in writers] == [0, 0]
    names = [f"{name}-{number}" for name in ("a", "b") for number in range(40)]
    assert [name for name in names if build_cache.find_outcome(home, name, "key") is None] == []


def test_digest_does_not_hold_whole_files(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    # The file of a build has gigabytes after a long history.
    (tmp_path / "folder").mkdir()
    for name in ("counts.duckdb", "folder/cells.parquet"):
        (tmp_path / name).write_bytes(name.encode() * 100_000)
    monkeypatch.setattr(Path, "read_bytes", lambda _path: pytest.fail("the whole file was read at once"))
    first = build_cache.digest_parts("text", tmp_path / "counts.duckdb", tmp_path / "folder")
    with (tmp_path / "folder" / "cells.parquet").open("r+b") as file:
        file.seek(900_000)
        file.write(b"!")
    assert build_cache.digest_parts("text", tmp_path / "counts.duckdb", tmp_path / "folder") != first
