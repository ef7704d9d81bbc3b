"""dbt's models as assets: phase `counts` on restricted facts, phase `indicators` on restricted and on protected counts.

dagster-dbt's own resource starts a process a phase; here the specs come from the manifest and one warm dbt runs them.
"""

import json
from collections.abc import Iterator, Sequence
from functools import partial
from graphlib import TopologicalSorter
from typing import Any

import dagster as dg
from dagster_dbt import DagsterDbtTranslator, build_dbt_asset_specs

from pipelines import refresh
from pipelines.defs.home import LockedHomeResource
from pipelines.defs.retries import retry_transient_failures
from pipelines.runs.step_log import steps_log
from pipelines.warehouse import dbt

COUNTS = ("staging", "facts", "intermediate", "marts")
INDICATORS = ("indicators",)
COUNTS_MART = dg.AssetKey(["counts", "mart_count"])
RECORDS = dg.AssetKey("case_record_figures")
INDICATOR_MARTS = [dg.AssetKey(["public", "mart_indicator"]), dg.AssetKey(["public", "mart_pipeline"])]


class _Prefixed(DagsterDbtTranslator):
    """The same models stand once under each prefix, since the indicators run over two inputs."""

    def __init__(self, prefix: str) -> None:
        super().__init__()
        self.prefix = prefix

    def get_asset_key(self, dbt_resource_props: Any) -> dg.AssetKey:
        # A source and the model that made it may share a name.
        of_source = [dbt_resource_props["source_name"]] if dbt_resource_props["resource_type"] == "source" else []
        return dg.AssetKey([self.prefix, *of_source, dbt_resource_props["name"]])

    def get_group_name(self, dbt_resource_props: Any) -> str:
        return self.prefix


def _specs(folders: tuple[str, ...], prefix: str, first: Sequence[dg.AssetKey]) -> Sequence[dg.AssetSpec]:
    """Specs of the models of one phase, each after those it reads; what it reads from outside is replaced by the asset
    that makes it."""
    nodes = json.loads(dbt.manifest().read_text(encoding="utf-8"))["nodes"].values()
    models = {
        node["name"]
        for node in nodes
        if node["resource_type"] == "model" and node["original_file_path"].split("/")[1] in folders
    }
    specs = build_dbt_asset_specs(manifest=dbt.manifest(), dagster_dbt_translator=_Prefixed(prefix))
    own = {spec.key: spec for spec in specs if len(spec.key.path) == 2 and spec.key.path[-1] in models}
    seeds = {node["name"] for node in nodes if node["resource_type"] == "seed"}
    reads = {key: [dep.asset_key for dep in spec.deps if dep.asset_key in own] for key, spec in sorted(own.items())}
    reads_from_outside = {
        key
        for key, spec in own.items()
        if not reads[key] or any(dep.asset_key not in own and dep.asset_key.path[-1] not in seeds for dep in spec.deps)
    }
    return [
        own[key].replace_attributes(
            deps=[dg.AssetDep(one) for one in (*reads[key], *(first if key in reads_from_outside else ()))]
        )
        for key in TopologicalSorter(reads).static_order()
    ]


def _phase(
    name: str, folders: tuple[str, ...], prefix: str, first: Sequence[dg.AssetKey], run: Any
) -> dg.AssetsDefinition:
    specs = _specs(folders, prefix, first)

    @dg.multi_asset(name=name, specs=specs)
    def _assets(context: dg.AssetExecutionContext, locked_home: LockedHomeResource) -> Iterator[dg.MaterializeResult]:
        with retry_transient_failures(context):
            result = run(locked_home.open(), log=steps_log().info)
        # Dagster refuses an asset that is yielded before one that it reads.
        for key in [spec.key for spec in specs if spec.key in context.selected_asset_keys]:
            yield dg.MaterializeResult(asset_key=key, metadata=result.of_model(key.path[-1]))

    return _assets


@dg.definitions
def warehouse_definitions() -> dg.Definitions:
    return dg.Definitions(
        assets=[
            _phase("build_counts", COUNTS, "counts", [dg.AssetKey("gathered")], refresh.build_counts),
            _phase(
                "build_restricted_indicators",
                INDICATORS,
                "restricted",
                [COUNTS_MART, RECORDS],
                partial(refresh.build_indicators, which="restricted"),
            ),
            _phase(
                "build_public_indicators",
                INDICATORS,
                "public",
                [dg.AssetKey("protected_cells"), RECORDS],
                partial(refresh.build_indicators, which="protected"),
            ),
        ]
    )
