"""Quality, revisions and coherence of the newest counts, for the offices and the steward."""

import dagster as dg

from pipelines import measuring
from pipelines.defs.home import HomeResource
from pipelines.defs.warehouse import COUNTS_MART
from pipelines.run import steps_log


@dg.asset(
    group_name="counts",
    deps=[COUNTS_MART],
    kinds={"python", "parquet"},
    description=(
        "Completeness, timeliness, punctuality, comparability over time, revision and coherence, measured; every pair "
        "of sources with its difference and the declared reasons of it."
    ),
)
def measured_quality(home: HomeResource) -> dg.MaterializeResult:
    return dg.MaterializeResult(metadata=measuring.measure(home.open(), log=steps_log().info).as_metadata())
