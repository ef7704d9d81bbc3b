"""One asset for each territory: its returns, checked and, if accepted, written as facts. Partitions are quarters.

An annual return belongs to the partition of its last quarter.  The check on each asset warns and never blocks:
a refused return does not reach the gathered tables, so an error of one office does not delay the others.
"""

from datetime import timedelta

import dagster as dg

from pipelines import refresh
from pipelines.declarations.registry import load
from pipelines.declarations.territory import Name
from pipelines.defs.home import LockedHomeResource
from pipelines.defs.periods import QUARTERS
from pipelines.defs.retries import retry_transient_failures
from pipelines.runs.step_log import steps_log


def english_name(names: tuple[Name, ...]) -> str:
    """Return the English display name."""
    return next(n.name for n in names if n.language == "en" and not n.accepted_only)


def returns_asset(code: str, name: str) -> dg.AssetsDefinition:
    """Return the asset of one territory with its check, which runs in the same step."""

    @dg.asset(
        key=dg.AssetKey(["returns", code]),
        group_name="returns",
        partitions_def=QUARTERS,
        backfill_policy=dg.BackfillPolicy.single_run(),
        deps=[dg.AssetKey("arrivals")],
        check_specs=[
            dg.AssetCheckSpec(
                "accepted_without_error",
                asset=dg.AssetKey(["returns", code]),
                description="No return of this territory was refused. A refused one holds up nobody else.",
            )
        ],
        kinds={"polars", "greatexpectations"},
        description=(
            f"The returns of {name}: each file is read in a process of its own, brought to the common standard by its "
            "office's declared form, checked against its history, and kept as facts once a second person has approved "
            "it."
        ),
        freshness_policy=dg.FreshnessPolicy.time_window(
            fail_window=timedelta(days=100), warn_window=timedelta(days=95)
        ),
        tags={"territory": code},
    )
    def _returns(context: dg.AssetExecutionContext, locked_home: LockedHomeResource) -> dg.MaterializeResult:
        with retry_transient_failures(context):
            intake = refresh.take_in(locked_home.open(), code, log=steps_log().info)
        return dg.MaterializeResult(
            metadata=intake.as_metadata(),
            check_results=[
                dg.AssetCheckResult(
                    check_name="accepted_without_error",
                    passed=not intake.refused,
                    severity=dg.AssetCheckSeverity.WARN,
                    metadata={"refused": intake.describe_refusals() or "none"},
                )
            ],
        )

    return _returns


@dg.asset(
    group_name="returns",
    description=(
        "Files that have come in and wait for their check. In a demonstration home these are the invented returns of "
        "raw_samples/, in the order and at the times of arrivals.csv; in a real home offices use `rti submit`."
    ),
    kinds={"file"},
)
def arrivals(context: dg.AssetExecutionContext, locked_home: LockedHomeResource) -> dg.MaterializeResult:
    with retry_transient_failures(context):
        arrived = refresh.enter_arrivals(locked_home.open(), log=steps_log().info)
    return dg.MaterializeResult(metadata={"new submissions": arrived})


@dg.asset(
    group_name="returns",
    deps=[dg.AssetKey(["returns", code]) for code in load().without_training().territories],
    description="Great Expectations' own pages on what this run judged: every suite, every expectation, every failure.",
    kinds={"greatexpectations"},
)
def data_docs(context: dg.AssetExecutionContext, locked_home: LockedHomeResource) -> dg.MaterializeResult:
    with retry_transient_failures(context):
        data_docs_step = refresh.build_data_docs(locked_home.open(), log=steps_log().info)
    return dg.MaterializeResult(metadata={"new": data_docs_step.new, "index": str(data_docs_step.path or "")})


@dg.definitions
def returns_definitions() -> dg.Definitions:
    return dg.Definitions(
        assets=[
            arrivals,
            data_docs,
            *(
                returns_asset(code, english_name(territory.names))
                for code, territory in load().without_training().territories.items()
            ),
        ]
    )
