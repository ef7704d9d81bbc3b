"""Test several processes that need a dbt project's manifest at the same time, with an empty cache."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from pipelines.warehouse import dbt_cache, dbt_runner
from tests.support import small

PROGRAM = """
import importlib, json, os, sys
from pathlib import Path
from pipelines.warehouse import dbt_runner

importlib.import_module("dbt.cli.main")  # once for both children
dbt_runner.PROJECT = Path(sys.argv[1])
children = []
for output in sys.argv[2:]:
    children.append(os.fork())
    if children[-1] == 0:
        Path(output).write_text(str(sorted(json.loads(dbt_runner.prepare_manifest().read_bytes())["nodes"])))
        os._exit(0)
sys.exit(any([os.waitpid(child, 0)[1] for child in children]))
"""


@pytest.mark.sampled(turn=7)
def test_prepare_manifest_in_two_processes_at_once(tmp_path: Path) -> None:
    """Parse a part of the project, because each process takes ten seconds of processor time to parse all of it."""
    project = tmp_path / "project"
    for name in ("macros", "seeds/rules"):
        shutil.copytree(dbt_runner.PROJECT / name, project / name)
    for path in dbt_runner.PROJECT.glob("*.yml"):
        shutil.copyfile(path, project / path.name)
    files = sorted(project.rglob("*"))
    environment = {**os.environ, "RTI_CACHE": str(tmp_path / "cache")}
    outputs = [tmp_path / "first.txt", tmp_path / "second.txt"]
    command = [sys.executable, "-c", PROGRAM, str(project), *map(str, outputs)]
    process = subprocess.run(
        command, cwd=small.ROOT, env=environment, capture_output=True, text=True, timeout=180, check=False
    )
    assert process.returncode == 0, process.stderr
    nodes = [
        "operation.rti.rti-on-run-start-0", "seed.rti.breakdown", "seed.rti.cooperation_dimension",
        "seed.rti.measure_part", "seed.rti.treaty_element",
    ]  # fmt: skip
    assert [output.read_text(encoding="utf-8") for output in outputs] == [str(nodes)] * 2
    assert sorted(project.rglob("*")) == files, "a process has written into the project's folder"
    assert len(list((tmp_path / "cache" / "dbt").iterdir())) == 1


def test_record_of_an_earlier_parse_gives_the_nodes_of_dbts_manifest() -> None:
    dbt_runner.parse_project()
    variables = dbt_runner._variable_arguments({})[1]
    manifest = dbt_runner._read_manifest(dbt_cache.read_parsed(dbt_runner.PROJECT, variables))
    written = json.loads(dbt_runner.prepare_manifest().read_bytes())
    nodes = {name: json.loads(json.dumps(node.to_dict(omit_none=False))) for name, node in manifest.nodes.items()}
    assert nodes.keys() == written["nodes"].keys() and len(nodes) > 200
    for name, node in nodes.items():
        expected = {key: value for key, value in written["nodes"][name].items() if key != "created_at"}
        assert {key: node[key] for key in expected} == expected, name
    assert set(manifest.flat_graph["nodes"]) == set(nodes)


@pytest.mark.parametrize("record", [None, b"", b"\x80", b"\x81\xa5nodes", b"\x93\x01\x02\x03"])
def test_damaged_record_is_not_used(record: bytes | None) -> None:
    assert dbt_runner._read_manifest(record) is None
