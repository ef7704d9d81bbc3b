"""dbt's tests as asset checks of the whole project and of a phase that runs in a home."""

from __future__ import annotations

import json
from collections import Counter
from typing import Any

import dagster as dg
import pytest

from pipelines.core.home import Home, initialise_home
from pipelines.defs.home import LockedHomeResource
from pipelines.refresh import Step
from pipelines.warehouse import dbt_runner


def test_every_test_of_the_project_is_a_check_once_in_each_phase() -> None:
    from pipelines.defs import warehouse

    manifest = json.loads(dbt_runner.prepare_manifest().read_text(encoding="utf-8"))
    tests = {node["name"] for node in manifest["nodes"].values() if node["resource_type"] == "test"}
    assets = [
        asset for asset in warehouse.warehouse_definitions().assets or () if isinstance(asset, dg.AssetsDefinition)
    ]
    prefixes = Counter((key.asset_key.path[0], key.name) for asset in assets for key in asset.check_keys)
    assert set(prefixes.values()) == {1}
    phases = {name: {prefix for prefix, test in prefixes if test == name} for name in tests}
    assert set(map(frozenset, phases.values())) == {frozenset({"counts"}), frozenset({"restricted", "public"})}


@pytest.fixture
def home(tmp_path: Any, monkeypatch: pytest.MonkeyPatch) -> Home:
    monkeypatch.setenv("RTI_NOW", "2026-11-20T09:00:00Z")
    return initialise_home(tmp_path / "home", "demonstration")


def run_phase(home: Home, run: Any) -> dg.ExecuteInProcessResult:
    # Imported late, because it imports dbt: a second for each worker that only collects this file.
    from pipelines.defs import warehouse

    asset = warehouse._make_phase_asset("build_public_indicators", warehouse.INDICATORS, "public", [], run)
    resources = {"locked_home": LockedHomeResource(root=str(home.root))}
    return dg.materialize([asset], resources=resources, raise_on_error=False)


def test_failed_test_is_a_failed_check_and_stops_the_step(home: Home) -> None:
    def fail_build(_home: Home, *, log: Any) -> Step:
        log("building")
        tests = [
            dbt_runner.NodeResult("mart_indicator_key", "test", 0.1, "fail", 2, "Got 2 results"),
            dbt_runner.NodeResult("mart_pipeline_key", "test", 0.1, "skipped"),
            dbt_runner.NodeResult("mart_exit_key", "test", 0.1, "pass"),
        ]
        raise dbt_runner.WarehouseError("1 of the warehouse's models or tests failed", tests)

    result = run_phase(home, fail_build)
    assert not result.success and result.get_asset_materialization_events() == []
    checks = {e.check_name: e for e in result.get_asset_check_evaluations()}
    assert {name: check.passed for name, check in checks.items()} == {
        "mart_indicator_key": False,
        "mart_exit_key": True,
    }
    assert checks["mart_indicator_key"].asset_key == dg.AssetKey(["public", "mart_indicator"])
    (failure,) = [event for event in result.all_events if event.is_step_failure]
    error = failure.step_failure_data.error
    assert error is not None and "1 of the warehouse's models or tests failed" in (error.cause or error).message


def test_checks_of_a_build_without_stored_results_are_left_open(home: Home) -> None:
    result = run_phase(home, lambda _home, *, log: Step(new=False))
    assert result.success and result.get_asset_check_evaluations() == []
    assert len(result.get_asset_materialization_events()) > 10
