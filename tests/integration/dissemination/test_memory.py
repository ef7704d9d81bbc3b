"""Memory that a long-running service holds for the releases that it has read."""

from __future__ import annotations

import gc
import subprocess
import sys
import weakref
from concurrent.futures import ThreadPoolExecutor
from contextlib import AbstractContextManager
from pathlib import Path
from typing import Any

import pytest

from pipelines.dissemination import release as releases
from tests.support.paths import ROOT

_MEASURE_GROWTH = """
import sys
from pathlib import Path
from pipelines.dissemination.release import load_observations

def read_megabytes():
    lines = Path("/proc/self/status").read_text().splitlines()
    return next(int(line.split()[1]) for line in lines if line.startswith("VmData:")) / 1024

first, *others = map(Path, sys.argv[1:])
load_observations(first, "VICTIMS")
before = read_megabytes()
for folder in others:
    load_observations(folder, "VICTIMS")
print(read_megabytes() - before)
"""


def _link_release(release: Path, folder: Path, count: int) -> list[Path]:
    """Return folders that hold the same release, as if each were one of its own."""
    folders = [folder / f"2026-Q3.{number}" for number in range(1, count + 1)]
    for path in folders:
        path.mkdir()
        (path / releases.DATABASE).symlink_to(release / releases.DATABASE)
    return folders


@pytest.mark.sampled(turn=5)
def test_observations_of_six_releases_hold_those_of_the_last_four(release: Path, tmp_path: Path) -> None:
    folders = _link_release(release, tmp_path, 6)
    references = [
        weakref.ref(releases.load_observations(folder, dataflow))
        for folder in folders
        for dataflow in ("VICTIMS", "SENTENCES")
    ]
    gc.collect()
    assert [frame() is not None for frame in references] == [False] * 4 + [True] * 8
    assert releases.load_observations(folders[-1], "SENTENCES") is references[-1]()


def test_readers_who_come_at_once_read_a_release_once(
    release: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (folder,) = _link_release(release, tmp_path, 1)
    open_release, opened = releases.open_release, []

    def open_counted(path: Path) -> AbstractContextManager[Any]:
        opened.append(path)
        return open_release(path)

    monkeypatch.setattr(releases, "open_release", open_counted)
    with ThreadPoolExecutor(8) as pool:
        tables = list(pool.map(releases.load_tables, [folder] * 8))
    assert all(item is tables[0] for item in tables)
    count_dataflows = releases.list_count_dataflows(releases.load_structures(folder))
    assert len(opened) == len(("structures", "tables", *count_dataflows))


@pytest.mark.sampled(turn=4)
@pytest.mark.skipif(sys.platform != "linux", reason="reads /proc")
def test_observations_hold_no_memory_of_duckdb(release: Path, tmp_path: Path) -> None:
    # Frames that share DuckDB's buffers took 160 MB of addresses for each release.
    folders = _link_release(release, tmp_path, releases.KEPT_RELEASES)
    ran = subprocess.run(
        [sys.executable, "-c", _MEASURE_GROWTH, *map(str, folders)],
        cwd=ROOT, capture_output=True, text=True, check=True, timeout=300,
    )  # fmt: skip
    assert float(ran.stdout) < 120
