"""The refresh job, its quarterly schedule, and the sensor that follows the ledger.

`rti refresh` runs the same job in-process.  The schedule fires when the last deadline of a quarter has passed; the
sensor requests one run for new events in the ledger, on the quarters and the assets of the territories concerned and
on all downstream assets.
"""

from collections.abc import Iterator
from datetime import timedelta

import dagster as dg

from pipelines import refresh
from pipelines.declarations.territory import RELEASE_DAYS
from pipelines.defs.home import HomeResource
from pipelines.defs.partitions import tag_range
from pipelines.model.periods import Period
from pipelines.refresh import EVERY_QUARTER, QuarterRange, embargo
from pipelines.runs.instance import EXCLUSIVE_TAG


def _quarterly_cron() -> str:
    """Return four in the morning of the first day of a month by which the release day of each quarter has come."""
    days = [Period.from_code(f"2025-Q{number}").end + timedelta(days=RELEASE_DAYS["Q"]) for number in (1, 2, 3, 4)]
    months = ",".join(str(month) for month in sorted(day.month for day in days))
    return f"0 4 {max(day.day for day in days)} {months} *"


JOB = dg.define_asset_job(
    "refresh",
    # A retried run repeats every step: steps with unchanged input cost nothing.
    tags={EXCLUSIVE_TAG: "refresh", "dagster/retry_strategy": "ALL_STEPS"},
    selection=dg.AssetSelection.all(),
    description="Everything between arrived files and the draft of a release. Nothing new means no work.",
)


@dg.schedule(
    job=JOB,
    default_status=dg.DefaultScheduleStatus.RUNNING,
    cron_schedule=_quarterly_cron(),
    execution_timezone="Europe/Belgrade",
    description=(
        f"Each quarter, when the release day has come ({RELEASE_DAYS['Q']} days after the quarter's end). Each "
        "territory's own deadlines are in its territory.yml and are shown in the run's metadata."
    ),
)
def quarterly_refresh(context: dg.ScheduleEvaluationContext) -> dg.RunRequest:
    return dg.RunRequest(
        run_key=context.scheduled_execution_time.strftime("%Y-%m-%d"),
        tags={
            **tag_range(EVERY_QUARTER),
            **refresh.list_passed_deadlines(context.scheduled_execution_time.date()),
        },
    )


@dg.sensor(
    job=JOB,
    default_status=dg.DefaultSensorStatus.RUNNING,
    minimum_interval_seconds=30,
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
    )
    context.update_cursor(str(news.last_event))


@dg.sensor(
    job=JOB,
    default_status=dg.DefaultSensorStatus.RUNNING,
    minimum_interval_seconds=30,
    description="Publishes the approved release at its announced minute, where `rti serve` does not run.",
)
def announced_release(context: dg.SensorEvaluationContext, home: HomeResource) -> dg.SkipReason:
    release = embargo.publish_due(home.open(), log=context.log.info)
    return dg.SkipReason(f"{release} was published" if release else "no approved release is due")


@dg.definitions
def job_definitions() -> dg.Definitions:
    return dg.Definitions(jobs=[JOB], schedules=[quarterly_refresh], sensors=[ledger_events, announced_release])
