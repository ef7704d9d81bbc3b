"""The definitions are those that Dagster and dagster-dbt make by themselves, read without importing dbt."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path
from typing import Any

import dagster as dg
import pytest

from pipelines.defs import dbt_specs
from pipelines.warehouse import dbt_runner
from tests.support.paths import ROOT

_LOADED = """
import sys
from pipelines.definitions import defs
defs().get_repository_def().load_all_definitions()
print(*sorted({name.partition(".")[0] for name in sys.modules}))
"""


def describe_repository(repository: dg.RepositoryDefinition) -> dict[str, Any]:
    """Return what a repository has: its jobs, sensors and schedules, and each asset with what it depends on."""
    graph = repository.asset_graph
    return {
        "jobs": sorted(repository.job_names),
        "sensors": sorted(sensor.name for sensor in repository.sensor_defs),
        "schedules": sorted(schedule.name for schedule in repository.schedule_defs),
        "resources": sorted(repository.get_top_level_resources()),
        "checks": sorted(str(key) for key in graph.asset_check_keys),
        "assets": {
            node.key.to_user_string(): (
                node.group_name,
                node.description,
                sorted(node.kinds),
                sorted(key.to_user_string() for key in node.parent_keys),
                node.partitions_def,
                sorted(node.owners),
            )
            for node in graph.asset_nodes
        },
    }


def test_definitions_are_those_of_the_loader_of_dagster() -> None:
    from pipelines.definitions import defs

    loaded = dg.load_from_defs_folder(path_within_project=ROOT / "pipelines")
    assert describe_repository(defs().get_repository_def()) == describe_repository(loaded.get_repository_def())


@pytest.mark.sampled(turn=1)
def test_definitions_are_loaded_without_importing_dbt() -> None:
    dbt_specs.read_specs()
    output = subprocess.run([sys.executable, "-c", _LOADED], cwd=ROOT, capture_output=True, check=True, text=True)
    assert "dagster" in output.stdout.split()
    assert not {"dbt", "dagster_dbt", "great_expectations", "sqlglot"} & set(output.stdout.split())


def test_specs_that_are_read_are_those_of_dagster_dbt() -> None:
    specs = dbt_specs.make_specs(dbt_specs.read_manifest())
    read_specs = dbt_specs.read_specs()
    assert {spec.key for spec in specs} == read_specs.keys()
    for spec in specs:
        read_spec = read_specs[spec.key]
        compared = ("description", "kinds", "code_version", "group_name", "owners", "partitions_def", "skippable")
        assert {name: getattr(spec, name) for name in compared} == {name: getattr(read_spec, name) for name in compared}
        assert {dep.asset_key for dep in spec.deps} == {dep.asset_key for dep in read_spec.deps}
        schema = spec.metadata.get("dagster/column_schema")
        if schema is not None:
            assert read_spec.metadata["dagster/column_schema"].value == schema
        assert read_spec.metadata.keys() >= {name for name in spec.metadata if name.startswith("dagster/")}


def test_damaged_specs_are_made_again(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    manifest = tmp_path / "manifest.json"
    manifest.write_bytes(dbt_runner.prepare_manifest().read_bytes())
    monkeypatch.setattr(dbt_runner, "prepare_manifest", lambda: manifest)
    specs = dbt_specs.read_specs.__wrapped__()
    (path,) = tmp_path.glob("specs-*.json")
    text = path.read_text(encoding="utf-8")
    for damaged in (text[:-100], "[{}]", ""):
        path.write_text(damaged, encoding="utf-8")
        assert dbt_specs.read_specs.__wrapped__().keys() == specs.keys()
        assert path.read_text(encoding="utf-8") == text
