"""Publish the approved release at its announced minute, where `rti serve` does not do so.

The job has the quarter of the release as its partition, so that Dagster shows which quarter a run was for. It publishes
only an approved draft of that quarter whose minute has come. A run for another quarter, or a second one, does nothing.
"""

from collections.abc import Iterator

import dagster as dg

from pipelines.core import clock
from pipelines.defs.home import HomeResource, LockedHomeResource
from pipelines.defs.partitions import QUARTERS, find_nearest_key
from pipelines.defs.step_report import write_line
from pipelines.model.periods import Period
from pipelines.refresh import embargo
from pipelines.runs.instance import EXCLUSIVE_TAG
from pipelines.runs.release_watch import publish_due_or_report

PUBLISH = "publish_announced"
_DESCRIPTION = "Publishes the approved release at its announced minute."


@dg.op(description=_DESCRIPTION)
def publish_of_quarter(context: dg.OpExecutionContext, locked_home: LockedHomeResource) -> None:
    home = locked_home.open()
    approval = embargo.read_approval(home)
    release = None
    if approval is not None and _find_partition(approval) == context.partition_key:
        release = publish_due_or_report(home, log=lambda line: write_line(context, line))
    write_line(context, f"{release} is published" if release else "no approved release of this quarter is due")
    context.add_output_metadata({"release": release or "none"})


@dg.job(
    name=PUBLISH,
    partitions_def=QUARTERS,
    description=_DESCRIPTION,
    executor_def=dg.in_process_executor,
    # It waits for a refresh that runs, and goes before those that wait.
    tags={EXCLUSIVE_TAG: "publish", "dagster/priority": "10"},
)
def publish_job() -> None:
    publish_of_quarter()


@dg.sensor(
    job=publish_job,
    default_status=dg.DefaultSensorStatus.RUNNING,
    minimum_interval_seconds=30,
    description="Starts the publication of the approved release at its announced minute.",
)
def announced_release(_: dg.SensorEvaluationContext, home: HomeResource) -> Iterator[dg.RunRequest | dg.SkipReason]:
    approval = embargo.read_approval(home.open())
    if approval is None or not approval.is_due:
        yield dg.SkipReason("no approved release is due")
        return
    # Dagster starts one run for each key, so that a publication that failed is tried again after ten minutes.
    now = clock.now()
    key = f"{PUBLISH}-{approval.release}-{approval.at}-{now:%Y%m%d%H}{now.minute // 10}"
    yield dg.RunRequest(run_key=key, partition_key=_find_partition(approval))


def _find_partition(approval: embargo.Approval) -> str:
    """Return the partition of the quarter of a release, of which `2026-Q3.1` is a corrected edition."""
    return find_nearest_key(Period.from_code(approval.release.partition(".")[0]))


@dg.definitions
def publication_definitions() -> dg.Definitions:
    return dg.Definitions(jobs=[publish_job], sensors=[announced_release])
