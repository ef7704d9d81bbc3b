"""The sensor that reports failed runs to the stewards, including runs started on the command line."""

import dagster as dg

from pipelines.defs.home import HomeResource
from pipelines.defs.publication import PUBLISH
from pipelines.runs.recovery import describe_failure
from pipelines.runs.reports import report_failed_run


@dg.run_failure_sensor(
    default_status=dg.DefaultSensorStatus.RUNNING,
    monitor_all_code_locations=True,
    description="One log line and one notice to each steward for every failed run, once for each run and cause.",
)
def failed_runs(context: dg.RunFailureSensorContext, home: HomeResource) -> None:
    failed, _ = describe_failure(context.instance, context.dagster_run)
    if failed.job == PUBLISH and failed.step:
        return  # the step itself has reported it, by the name of the release
    report_failed_run(home.open(), failed)


@dg.definitions
def failure_definitions() -> dg.Definitions:
    return dg.Definitions(sensors=[failed_runs])
