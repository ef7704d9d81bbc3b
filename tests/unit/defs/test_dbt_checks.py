"""dbt's tests as asset checks: every test belongs to one asset of its phase, and its result is reported there."""

from __future__ import annotations

import json
from collections import Counter
from typing import Any

import dagster as dg
import pytest

from pipelines.core.home import Home, initialise_home
from pipelines.defs.dbt_checks import list_check_specs, report_tests
from pipelines.defs.home import LockedHomeResource
from pipelines.refresh import Step
from pipelines.warehouse import dbt

MODELS = [dg.AssetKey(["counts", name]) for name in ("code_lists", "a", "b", "c")]


def make_test(name: str, parents: list[str], **more: Any) -> dict[str, Any]:
    return {
        "name": name,
        "resource_type": "test",
        "unique_id": f"test.{name}",
        "depends_on": {"nodes": parents},
        "config": {"severity": "ERROR"},
        "original_file_path": f"tests/{name}.sql",
        "raw_code": "-- Nothing is counted twice,\n-- and nothing is lost.\nselect 1",
        **more,
    }


def make_manifest(*tests: dict[str, Any]) -> dict[str, Any]:
    models = {
        f"model.{name}": {"name": name, "resource_type": "model", "depends_on": {"nodes": reads}}
        for name, reads in (("a", []), ("b", ["source.s", "model.a"]), ("c", ["source.s"]), ("later", ["model.c"]))
    }
    seeds = {"seed.codes": {"name": "codes", "resource_type": "seed", "depends_on": {"nodes": []}}}
    return {"nodes": {**models, **seeds, **{test["unique_id"]: test for test in tests}}}


@pytest.mark.parametrize(
    ("test", "is_last_phase", "owner"),
    [
        (make_test("declared", ["model.a", "seed.codes"], attached_node="model.a"), False, "a"),
        (make_test("on_several", ["model.c", "model.a", "seed.codes"]), False, "c"),
        (make_test("on_source", ["source.s"]), False, "b"),
        (make_test("on_code_list", ["seed.codes"], attached_node="seed.codes"), False, "code_lists"),
        (make_test("on_later_model", ["model.a", "model.later"]), False, None),
        (make_test("on_earlier_model", ["model.a", "model.later"]), True, "a"),
    ],
    ids=lambda value: value["name"] if isinstance(value, dict) else None,
)
def test_check_belongs_to_one_asset_of_the_phase(test: dict[str, Any], is_last_phase: bool, owner: str | None) -> None:
    specs = list_check_specs(make_manifest(test), MODELS, is_last_phase=is_last_phase)
    assert [spec.asset_key.path[-1] for spec in specs] == ([owner] if owner else [])


def test_check_describes_its_test() -> None:
    generic = {"name": "keyed", "kwargs": {"columns": ["x", "y"], "model": "{{ … }}"}}
    specs = list_check_specs(
        make_manifest(make_test("singular", ["model.a"]), make_test("a_key", ["model.a"], test_metadata=generic)),
        MODELS,
        is_last_phase=False,
    )
    described = {spec.name: spec.description for spec in specs}
    assert described == {"singular": "Nothing is counted twice, and nothing is lost.", "a_key": "keyed: columns x, y"}
    assert all(spec.blocking and spec.metadata["severity"] == "error" for spec in specs)


def test_every_test_of_the_project_is_a_check_once_in_each_phase() -> None:
    from pipelines.defs import warehouse

    manifest = json.loads(dbt.prepare_manifest().read_text(encoding="utf-8"))
    tests = {node["name"] for node in manifest["nodes"].values() if node["resource_type"] == "test"}
    assets = [
        asset for asset in warehouse.warehouse_definitions().assets or () if isinstance(asset, dg.AssetsDefinition)
    ]
    prefixes = Counter((key.asset_key.path[0], key.name) for asset in assets for key in asset.check_keys)
    assert set(prefixes.values()) == {1}
    phases = {name: {prefix for prefix, test in prefixes if test == name} for name in tests}
    assert set(map(frozenset, phases.values())) == {frozenset({"counts"}), frozenset({"restricted", "public"})}


def test_result_of_a_test_names_model_rows_and_severity() -> None:
    keys = [dg.AssetCheckKey(MODELS[1], name) for name in ("good", "bad", "weak", "skipped")]
    results = [
        dbt.NodeResult("good", "test", 0.1, "pass"),
        dbt.NodeResult("bad", "test", 0.2, "fail", 7, "Got 7 results, configured to fail if != 0"),
        dbt.NodeResult("weak", "test", 0.2, "warn", 1),
        dbt.NodeResult("skipped", "test", 0.0, "skipped"),
        dbt.NodeResult("not_selected", "test", 0.0, "fail", 1),
    ]
    good, bad, weak = report_tests(results, keys)
    assert good.passed and not bad.passed and not weak.passed
    assert (bad.severity, weak.severity) == (dg.AssetCheckSeverity.ERROR, dg.AssetCheckSeverity.WARN)
    assert bad.asset_key == MODELS[1] and bad.description == "Got 7 results, configured to fail if != 0"
    assert {name: value.value for name, value in bad.metadata.items()} == {
        "model": "a", "failing rows": 7, "seconds": 0.2,
    }  # fmt: skip


# ----- a phase


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
            dbt.NodeResult("mart_indicator_key", "test", 0.1, "fail", 2, "Got 2 results"),
            dbt.NodeResult("mart_pipeline_key", "test", 0.1, "skipped"),
            dbt.NodeResult("mart_exit_key", "test", 0.1, "pass"),
        ]
        raise dbt.WarehouseError("1 of the warehouse's models or tests failed", tests)

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
