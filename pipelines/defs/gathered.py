"""The gathered tables: what dbt reads beside the facts. Unpartitioned, and the last wall of checks before the model."""

import dagster as dg

from pipelines import refresh
from pipelines.defs.home import HomeResource
from pipelines.defs.returns import RETRY
from pipelines.returns.registry import load
from pipelines.run import steps_log


@dg.asset(
    group_name="gathered",
    deps=[dg.AssetKey(["returns", code]) for code in load().national().territories],
    check_specs=[
        dg.AssetCheckSpec(
            "facts_match_ledger",
            asset="gathered",
            blocking=True,
            description="Every approved submission has its facts, and there are no facts without an approved one.",
        )
    ],
    kinds={"polars", "parquet"},
    description=(
        "The ledger, the territories' declarations and the figures that others published, exported as Parquet for the "
        "model. Truth about returns stays in the ledger."
    ),
    retry_policy=RETRY,
)
def gathered(context: dg.AssetExecutionContext, home: HomeResource) -> dg.MaterializeResult:
    result = refresh.gather(home.open(), log=steps_log().info)
    return dg.MaterializeResult(
        metadata=result.as_metadata(),
        check_results=[
            dg.AssetCheckResult(
                check_name="facts_match_ledger",
                passed=not result.unmatched,
                metadata={"unmatched": ", ".join(result.unmatched) or "none"},
            )
        ],
    )
