"""dbt's models as assets: phase `counts` on restricted facts, phase `indicators` on restricted and on protected counts.

dagster-dbt's own resource starts one process for each phase; here its specs are read (`dbt_specs.py`), and both phases
run in one dbt that stays loaded.  dbt's tests are checks of the assets (`dbt_checks.py`).
"""

from collections.abc import Iterator, Mapping, Sequence
from functools import partial
from graphlib import TopologicalSorter
from typing import Any

import dagster as dg

from pipelines import refresh
from pipelines.defs import dbt_checks
from pipelines.defs.dbt_specs import read_manifest, read_specs
from pipelines.defs.home import LockedHomeResource
from pipelines.defs.step_report import AFTER_DRAFT_MARTS, SECRETARIAT, report_step
from pipelines.warehouse import dbt_runner

COUNTS = ("staging", "facts", "intermediate", "marts")
INDICATORS = ("indicators",)
COUNTS_MART = dg.AssetKey(["counts", "mart_count"])
CODE_LISTS = dg.AssetSpec(
    ["counts", dbt_checks.CODE_LISTS],
    group_name="counts",
    kinds={"dbt", "duckdb", "csv"},
    owners=[SECRETARIAT],
    description="The code lists that all territories share, loaded from `dbt_project/seeds`.",
)
RECORDS = dg.AssetKey("case_record_figures")
INDICATOR_MARTS = [dg.AssetKey(["public", "mart_indicator"]), dg.AssetKey(["public", "mart_pipeline"])]


def _list_specs(folders: tuple[str, ...], prefix: str, first: Sequence[dg.AssetKey]) -> Sequence[dg.AssetSpec]:
    """Return the specs of the models of one phase, each after those it reads, with `prefix` before their keys.

    The indicator models run on two inputs and so exist twice, with two prefixes. A model that reads from outside the
    phase depends on the assets `first` instead.
    """
    nodes = read_manifest()["nodes"].values()
    keys = sorted(
        dg.AssetKey(node["name"])
        for node in nodes
        if node["resource_type"] == "model" and node["original_file_path"].split("/")[1] in folders
    )
    seeds = {dg.AssetKey(node["name"]) for node in nodes if node["resource_type"] == "seed"}
    depends_on = {key: [dep.asset_key for dep in read_specs()[key].deps] for key in keys}
    reads = {key: [upstream for upstream in depends_on[key] if upstream in depends_on] for key in keys}
    reads_from_outside = {
        key
        for key in keys
        if not reads[key] or any(upstream not in depends_on and upstream not in seeds for upstream in depends_on[key])
    }
    model_specs = [
        read_specs()[key].replace_attributes(
            key=key.with_prefix(prefix),
            deps=[
                *(upstream.with_prefix(prefix) for upstream in reads[key]),
                *(first if key in reads_from_outside else ()),
            ],
            group_name=prefix,
            owners=[SECRETARIAT],
        )
        for key in TopologicalSorter(reads).static_order()
    ]
    return [CODE_LISTS, *model_specs] if folders == COUNTS else model_specs


def _make_phase_asset(
    name: str,
    folders: tuple[str, ...],
    prefix: str,
    first: Sequence[dg.AssetKey],
    run: Any,
    op_tags: Mapping[str, str] | None = None,
) -> dg.AssetsDefinition:
    specs = _list_specs(folders, prefix, first)
    check_specs = dbt_checks.list_check_specs(
        read_manifest(), [spec.key for spec in specs], is_last_phase=folders == INDICATORS
    )

    # With `can_subset`, a check without a result does not fail the step: builds of earlier versions have no results.
    @dg.multi_asset(name=name, specs=specs, check_specs=check_specs, can_subset=True, op_tags=op_tags)
    def _assets(
        context: dg.AssetExecutionContext, locked_home: LockedHomeResource
    ) -> Iterator[dg.MaterializeResult | dg.AssetCheckResult]:
        try:
            with report_step(context) as step:
                result = run(locked_home.open(), log=step.write_line)
        except dbt_runner.WarehouseError as error:
            yield from dbt_checks.report_tests(error.tests, context.selected_asset_check_keys)
            raise
        # Dagster rejects an asset that is yielded before one of its dependencies.
        for key in [spec.key for spec in specs if spec.key in context.selected_asset_keys]:
            yield dg.MaterializeResult(asset_key=key, metadata=result.model_metadata(key.path[-1]))
        yield from dbt_checks.report_tests(result.tests, context.selected_asset_check_keys)

    return _assets


@dg.definitions
def warehouse_definitions() -> dg.Definitions:
    return dg.Definitions(
        assets=[
            _make_phase_asset("build_counts", COUNTS, "counts", [dg.AssetKey("gathered")], refresh.build_counts),
            _make_phase_asset(
                "build_restricted_indicators",
                INDICATORS,
                "restricted",
                [COUNTS_MART, RECORDS],
                partial(refresh.build_indicators, which="restricted"),
                AFTER_DRAFT_MARTS,
            ),
            _make_phase_asset(
                "build_public_indicators",
                INDICATORS,
                "public",
                [dg.AssetKey("protected_cells"), RECORDS],
                partial(refresh.build_indicators, which="protected"),
            ),
        ]
    )
