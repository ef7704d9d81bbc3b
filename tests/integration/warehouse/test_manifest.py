"""Test several processes that need the dbt project's manifest at the same time, with an empty cache."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

from tests.support import small

PROGRAM = """
import json
from pipelines.warehouse import dbt
print(len(json.loads(dbt.prepare_manifest().read_bytes())["nodes"]))
"""


def test_prepare_manifest_in_two_processes_at_once(tmp_path: Path) -> None:
    shared = small.ROOT / "dbt_project" / "target" / "manifest.json"
    before = shared.stat().st_mtime_ns if shared.exists() else None
    environment = {**os.environ, "RTI_CACHE": str(tmp_path)}
    processes = [
        subprocess.Popen(
            [sys.executable, "-c", PROGRAM], cwd=small.ROOT, env=environment, stdout=subprocess.PIPE, text=True
        )
        for _ in range(2)
    ]
    printed = [process.communicate(timeout=180)[0].strip() for process in processes]
    assert [process.returncode for process in processes] == [0, 0]
    assert len(set(printed)) == 1 and int(printed[0]) > 100
    assert (shared.stat().st_mtime_ns if shared.exists() else None) == before, (
        "a process has written into the code folder"
    )
    assert len(list((tmp_path / "dbt").iterdir())) == 1
