"""The protected programme and the draft of the next release. Publishing is a separate step: `rti publish`."""

import dagster as dg

from pipelines import refresh
from pipelines.defs.home import LockedHomeResource
from pipelines.defs.step_report import LAST, SECRETARIAT, report_step
from pipelines.defs.warehouse import COUNTS_MART, INDICATOR_MARTS, RECORDS


@dg.asset(
    group_name="release",
    owners=[SECRETARIAT],
    deps=[COUNTS_MART, RECORDS],
    kinds={"python", "parquet"},
    check_specs=[
        dg.AssetCheckSpec(
            "nothing_disclosed",
            asset="protected_cells",
            blocking=True,
            description="An intruder with the published cells alone can pin down no hidden count.",
        )
    ],
    description=(
        "The cells of the declared programme with small counts hidden, and with further cells hidden so that no hidden "
        "one can be worked out from totals."
    ),
)
def protected_cells(context: dg.AssetExecutionContext, locked_home: LockedHomeResource) -> dg.MaterializeResult:
    with report_step(context) as step:
        result = refresh.protect_cells(locked_home.open(), log=step.write_line)
    return dg.MaterializeResult(
        metadata=step.add_seconds(result.as_metadata()),
        check_results=[
            dg.AssetCheckResult(
                check_name="nothing_disclosed", passed=result.safe, metadata={"risk": result.describe_risk()}
            )
        ],
    )


@dg.asset(
    group_name="release",
    owners=[SECRETARIAT],
    deps=["protected_cells", *INDICATOR_MARTS],
    kinds={"duckdb", "parquet", "csv"},
    op_tags=LAST,
    description="A complete release, built aside. It becomes public only when somebody publishes it.",
)
def release_draft(context: dg.AssetExecutionContext, locked_home: LockedHomeResource) -> dg.MaterializeResult:
    with report_step(context) as step:
        result = refresh.draft_release(locked_home.open(), log=step.write_line)
    return dg.MaterializeResult(metadata=step.add_seconds(result.as_metadata()))
