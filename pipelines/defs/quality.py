"""Quality, revisions and coherence of the newest counts, for the offices and the steward."""

import dagster as dg

from pipelines.defs.home import LockedHomeResource
from pipelines.defs.step_report import AFTER_DRAFT_MARTS, SECRETARIAT, report_step
from pipelines.defs.warehouse import COUNTS_MART
from pipelines.refresh import measuring


@dg.asset(
    group_name="counts",
    owners=[SECRETARIAT],
    deps=[COUNTS_MART],
    kinds={"python", "parquet"},
    op_tags=AFTER_DRAFT_MARTS,
    description=(
        "Completeness, timeliness, punctuality, comparability over time, revision and coherence, measured; every pair "
        "of sources with its difference and the declared reasons of it."
    ),
)
def measured_quality(context: dg.AssetExecutionContext, locked_home: LockedHomeResource) -> dg.MaterializeResult:
    with report_step(context) as step:
        result = measuring.measure_quality(locked_home.open(), log=step.write_line)
    return dg.MaterializeResult(metadata=step.add_seconds(result.as_metadata()))
