"""dbt's tests as asset checks: the asset that each test belongs to, and its result."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Mapping, Sequence
from pathlib import PurePosixPath
from typing import TYPE_CHECKING, Any

import dagster as dg

if TYPE_CHECKING:
    from pipelines.warehouse.dbt_runner import NodeResult

CODE_LISTS = "code_lists"
"""Name of the asset of all code lists of the project, dbt's seeds."""
_EVALUATED = ("pass", "warn", "fail", "error")
_COMMENT = re.compile(r"(?:--[^\n]*\n)+")


def list_check_specs(
    manifest: Mapping[str, Any], assets: Sequence[dg.AssetKey], *, is_last_phase: bool
) -> list[dg.AssetCheckSpec]:
    """Return a check for each test of one phase, whose assets are given in the order in which they are built.

    A test belongs to the model or code list that declares it, a test of a source to the first model that reads it or,
    if none does, to the first in the folder of its declaration, and a test of several models to the last of them,
    unless it needs a model of a later phase.
    """
    keys = {key.path[-1]: key for key in assets}
    specs = []
    for test in manifest["nodes"].values():
        if test["resource_type"] != "test":
            continue
        owner = _find_owner(manifest, test, list(keys), is_last_phase)
        if owner is not None:
            severity = str(test["config"].get("severity") or "error").lower()
            specs.append(
                dg.AssetCheckSpec(
                    test["name"],
                    asset=keys[owner],
                    description=_describe_test(test),
                    blocking=severity == "error",
                    metadata={"severity": severity, "file": test["original_file_path"]},
                )
            )
    return specs


def report_tests(results: Iterable[NodeResult], selected: Iterable[dg.AssetCheckKey]) -> Iterator[dg.AssetCheckResult]:
    """Yield the result of each selected check whose test dbt has evaluated; it skips those of models that failed."""
    keys = {key.name: key for key in selected}
    for result in results:
        if result.status in _EVALUATED and (key := keys.get(result.name)) is not None:
            yield dg.AssetCheckResult(
                asset_key=key.asset_key,
                check_name=result.name,
                passed=result.status == "pass",
                severity=dg.AssetCheckSeverity.WARN if result.status == "warn" else dg.AssetCheckSeverity.ERROR,
                description=result.message or None,
                metadata={
                    "model": key.asset_key.path[-1],
                    "failing rows": result.failures,
                    "seconds": result.seconds,
                },
            )


def _find_owner(
    manifest: Mapping[str, Any], test: Mapping[str, Any], assets: Sequence[str], is_last_phase: bool
) -> str | None:
    """Return the asset of a phase that a test belongs to, or None if the test does not run in the phase."""
    nodes, parents = manifest["nodes"], test["depends_on"]["nodes"]
    tested = [test["attached_node"]] if test.get("attached_node") else parents
    models = [nodes[parent]["name"] for parent in tested if parent.startswith("model.")]
    if models:
        owners = sorted(assets.index(name) for name in models if name in assets)
        is_complete = bool(owners) and (is_last_phase or len(owners) == len(models))
        return assets[owners[-1]] if is_complete else None
    if all(parent.startswith("seed.") for parent in tested):
        return CODE_LISTS if CODE_LISTS in assets else None
    # A test of a source may compare it with code lists, which models of every phase read.
    tested = [parent for parent in tested if parent.startswith("source.")]
    models_of_project = [node for node in nodes.values() if node["resource_type"] == "model"]
    readers = {node["name"] for node in models_of_project if not set(tested).isdisjoint(node["depends_on"]["nodes"])}
    if not readers:  # a source that is only published
        folder = PurePosixPath(test["original_file_path"]).parent
        readers = {
            node["name"] for node in models_of_project if PurePosixPath(node["original_file_path"]).parent == folder
        }
    return next((name for name in assets if name in readers), None)


def _describe_test(test: Mapping[str, Any]) -> str:
    """Describe a generic test by its name and arguments, another one by the comment at its beginning."""
    if generic := test.get("test_metadata"):
        arguments = {name: value for name, value in generic["kwargs"].items() if name != "model"}
        return f"{generic['name']}: " + "; ".join(f"{name} {_format(value)}" for name, value in arguments.items())
    comment = _COMMENT.match(test["raw_code"])
    return " ".join(line.lstrip("- ") for line in comment[0].splitlines()) if comment else test["original_file_path"]


def _format(value: Any) -> str:
    return ", ".join(str(part) for part in value) if isinstance(value, list) else str(value)
