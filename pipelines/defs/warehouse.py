"""dbt's models as assets: phase `counts` on restricted facts, phase `indicators` on restricted and on protected counts.

dagster-dbt's own resource starts a process a phase; here the specs come from the manifest and one warm dbt runs them.
"""

from collections.abc import Iterator, Sequence
from functools import partial
from typing import Any

import dagster as dg
from dagster_dbt import DagsterDbtTranslator, build_dbt_asset_specs

from pipelines import refresh, warehouse
from pipelines.defs.home import HomeResource

COUNTS_MART = dg.AssetKey(["counts", "mart_count"])
INDICATOR_MARTS = [dg.AssetKey(["public", "mart_indicator"]), dg.AssetKey(["public", "mart_pipeline"])]


class _Prefixed(DagsterDbtTranslator):
    """The same models stand once under each prefix, since the indicators run over two inputs."""

    def __init__(self, prefix: str) -> None:
        super().__init__()
        self.prefix = prefix

    def get_asset_key(self, dbt_resource_props: Any) -> dg.AssetKey:
        return dg.AssetKey([self.prefix, dbt_resource_props["name"]])

    def get_group_name(self, dbt_resource_props: Any) -> str:
        return self.prefix


def _specs(selector: str, prefix: str, first: dg.AssetKey) -> Sequence[dg.AssetSpec]:
    """Specs of one phase; what the phase reads from outside is replaced by the asset that makes it."""
    specs = build_dbt_asset_specs(
        manifest=warehouse.manifest(),
        dagster_dbt_translator=_Prefixed(prefix),
        select=f"resource_type:model,selector:{selector}",
    )
    own = {spec.key for spec in specs}
    mended = []
    for spec in specs:
        inside = [dep for dep in spec.deps if dep.asset_key in own]
        mended.append(spec.replace_attributes(deps=inside or [dg.AssetDep(first)]))
    return mended


def _phase(name: str, selector: str, prefix: str, first: dg.AssetKey, run: Any) -> dg.AssetsDefinition:
    @dg.multi_asset(name=name, specs=_specs(selector, prefix, first))
    def _assets(context: dg.AssetExecutionContext, home: HomeResource) -> Iterator[dg.MaterializeResult]:
        result = run(home.open(), log=context.log.info)
        for key in sorted(context.selected_asset_keys):
            yield dg.MaterializeResult(asset_key=key, metadata=result.of_model(key.path[-1]))

    return _assets


@dg.definitions
def warehouse_definitions() -> dg.Definitions:
    return dg.Definitions(
        assets=[
            _phase("build_counts", "counts", "counts", dg.AssetKey("gathered"), refresh.build_counts),
            _phase(
                "build_restricted_indicators",
                "indicators",
                "restricted",
                COUNTS_MART,
                partial(refresh.build_indicators, which="restricted"),
            ),
            _phase(
                "build_public_indicators",
                "indicators",
                "public",
                dg.AssetKey("protected_cells"),
                partial(refresh.build_indicators, which="protected"),
            ),
        ]
    )
