"""dbt's tests as asset checks: every test belongs to one asset of its phase, and its result is reported there."""

from __future__ import annotations

from typing import Any

import dagster as dg
import pytest

from pipelines.defs.dbt_checks import list_check_specs, report_tests
from pipelines.warehouse import dbt_runner

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


def test_result_of_a_test_names_model_rows_and_severity() -> None:
    keys = [dg.AssetCheckKey(MODELS[1], name) for name in ("good", "bad", "weak", "skipped")]
    results = [
        dbt_runner.NodeResult("good", "test", 0.1, "pass"),
        dbt_runner.NodeResult("bad", "test", 0.2, "fail", 7, "Got 7 results, configured to fail if != 0"),
        dbt_runner.NodeResult("weak", "test", 0.2, "warn", 1),
        dbt_runner.NodeResult("skipped", "test", 0.0, "skipped"),
        dbt_runner.NodeResult("not_selected", "test", 0.0, "fail", 1),
    ]
    good, bad, weak = report_tests(results, keys)
    assert good.passed and not bad.passed and not weak.passed
    assert (bad.severity, weak.severity) == (dg.AssetCheckSeverity.ERROR, dg.AssetCheckSeverity.WARN)
    assert bad.asset_key == MODELS[1] and bad.description == "Got 7 results, configured to fail if != 0"
    assert {name: value.value for name, value in bad.metadata.items()} == {
        "model": "a", "failing rows": 7, "seconds": 0.2,
    }  # fmt: skip
