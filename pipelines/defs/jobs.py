"""The refresh job, and the sensor that follows the ledger.

`rti refresh` runs the same job in-process.  The sensor requests one run for new events in the ledger, on the quarters
and the assets of the territories concerned and on all downstream assets.  The days of a quarter are in `quarter.py`,
the publication at the announced minute in `publication.py`.
"""

from collections.abc import Iterator

import dagster as dg

from pipelines import refresh
from pipelines.defs.home import HomeResource
from pipelines.defs.partitions import tag_range
from pipelines.refresh import EVERY_QUARTER, QuarterRange
from pipelines.runs.instance import EXCLUSIVE_TAG

JOB = dg.define_asset_job(
    "refresh",
    # A retried run repeats every step: steps with unchanged input cost nothing.
    tags={EXCLUSIVE_TAG: "refresh", "dagster/retry_strategy": "ALL_STEPS"},
    selection=dg.AssetSelection.all(),
    description="Everything between arrived files and the draft of a release. Nothing new means no work.",
)


_SHORT_LOG = {"loggers": {"console": {"config": {"log_level": "INFO"}}}}
"""The instance keeps every event of a run; the log of the code server has the lines of its steps only."""


@dg.sensor(
    job=JOB,
    default_status=dg.DefaultSensorStatus.RUNNING,
    minimum_interval_seconds=5,  # as often as the daemon looks at any sensor
    description="Follows the ledger: one run for all new events of a tick.",
)
def ledger_events(context: dg.SensorEvaluationContext, home: HomeResource) -> Iterator[dg.RunRequest | dg.SkipReason]:
    news = refresh.find_news(home.open(), after=int(context.cursor or 0))
    if not news.territories:
        yield dg.SkipReason("no new event in the ledger")
        return
    quarters = QuarterRange(news.quarters[0], news.quarters[-1]) if news.quarters else EVERY_QUARTER
    context.log.info(f"new events for {', '.join(news.territories)}, {quarters}")
    touched = dg.AssetSelection.assets(*(dg.AssetKey(["returns", code]) for code in news.territories))
    yield dg.RunRequest(
        run_key=f"ledger-{news.last_event}",
        asset_selection=list(touched.downstream().resolve(context.repository_def.asset_graph))
        if context.repository_def
        else None,
        tags=tag_range(quarters),
        run_config=_SHORT_LOG,
    )
    context.update_cursor(str(news.last_event))


@dg.definitions
def job_definitions() -> dg.Definitions:
    return dg.Definitions(jobs=[JOB], sensors=[ledger_events])
