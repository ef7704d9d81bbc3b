"""Quality, revisions and coherence of the newest counts, for the offices and the steward."""

import dagster as dg

from pipelines.defs.home import LockedHomeResource
from pipelines.defs.retries import retry_transient_failures
from pipelines.defs.warehouse import COUNTS_MART
from pipelines.refresh import measuring
from pipelines.runs.step_log import steps_log


@dg.asset(
    group_name="counts",
    deps=[COUNTS_MART],
    kinds={"python", "parquet"},
    description=(
        "Completeness, timeliness, punctuality, comparability over time, revision and coherence, measured; every pair "
        "of sources with its difference and the declared reasons of it."
    ),
)
def measured_quality(context: dg.AssetExecutionContext, locked_home: LockedHomeResource) -> dg.MaterializeResult:
    with retry_transient_failures(context):
        result = measuring.measure_quality(locked_home.open(), log=steps_log().info)
    return dg.MaterializeResult(metadata=result.as_metadata())
