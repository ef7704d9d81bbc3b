"""Test several processes that need a dbt project's manifest at the same time, with an empty cache."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from pathlib import Path

from pipelines.warehouse import dbt
from tests.support import small

PROGRAM = """
import json, sys
from pathlib import Path
from pipelines.warehouse import dbt
dbt.PROJECT = Path(sys.argv[1])
print(sorted(json.loads(dbt.prepare_manifest().read_bytes())["nodes"]))
"""


def test_prepare_manifest_in_two_processes_at_once(tmp_path: Path) -> None:
    """Parse a part of the project, because each process takes ten seconds of processor time to parse all of it."""
    project = tmp_path / "project"
    for name in ("macros", "seeds/rules"):
        shutil.copytree(dbt.PROJECT / name, project / name)
    for path in dbt.PROJECT.glob("*.yml"):
        shutil.copyfile(path, project / path.name)
    files = sorted(project.rglob("*"))
    environment = {**os.environ, "RTI_CACHE": str(tmp_path / "cache")}
    processes = [
        subprocess.Popen(
            [sys.executable, "-c", PROGRAM, str(project)],
            cwd=small.ROOT, env=environment, stdout=subprocess.PIPE, text=True,
        )
        for _ in range(2)
    ]  # fmt: skip
    printed = [process.communicate(timeout=180)[0].strip() for process in processes]
    assert [process.returncode for process in processes] == [0, 0]
    nodes = ["operation.rti.rti-on-run-start-0", "seed.rti.breakdown", "seed.rti.measure_part"]
    assert printed == [str(nodes)] * 2
    assert sorted(project.rglob("*")) == files, "a process has written into the project's folder"
    assert len(list((tmp_path / "cache" / "dbt").iterdir())) == 1
