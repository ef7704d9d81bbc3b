"""The gathered tables, which dbt reads in addition to the facts. Not partitioned; their check runs right before dbt."""

import dagster as dg

from pipelines import refresh
from pipelines.declarations.registry import load
from pipelines.defs.home import LockedHomeResource
from pipelines.defs.step_report import SECRETARIAT, report_step
from pipelines.runs.step_queue import STEP_OF_SERVICES


@dg.asset(
    group_name="gathered",
    owners=[SECRETARIAT],
    deps=[dg.AssetKey(["returns", code]) for code in load().without_training().territories],
    check_specs=[
        dg.AssetCheckSpec(
            "facts_match_ledger",
            asset="gathered",
            blocking=True,
            description="The facts of every approved submission are byte for byte those that were approved.",
        )
    ],
    kinds={"polars", "parquet"},
    op_tags=STEP_OF_SERVICES,
    description=(
        "The ledger, the territories' declarations and the figures that others published, exported as Parquet for the "
        "model. Truth about returns stays in the ledger."
    ),
)
def gathered(context: dg.AssetExecutionContext, locked_home: LockedHomeResource) -> dg.MaterializeResult:
    with report_step(context) as step:
        result = refresh.gather_tables(locked_home.open(), log=step.write_line)
    return dg.MaterializeResult(
        metadata=step.add_seconds(result.as_metadata()),
        check_results=[
            dg.AssetCheckResult(
                check_name="facts_match_ledger",
                passed=not result.unmatched,
                description=result.describe_unmatched() or None,
                metadata={"unmatched": result.describe_unmatched() or "none"},
            )
        ],
    )
